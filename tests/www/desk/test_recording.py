"""Actions, closed days, descriptions and swaps: recorded, wrong input kept and explained, taken back."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from mitoyen.evaluate.models import Action, Closure
from mitoyen.ledger.models import AuditEntry
from mitoyen.territory.models import Deployment

NEW = {
    "title": "Chaudière réglée",
    "kind": "setting",
    "observed_property": "gas",
    "starts": "2024-03-01",
    "cost_eur": "1 250,50",
}


def test_an_action_is_recorded_with_a_decimal_comma(desk, sign_in):
    answer = sign_in(desk.officer).post(reverse("desk:action-new", args=["ecole"]), NEW)
    assert answer.url == reverse("desk:building", args=["ecole"])
    action = Action.objects.get(title="Chaudière réglée")
    assert str(action.cost_eur) == "1250.50"
    assert action.recorded_by == desk.officer.email
    assert AuditEntry.objects.filter(action="action.record").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"title": ""}, "title"),
        ({"ends": "2024-02-01"}, "Le dernier jour vient avant le premier"),
        ({"cost_eur": "beaucoup"}, "Écrivez un nombre"),
        ({"cost_eur": "-3"}, "cost_eur"),
        ({"cost_eur": "nan"}, "Écrivez un nombre"),
        ({"cost_eur": "1e300"}, "trop élevé"),
        ({"starts": "1900-01-01"}, "doit se situer entre"),
        ({"starts": "hier"}, "jour/mois/année"),
        ({"observed_property": "gold"}, "observed_property"),
    ],
)
def test_a_wrong_action_is_explained_beside_the_field_and_keeps_what_was_typed(desk, sign_in, wrong, says):
    page = sign_in(desk.officer).post(reverse("desk:action-new", args=["ecole"]), {**NEW, **wrong}).content.decode()
    assert says in page
    assert 'id="errors"' in page
    assert 'aria-invalid="true"' in page
    assert wrong.get("title", "Chaudière réglée") in page
    assert Action.objects.count() == 1


def test_an_action_is_changed_and_the_trail_keeps_what_it_said(desk, sign_in):
    said = {**NEW, "title": "Combles isolés en laine de bois"}
    sign_in(desk.officer).post(reverse("desk:action", args=[desk.action.pk]), said)
    desk.action.refresh_from_db()
    assert desk.action.title == "Combles isolés en laine de bois"
    assert "Isolation des combles" in AuditEntry.objects.get(action="action.change").detail


def test_an_action_is_taken_back_with_a_reason(desk, sign_in):
    client = sign_in(desk.officer)
    client.post(reverse("desk:action-take-back", args=[desk.action.pk]), {"why": ""})
    assert Action.objects.filter(pk=desk.action.pk).exists()
    client.post(reverse("desk:action-take-back", args=[desk.action.pk]), {"why": "Saisie deux fois"})
    assert not Action.objects.filter(pk=desk.action.pk).exists()
    assert "Saisie deux fois" in AuditEntry.objects.get(action="action.remove").detail


def test_closed_days_are_for_places_that_one_may_decide_for(desk, sign_in):
    days = {"first": "2024-07-08", "last": "2024-08-30", "reason": "Vacances"}
    client = sign_in(desk.officer)
    assert client.post(reverse("desk:closure-new"), {**days, "where": "commune:49007"}).status_code == 302
    assert Closure.objects.filter(commune=desk.angers).exists()
    for place in ("all", f"commune:{desk.trelaze.insee}", "thing:nowhere"):
        assert client.post(reverse("desk:closure-new"), {**days, "where": place}).status_code == 200
    assert Closure.objects.count() == 2


def test_closed_days_are_removed_and_audited(desk, sign_in):
    sign_in(desk.officer).post(reverse("desk:closure-remove", args=[desk.closure.pk]))
    assert not Closure.objects.exists()
    assert "Travaux" in AuditEntry.objects.get(action="closure.remove").detail


def test_a_building_is_described_as_its_usage_declares_it(desk, sign_in):
    client = sign_in(desk.officer)
    said = {
        "name": "École des Ponts",
        "use": "school",
        "floor_area_m2": "2 400,5",
        "opening_hours": "Mo-Fr 08:00-18:00",
    }
    assert client.post(reverse("desk:building-describe", args=["ecole"]), said).status_code == 302
    desk.school.refresh_from_db()
    assert desk.school.attributes["floor_area_m2"] == 2400.5
    wrong = client.post(reverse("desk:building-describe", args=["ecole"]), {**said, "opening_hours": "toujours"})
    assert "ne se lisent pas" in wrong.content.decode()
    assert "toujours" in wrong.content.decode()


SWAP = {"at": "2024-02-10T09:30", "last_index": "51230", "new_serial": "NEW-7", "first_index": "3"}


def meters():
    """What served the gas meter, one after the other."""
    return Deployment.objects.filter(thing__slug="ecole-gaz", observed_property="gas")


def test_a_swap_closes_one_meter_and_opens_the_next(desk, sign_in):
    address = reverse("desk:swap", args=["ecole-gaz", "gas"])
    assert sign_in(desk.contractor).post(address, SWAP).status_code == 302
    old, new = meters().order_by("starts")
    assert (old.last_index, new.device.serial, new.first_index) == (51230, "NEW-7", 3)
    assert old.ends == new.starts == dt.datetime(2024, 2, 10, 8, 30, tzinfo=dt.UTC)


def undo_form(client):
    """What the button at the foot of the page sends."""
    page = client.get(reverse("desk:swap", args=["ecole-gaz", "gas"])).content.decode()
    (opened,) = re.findall(r'<input type="hidden" name="opened" value="(\d+)"', page)
    return {"opened": opened, "why": "Mauvais compteur"}


def test_a_swap_is_taken_back(desk, sign_in):
    client = sign_in(desk.officer)
    client.post(reverse("desk:swap", args=["ecole-gaz", "gas"]), SWAP)
    client.post(reverse("desk:swap-undo", args=["ecole-gaz", "gas"]), undo_form(client))
    only = meters().get()
    assert (only.device.serial, only.ends, only.last_index) == ("OLD-1", None, None)
    assert AuditEntry.objects.filter(action="device.swap_undone").exists()


def test_a_second_click_takes_no_second_swap_back(desk, sign_in):
    client = sign_in(desk.officer)
    client.post(reverse("desk:swap", args=["ecole-gaz", "gas"]), SWAP)
    client.post(reverse("desk:swap", args=["ecole-gaz", "gas"]), {**SWAP, "at": "2024-03-01T10:00", "new_serial": "N8"})
    said = undo_form(client)
    address = reverse("desk:swap-undo", args=["ecole-gaz", "gas"])
    client.post(address, said)
    again = client.post(address, said, follow=True).content.decode()
    assert "Ce remplacement est déjà repris" in again
    assert list(meters().order_by("starts").values_list("device__serial", flat=True)) == ["OLD-1", "NEW-7"]
    assert AuditEntry.objects.filter(action="device.swap_undone").count() == 1


def test_taking_a_swap_back_needs_a_reason(desk, sign_in):
    client = sign_in(desk.officer)
    client.post(reverse("desk:swap", args=["ecole-gaz", "gas"]), SWAP)
    page = client.post(reverse("desk:swap-undo", args=["ecole-gaz", "gas"]), {**undo_form(client), "why": ""})
    assert page.context["undo"].errors["why"]
    assert meters().count() == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"at": "2999-01-01T00:00"}, "at"), ({"new_serial": "OLD-1"}, "new_serial"), ({"at": "2022-01-01T00:00"}, "at")],
)
def test_an_impossible_swap_is_refused_beside_its_field(desk, sign_in, wrong, field):
    page = sign_in(desk.officer).post(reverse("desk:swap", args=["ecole-gaz", "gas"]), {**SWAP, **wrong})
    assert page.context["form"].errors[field]
    assert meters().count() == 1
