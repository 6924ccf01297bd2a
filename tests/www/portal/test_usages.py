"""The page of what a usage shows of a commune: figures with their range, where they come from, light as other pages."""

import datetime as dt

import pytest
from django.utils import timezone

from mitoyen.history import journal
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.times import micros
from mitoyen.manifests.models import UsageSwitch
from mitoyen.operate import showing
from mitoyen.operate.models import ShownFigures
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.register import load_communes

NOW = dt.datetime(2025, 11, 10, 12, tzinfo=dt.UTC)
PAGE = "/communes/behuard/usages/lighting/"


@pytest.fixture
def lit_commune(db, home):
    """Béhuard's six lamps of 40 W over nine days: dark from 23:00 to 5:00 by decree, dimmed by half from 21:00 on."""
    load_communes()
    behuard = Commune.objects.get(slug="behuard")
    UsageSwitch.objects.create(usage="lighting", commune=behuard, since=dt.date(2025, 1, 1))
    told = {"reads": "lamps", "switch_off": "23:00-05:00", "switch_off_since": "2025-10-01"}
    place = {"commune": behuard, "longitude": -0.64, "latitude": 47.38, "origin": Origin.GENERATED}
    cabinet = Thing.objects.create(slug="armoire", name="Armoire du pont", kind="cabinet", attributes=told, **place)
    hours = [NOW - dt.timedelta(hours=n) for n in range(9 * 24)]
    rows = []
    for number in range(6):
        lamp = Thing.objects.create(
            slug=f"lampe-{number}", name=f"L{number}", kind="street_lamp", part_of=cabinet,
            attributes={"power_w": 40}, **place,
        )  # fmt: skip
        stream = datastream_for(lamp, "power", "W", "gauge")
        rows += [(stream.pk, micros(at), 0, _watts(at.hour), 0) for at in hours]
    journal.append(rows)
    return behuard


def _watts(hour_utc):
    if hour_utc >= 22 or hour_utc < 4 or 7 <= hour_utc < 17:
        return 0.0
    return 20.0 if hour_utc >= 20 or hour_utc < 5 else 40.0


def test_what_was_spared_is_counted_against_the_suns_schedule(lit_commune):
    assert showing.refresh(NOW) == 2
    kept = ShownFigures.objects.get(show="saved")
    found = {one["name"]: one for one in kept.content["numbers"]}
    nights, lamps = 9, 6
    # Six hours without light of 40 W, and three hours at half power, a night and lamp.
    assert found["switched_off"]["value"] == pytest.approx(nights * lamps * 0.04 * 6, rel=0.12)
    assert found["dimmed"]["value"] == pytest.approx(nights * lamps * 0.02 * 3, rel=0.35)
    assert found["saved"]["low"] < found["saved"]["value"] < found["saved"]["high"]
    assert kept.generated
    gained = {one["name"]: one for one in ShownFigures.objects.get(show="darkness").content["numbers"]}["gained"]
    assert gained["value"] == pytest.approx(6.0, abs=0.8)
    assert "armoire" not in str(kept.content["datastreams"])


def test_without_a_decree_dark_hours_are_no_saving(lit_commune):
    Thing.objects.filter(kind="cabinet").update(attributes={"reads": "lamps"})
    showing.refresh(NOW)
    found = {one["name"]: one["value"] for one in ShownFigures.objects.get(show="saved").content["numbers"]}
    assert found["switched_off"] == 0.0


@pytest.mark.parametrize("prefix", ["", "/en"])
def test_the_page_says_figures_range_method_and_readings(lit_commune, visitor, prefix, django_assert_max_num_queries):
    showing.refresh(NOW)
    with django_assert_max_num_queries(5):
        answer = visitor.get(f"{prefix}{PAGE}")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Armoire du pont" in text
    assert "kWh" in text
    assert ("entre" if not prefix else "between") in text
    assert ("pas une économie prouvée" if not prefix else "not a proven saving") in text
    assert "/donnees/mesures/lampe-0/power/" in text
    assert ("Données générées" in text or "Relevés générés" in text) if not prefix else "Generated readings" in text
    assert len(answer.content) < 60_000


def test_the_commune_links_to_it_and_elsewhere_it_is_not_found(lit_commune, visitor):
    assert visitor.get(PAGE).status_code == 404
    showing.refresh(NOW)
    assert PAGE in visitor.get("/communes/behuard/").content.decode()
    assert visitor.get("/communes/angers/usages/lighting/").status_code == 404
    assert visitor.get("/communes/behuard/usages/ponds/").status_code == 404


def test_lamps_are_not_listed_among_public_buildings(lit_commune, visitor):
    text = visitor.get("/communes/behuard/").content.decode()
    assert "Armoire du pont" not in text


def test_it_is_made_anew_and_goes_when_nothing_is_there(lit_commune):
    showing.refresh(NOW)
    before = ShownFigures.objects.count()
    showing.refresh(timezone.now())
    assert ShownFigures.objects.count() <= before


def test_numbers_are_set_apart_from_words_and_properties_have_their_title(lit_commune, client):
    content = {"numbers": [], "first": "2025-10-11", "last": "2025-11-10", "facts": {"percent": 5.0},
               "rows": [["Rue", "no2", 26.3456, 25.0, 4.62, 30.0]]}  # fmt: skip
    ShownFigures.objects.create(usage="air", show="days_above", commune=lit_commune, content=content, made_at=NOW)
    page = client.get("/communes/behuard/usages/air/").content.decode()
    assert "<td>dioxyde d’azote</td>" in page
    for number in ("26", "25", "4,62", "30"):
        assert f'<td class="n">{number}</td>' in page
    assert '<th scope="col">Polluant</th>' in page
