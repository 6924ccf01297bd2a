"""A usage is switched on commune by commune, for good or as an experiment that ends."""

import datetime as dt

import pytest

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.switches import communes_with, switch_off, switch_on
from mitoyen.territory.models import Commune

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 3, 1)


@pytest.fixture
def commune():
    return Commune.objects.create(
        insee="49329", name="Savennières", slug="savennieres", longitude=-0.65, latitude=47.38
    )


def test_a_usage_is_on_from_its_first_day_to_its_last(commune):
    switch_on("buildings", commune, since=DAY, until=dt.date(2025, 6, 30), experiment=True)
    assert communes_with("buildings", DAY - dt.timedelta(days=1)) == set()
    assert communes_with("buildings", DAY) == {"49329"}
    assert communes_with("buildings", dt.date(2025, 6, 30)) == {"49329"}
    assert communes_with("buildings", dt.date(2025, 7, 1)) == set()


def test_switching_again_changes_the_dates_and_off_is_off(commune):
    switch_on("buildings", commune, since=DAY, until=DAY)
    switch_on("buildings", commune, since=DAY)
    assert communes_with("buildings", dt.date(2030, 1, 1)) == {"49329"}
    assert switch_off("buildings", commune)
    assert not switch_off("buildings", commune)
    assert communes_with("buildings", DAY) == set()


def test_an_unknown_usage_and_an_endless_experiment_are_refused(commune):
    with pytest.raises(Refused, match="unicorns"):
        switch_on("unicorns", commune, since=DAY)
    with pytest.raises(Refused):
        switch_on("buildings", commune, since=DAY, experiment=True)
    with pytest.raises(Refused):
        switch_on("buildings", commune, since=DAY, until=DAY - dt.timedelta(days=1))
    assert not AuditEntry.objects.exists()


def test_who_switched_what_where_is_in_the_audit_trail(commune):
    switch_on("buildings", commune, since=DAY, by="claire@example.org")
    switch_off("buildings", commune, by="claire@example.org")
    switch_off("buildings", commune, by="claire@example.org")
    acts = AuditEntry.objects.values_list("actor", "action", "subject")
    assert list(acts) == [
        ("claire@example.org", "usage.on", "buildings"),
        ("claire@example.org", "usage.off", "buildings"),
    ]
    assert '"commune": "49329"' in AuditEntry.objects.earliest("number").detail
