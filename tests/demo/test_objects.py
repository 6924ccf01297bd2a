"""Objects of the demo: what is planted is told, nothing else; hours are added once."""

import datetime as dt

import pytest
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from mitoyen.cli.init import prepare
from mitoyen.demo.objects import floods, making
from mitoyen.history.models import Batch, Datastream
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.models import ShownFigures
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Thing
from mitoyen.territory.register import load_communes

NOW = dt.datetime(2026, 11, 30, 9, 30, tzinfo=dt.UTC)
PLANTED = {
    ("lamp_out", "eclairage-bourg-03"),
    ("lit_by_day", "eclairage-saint-serge-05"),
    ("cabinet_fault", "eclairage-ardoises"),
    ("leak", "eau-compteur-03"),
    ("meter_stuck", "eau-compteur-15"),
    ("watered_wet", "vert-jardin-vanne"),
    ("probe_stuck", "vert-parc-sonde-2"),
    ("overfull", "dechets-angers-04"),
    ("overfull", "dechets-trelaze-02"),
    ("blind", "dechets-angers-11"),
    ("above_capacity", "parking-port"),
    ("stuck_occupancy", "parking-tilleuls"),
    ("count_lost", "compteur-quai-velos"),
    ("count_wild", "compteur-bourg-voitures"),
    ("junction_out", "carrefour-pont"),
    ("pm10_information", "air-bourg-trelaze"),
    ("sensor_drift", "air-monplaisir"),
    ("flood_orange", "crue-loire-behuard"),
    ("rising_fast", "crue-loire-behuard"),
    ("flood_yellow", "crue-maine-angers"),
    ("gauge_stuck", "crue-sarthe-briollay"),
}


@pytest.fixture(scope="module")
def made_once(tmp_path_factory, django_db_setup, django_db_blocker):
    """How many readings; the objects are made once for these tests and taken back at their end."""
    home = tmp_path_factory.mktemp("objects") / "home"
    with django_db_blocker.unblock(), override_settings(MITOYEN_HOME=home), transaction.atomic():
        prepare()
        load_communes()
        written = making.make(49, NOW)
        making.look(NOW)
        yield written
        transaction.set_rollback(True)


@pytest.fixture
def made(made_once, db):
    return made_once


def told():
    slugs = dict(Thing.objects.values_list("pk", "slug"))
    return {(alert.rule, slugs[alert.thing_id]) for alert in Alert.objects.all()}


def test_what_is_planted_is_told_and_nothing_else(made):
    assert told() == PLANTED


def test_it_is_all_marked_as_generated_and_shown_on_pages(made, client):
    assert set(Thing.objects.values_list("origin", flat=True)) == {Origin.GENERATED}
    assert made > 30_000
    shown = {(one.usage, one.show, one.commune_id) for one in ShownFigures.objects.all()}
    assert {
        ("lighting", "saved", "49353"),
        ("water", "balance", "49353"),
        ("green_spaces", "watering", "49007"),
        ("waste", "collection", "49007"),
        ("mobility", "parking", "49007"),
        ("mobility", "passages", "49353"),
        ("air", "nights", "49007"),
        ("floods", "rivers", "49028"),
    } <= shown
    for address in (
        "angers/usages/lighting", "trelaze/usages/water", "angers/usages/green_spaces", "trelaze/usages/waste",
        "angers/usages/mobility", "angers/usages/air", "behuard/usages/floods",
    ):  # fmt: skip
        page = client.get(f"/communes/{address}/").content.decode()
        assert "Relevés générés" in page or "Données générées" in page or "généré" in page, address
        assert len(page) < 60_000


def test_started_again_it_adds_the_hours_since_and_doubles_nothing(made):
    assert making.make(49, NOW) == 0
    later = NOW + dt.timedelta(hours=3)
    assert making.make(49, later) == 3 * Datastream.objects.count()
    making.look(later)
    assert told() == PLANTED


def test_without_a_time_it_goes_up_to_this_hour(db, home, monkeypatch):
    monkeypatch.setattr(making, "USAGES", {"floods": floods})
    load_communes()
    making.make(49)
    newest = making._until_of(Batch.objects.latest("pk"))
    assert timezone.now().replace(tzinfo=None) - newest.astype(dt.datetime) < dt.timedelta(hours=1)
