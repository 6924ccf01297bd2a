"""Erasing at the desk: what is due, what was erased, and everything of a person at once when they ask for it."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from mitoyen.ledger.models import Notice
from mitoyen.manifests.registry import services
from mitoyen.services import timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, Way
from mitoyen.services.erasing import acts
from mitoyen.services.models import Contact, Fact, Request
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.enums import RoleName
from tests.www.desk.conftest import person, report

MARIE = Reach(Way.SMS, "+33612345678", "Marie Dupont")


@pytest.fixture
def officer(desk):
    """The data protection officer of the whole territory."""
    return person("dpo@example.org", (RoleName.DATA_PROTECTION_OFFICER, None))


def text(answer):
    return " ".join(answer.content.decode().replace("\xa0", " ").replace("\u202f", " ").split())


def act(client, request, **form):
    return client.post(reverse("desk:request-act", args=[request.pk]), {"act": "erase", **form})


def old(request):
    timeline.close(request, "C’est fait.", "clerk@example.org")
    Request.objects.filter(pk=request.pk).update(closed_at=timezone.now() - dt.timedelta(days=1000))
    return request


def asking(right="erase", code=""):
    raw = {"right": right, "code": code}
    return receive(
        Submission(services.installed()["my_data"], Channel.PHONE, raw, reach=MARIE, taken_by="c@example.org")
    )


def test_the_officer_sees_what_is_due_and_then_what_was_erased_with_its_proof(desk, officer, sign_in):
    old(report("Un trou.", desk.angers, reach=MARIE))
    client, address = sign_in(officer), reverse("desk:erasing")
    page = text(client.get(address))
    assert "Signaler un problème" in page
    assert "qui a demandé" in page
    done = acts.erase_due("mitoyen run")
    page = text(client.get(address))
    assert "Rien n’est à effacer" in page
    assert "1 demande : 1 coordonnées" in page
    assert "Dupont" not in page
    assert "La preuve tient" in text(client.get(address, {"lot": done.lots[0]}))
    Fact.objects.filter(kind=FactKind.ERASED).update(at=timezone.now())
    assert "La preuve ne tient pas" in text(client.get(address, {"lot": done.lots[0]}))


def test_of_a_commune_one_sees_what_is_due_there(desk, sign_in):
    old(report("Un trou.", desk.angers, reach=MARIE))
    there = person("dpo.trelaze@example.org", (RoleName.DATA_PROTECTION_OFFICER, desk.trelaze))
    assert "Rien n’est à effacer" in text(sign_in(there).get(reverse("desk:erasing")))


def test_whoever_asks_has_all_of_theirs_erased_by_one_button_once_that_is_sure(desk, officer, sign_in):
    mine, other = report("Un trou.", desk.angers, reach=MARIE), report("Un autre.", desk.trelaze)
    request = asking(code=other.code)
    client = sign_in(officer)
    page = text(client.get(reverse("desk:request", args=[request.pk])))
    assert mine.code in page
    assert other.code in page
    assert act(client, request).status_code == 422
    assert Contact.objects.filter(request=mine).exists()
    assert act(client, request, sure="yes").status_code == 302
    assert not Contact.objects.filter(request=mine).exists()
    assert {one.facts.filter(kind=FactKind.ERASED).count() for one in (mine, other)} == {1}
    assert not Notice.objects.filter(about=f"request:{mine.code}").exclude(to="").exists()
    assert (
        client.post(
            reverse("desk:request-act", args=[request.pk]), {"act": "close", "words": "Tout est effacé."}
        ).status_code
        == 302
    )


def test_one_request_is_erased_at_once_too(desk, officer, sign_in):
    one, other = report("Un trou.", desk.angers, reach=MARIE), report("Un autre.", desk.angers, reach=MARIE)
    assert act(sign_in(officer), one, sure="yes").status_code == 302
    assert list(Contact.objects.values_list("request", flat=True)) == [other.pk]


def test_nobody_else_erases_and_nobody_beyond_their_commune(desk, sign_in):
    mine = report("Un trou.", desk.angers, reach=MARIE)
    for someone in (desk.clerk, desk.moderator, desk.operator):
        assert act(sign_in(someone), mine, sure="yes").status_code == 403
    here = person("dpo.angers@example.org", (RoleName.DATA_PROTECTION_OFFICER, desk.angers))
    elsewhere = report("Un autre.", desk.trelaze, reach=MARIE)
    assert act(sign_in(here), elsewhere, sure="yes").status_code == 403
    assert Contact.objects.count() == 2


def test_what_a_mail_server_said_of_an_address_is_for_those_who_may_see_the_address(desk, sign_in):
    request = report("Un trou.", desk.angers, reach=Reach(Way.MAIL, "marie@exemple.fr"))
    Notice.objects.update(error="550 <marie@exemple.fr> unknown")
    address = reverse("desk:request", args=[request.pk])
    assert "marie@exemple.fr" in text(sign_in(desk.clerk).get(address))
    assert "marie@exemple.fr" not in text(sign_in(desk.moderator).get(address))
