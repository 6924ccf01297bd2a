"""From a flood alert to those who asked to be told: the form opens filled in, the commune cut off first comes first."""

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from mitoyen.operate.alerts.models import Alert
from mitoyen.services.models import Announcement
from mitoyen.territory.models import Commune, Thing
from mitoyen.www.desk import announcements

BEHUARD = "49028"


@pytest.fixture
def flood(desk):
    behuard = Commune.objects.get_or_create(
        pk=BEHUARD, defaults={"name": "Béhuard", "slug": "behuard", "longitude": -0.64, "latitude": 47.38}
    )[0]
    gauge = Thing.objects.create(slug="maine", name="Angers, échelle", kind="river_gauge", commune_id="49007")
    now = timezone.now()
    facts = {"level": 4.1, "limit": 4.0, "rise_cm": 6, "river": "La Maine", "tell_about": "flood",
             "tell_first": f"{behuard.name}, Trélazé"}  # fmt: skip
    return Alert.objects.create(
        key="floods/flood_orange/1", usage="floods", rule="flood_orange", thing=gauge, commune_id="49007",
        level="warning", since=now, opened_at=now, seen_last=now, facts=facts,
    )  # fmt: skip


def at(name, *args):
    with translation.override("en"):
        return reverse(f"desk:{name}", args=args)


def test_its_page_leads_to_the_form_filled_in_and_the_order_is_kept(desk, flood, sign_in):
    client = sign_in(desk.operator)
    address = f"{at('announce')}?alerte={flood.pk}"
    assert address in client.get(at("alert", flood.pk)).content.decode()
    page = client.get(address)
    form = page.content.decode()
    names = [commune.name for commune, chosen in page.context["communes"] if chosen]
    assert names == ["Béhuard", "Trélazé", "Angers"]
    assert 'value="flood" selected' in form
    assert "Told in this order: Béhuard, Trélazé, Angers." in form
    first = page.context["form"]
    assert first["short"].startswith("Angers: ")
    given = {name: first[name] for name in ("topic", "short", "words", "key")}
    posted = [commune.insee for commune, chosen in page.context["communes"] if chosen]
    client.post(at("announce"), {**given, "communes": posted, "send": "1"})
    assert Announcement.objects.get().communes == [BEHUARD, "49353", "49007"]


def test_who_may_not_announce_has_no_link_and_what_one_may_not_see_fills_nothing_in(desk, flood, sign_in):
    assert at("announce") not in sign_in(desk.reader).get(at("alert", flood.pk)).content.decode()
    page = sign_in(desk.admin_trelaze).get(f"{at('announce')}?alerte={flood.pk}")
    assert page.context["alert"] is None
    assert page.context["form"]["short"] == ""


def test_an_alert_that_nobody_can_be_told_of_has_no_link(desk, flood, sign_in):
    assert announcements.topic_of(flood) == "flood"
    Alert.objects.filter(pk=flood.pk).update(facts={**flood.facts, "tell_about": "dance"})
    flood.refresh_from_db()
    assert announcements.topic_of(flood) == ""
    assert f"{at('announce')}?" not in sign_in(desk.operator).get(at("alert", flood.pk)).content.decode()
    assert sign_in(desk.operator).get(f"{at('announce')}?alerte={flood.pk}x").status_code == 200
