"""Partners and agreements at the desk: recorded, changed, ended, and told who did it."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from mitoyen.ledger.models import AuditEntry
from mitoyen.territory.models import Agreement, Partner
from mitoyen.www.desk import partners as pages

NEW = {"name": "Alter Énergies", "kind": "société d’économie mixte", "website": "https://example.org/alter"}
TERMS = {"purpose": "Publier les relevés", "shared": "Index mensuels", "starts": "2024-01-01", "ends": "2026-12-31"}


def acts():
    return list(AuditEntry.objects.order_by("number").values_list("action", "actor", "subject"))


def test_a_partner_is_recorded_and_changed_and_the_trail_says_who(desk, sign_in):
    client, before = sign_in(desk.operator), len(acts())
    answer = client.post(reverse("desk:partner-new"), NEW)
    made = Partner.objects.get(slug="alter-energies")
    assert answer.url == reverse("desk:partner", args=[made.pk])
    client.post(reverse("desk:partner-edit", args=[made.pk]), {**NEW, "name": "Alter", "kind": ""})
    made.refresh_from_db()
    assert (made.slug, made.name, made.kind, made.website) == ("alter-energies", "Alter", "", NEW["website"])
    by = desk.operator.email
    assert acts()[before:] == [("partner.recorded", by, made.slug), ("partner.changed", by, made.slug)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "!!!"}, "name"),
        ({"name": "ENEDIS"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"website": "ftp://example.org"}, "website"),
    ],
)
def test_a_wrong_partner_is_explained_beside_the_field_and_changes_no_other(desk, sign_in, wrong, field):
    before = acts()
    page = sign_in(desk.operator).post(reverse("desk:partner-new"), {**NEW, **wrong})
    assert list(page.context["form"].errors) == [field]
    assert 'id="errors"' in page.content.decode()
    assert acts() == before
    desk.organisation.refresh_from_db()
    assert (desk.organisation.name, desk.organisation.kind) == ("Enedis", "gestionnaire de réseau")


def test_an_agreement_is_recorded_and_shown_with_its_term(desk, sign_in):
    client = sign_in(desk.operator)
    answer = client.post(reverse("desk:agreement-new", args=[desk.organisation.pk]), TERMS, follow=True)
    made = desk.organisation.agreements.get(purpose="Publier les relevés")
    assert (made.data, made.starts, made.ends) == ("Index mensuels", dt.date(2024, 1, 1), dt.date(2026, 12, 31))
    assert acts()[-1] == ("agreement.recorded", desk.operator.email, "enedis")
    page = answer.content.decode()
    for said in ("Du 1er janvier 2024 au 31 décembre 2026", "Publier les relevés", "Index mensuels"):
        assert said in page.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("wrong", "field"), [({"purpose": " "}, "purpose"), ({"starts": ""}, "starts"), ({"ends": "2023-12-31"}, "ends")]
)
def test_a_wrong_agreement_is_explained_beside_the_field(desk, sign_in, wrong, field):
    page = sign_in(desk.operator).post(reverse("desk:agreement-new", args=[desk.organisation.pk]), {**TERMS, **wrong})
    assert list(page.context["form"].errors) == [field]
    assert Agreement.objects.count() == 1


def test_an_agreement_is_ended_on_a_day_never_before_its_first(desk, sign_in):
    client, address = sign_in(desk.operator), reverse("desk:agreement-end", args=[desk.agreement.pk])
    before = acts()
    refused = client.post(address, {"ends": "2023-12-31"})
    assert list(refused.context["form"].errors) == ["ends"]
    assert acts() == before
    client.post(address, {"ends": "2024-06-30"})
    desk.agreement.refresh_from_db()
    assert desk.agreement.ends == dt.date(2024, 6, 30)
    assert acts()[-1] == ("agreement.ended", desk.operator.email, "enedis")
    assert 'value="2024-06-30"' in client.get(address).content.decode()


def test_what_is_in_force_to_come_or_over_is_said_in_a_word(desk, sign_in):
    today, day = timezone.localdate(), dt.timedelta(days=1)
    Agreement.objects.all().delete()
    for starts, ends in ((today, today), (today + day, None), (today - 2 * day, today - day)):
        Agreement.objects.create(partner=desk.organisation, purpose="x", starts=starts, ends=ends)
    client = sign_in(desk.reader)
    page = client.get(reverse("desk:partner", args=[desk.organisation.pk])).content.decode()
    assert [page.count(f">{word}</span>") for word in ("en vigueur", "à venir", "terminée")] == [1, 1, 1]
    assert client.get(reverse("desk:partners")).context["rows"] == [(desk.organisation, 1)]


def test_who_only_reads_sees_no_button(desk, sign_in):
    for page in (reverse("desk:partners"), reverse("desk:partner", args=[desk.organisation.pk])):
        read, managed = (sign_in(who).get(page).content.decode() for who in (desk.reader, desk.operator))
        assert "Enedis" in read
        assert 'class="button"' not in read
        assert 'class="button"' in managed


def test_partners_come_in_pages_by_name(desk, sign_in, monkeypatch):
    monkeypatch.setattr(pages, "A_PAGE", 2)
    for name in ("Alter", "Zoo"):
        Partner.objects.create(slug=name.lower(), name=name)
    client = sign_in(desk.reader)
    first = client.get(reverse("desk:partners"))
    assert [partner.name for partner, _agreements in first.context["rows"]] == ["Alter", "Enedis"]
    assert "Page suivante" in first.content.decode()
    second = client.get(reverse("desk:partners"), {"page": 2})
    assert [partner.name for partner, _agreements in second.context["rows"]] == ["Zoo"]


def test_a_website_leads_there_and_nothing_else_is_run(desk, sign_in):
    desk.organisation.website, desk.organisation.name = "https://example.org/?a=1&b=2", "<b>Enedis</b>"
    desk.organisation.save()
    page = sign_in(desk.reader).get(reverse("desk:partner", args=[desk.organisation.pk])).content.decode()
    assert 'href="https://example.org/?a=1&amp;b=2"' in page
    assert "<b>Enedis" not in page
