"""What the person is told: in their language, in their way, once, and cheap enough for an SMS."""

import pytest
from django.utils import timezone, translation

from mitoyen.ledger import gsm7
from mitoyen.ledger.enums import NoticeState
from mitoyen.ledger.models import Notice
from mitoyen.services import codes, telling, timeline, wording
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, Way
from mitoyen.services.models import Fact, Handler
from tests.services.conftest import MARIE, report

BY = "clerk@example.org"
DETAILS = {
    FactKind.REFUSED: {"reason": "off_topic"},
    FactKind.PASSED_ON: {"to": "green_spaces"},
    FactKind.MOVED: {"to": "49271"},
    FactKind.APPOINTMENT: {"when": "mercredi 25 novembre à 09:00", "where": "Maison France services, Angers"},
}


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (Way.SMS, "+33612345678"),
        (Way.MAIL, "marie@exemple.fr"),
        (Way.PHONE, "+33241000000"),
        (Way.LETTER, "3 rue des Ponts\n49000 Angers"),
    ],
)
def test_each_is_told_in_their_own_way(communes, way, value):
    request = report(reach=Reach(way, value, "Marie"))
    notice = Notice.objects.get()
    assert (notice.way, notice.to, notice.name, notice.about) == (way, value, "Marie", f"request:{request.code}")
    assert codes.shown(request.code) in notice.subject
    assert f"{request.promised_for:%d/%m/%Y}" in notice.body


def test_who_follows_with_the_code_alone_is_told_nothing(communes):
    timeline.close(report(), "C’est fait.", BY)
    report(reach=Reach(name="Marie"))
    assert not Notice.objects.exists()


def test_in_their_own_language_whatever_the_agents_speak(communes):
    with translation.override("en"):
        report(reach=MARIE)
    with translation.override("fr"):
        report(reach=MARIE, language="en")
    french, english = Notice.objects.order_by("pk")
    assert "Nous l'avons reçue".replace("ç", "c") in french.body
    assert "We received it" in english.body


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("kind", sorted(telling.TOLD))
def test_every_sentence_of_ours_fits_two_short_messages_of_the_cheap_alphabet(communes, kind, language):
    request = report(language=language)
    with translation.override(language):
        fact = Fact(request=request, kind=kind, at=timezone.now(), detail=DETAILS.get(FactKind(kind), {}))
        body = gsm7.plain(f"Votre demande {codes.shown(request.code)}. {wording.sentence(fact, request)}")
    cost = gsm7.cost(body)
    assert not cost.ucs2, f"{cost.forced_by} in {body}"
    assert cost.parts <= 2


def test_a_fact_is_told_once_however_often_it_is_said(communes):
    request = report(reach=MARIE)
    fact = request.facts.get()
    telling.tell(request, fact)
    telling.tell(request, fact)
    assert Notice.objects.count() == 1


def test_each_recipient_has_a_delivery_of_its_own(communes):
    Handler.objects.create(team="roads", email="roads@example.org")
    report(reach=MARIE)
    person, team = Notice.objects.get(to=MARIE.value), Notice.objects.get(to="roads@example.org")
    from mitoyen.ledger import outbox

    outbox.failed(person, "Unknown number")
    team.refresh_from_db()
    assert team.state == NoticeState.QUEUED


def test_a_team_never_reads_who_asked(communes):
    Handler.objects.create(team="roads", email="roads@example.org")
    report(reach=MARIE)
    body = Notice.objects.get(to="roads@example.org").body
    assert "Un trou devant le 3." in body
    for secret in ("Dupont", "612345678", "06 12"):
        assert secret not in body


def test_undone_with_what_it_tells(communes):
    from django.db import transaction

    request = report(reach=MARIE)
    with transaction.atomic():
        timeline.answer(request, "Bonjour.", BY)
        transaction.set_rollback(True)
    assert Notice.objects.count() == 1


def test_answers_are_shown_as_people_write_them(communes):
    request = report(service="judge_service", raw={"service": "waste", "rating": "4"}, spot=None)
    other = report()
    request.answers["code"] = other.code
    with translation.override("fr"):
        told = dict(wording.answers(request))
    assert codes.shown(other.code) in told.values()
    assert "4 sur 5" in told.values()
    assert wording.SHOWN["date"]("2026-11-25") == "25/11/2026"
    with translation.override("fr"):
        assert [wording.SHOWN["number"](value) for value in (3.0, 12.5)] == ["3", "12,5"]


def test_a_service_that_is_no_longer_installed_breaks_no_page(communes):
    request = report(reach=MARIE)
    request.service = "gone"
    assert wording.title(request) == "gone"
    assert wording.team(request) == "roads"
    assert wording.public_answers(request) == []
    assert ("words", "Un trou devant le 3.") in wording.answers(request)


def test_every_kind_of_fact_has_a_sentence(communes):
    request = report()
    for kind in FactKind:
        assert wording.sentence(Fact(request=request, kind=kind, at=timezone.now(), detail={}), request)


def test_the_log_of_moderation_tells_the_reason_and_never_the_words(communes):
    request = report(Channel.WEB)
    fact = timeline.refuse(request, "insult", "M. Durand insulte.", BY)
    assert "Durand" not in wording.moderated(fact)
