"""A device replaced: the datastream goes on, and both indexes are kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory import register, swaps
from mitoyen.territory.models import Deployment, Thing

START = datetime(2024, 1, 1, tzinfo=UTC)
SWAP = datetime(2025, 3, 4, 9, 30, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def meter():
    meter = register.thing_for("ecole-gaz", kind="meter")
    swaps.deploy(meter, "gas", START, "OLD-1", by="agent@example.org", factor=10.0, first_index=0)
    return meter


def swap(
    meter: Thing, at: datetime = SWAP, serial: str = "NEW-1", last: float = 45_210.0, first: float = 12.0, **more: Any
) -> Deployment:
    return swaps.swap_device(meter, "gas", at, serial, last, first, "agent@example.org", **more)


def test_a_swap_closes_one_deployment_and_opens_the_next_at_the_same_instant(meter):
    opened = swap(meter)
    closed = Deployment.objects.get(device__serial="OLD-1")
    assert (closed.ends, closed.last_index) == (SWAP, 45_210.0)
    assert (opened.starts, opened.ends, opened.first_index) == (SWAP, None, 12.0)


def test_the_factor_stays_unless_the_new_device_has_another(meter):
    assert swap(meter).factor == 10.0
    assert swap(meter, SWAP + timedelta(days=1), "NEW-2", factor=1.0).factor == 1.0


def test_a_swap_is_audited(meter):
    swap(meter)
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.subject, entry.actor) == ("device.swapped", "ecole-gaz/gas", "agent@example.org")
    assert '"last_index": 45210.0' in entry.detail


def test_a_swap_of_a_device_never_recorded_keeps_its_last_index():
    meter = register.thing_for("mairie-eau", kind="meter")
    swaps.swap_device(meter, "water", SWAP, "NEW-1", 830.0, 0.0, "agent@example.org")
    old, new = Deployment.objects.order_by("starts")
    assert (old.ends, old.last_index, new.starts) == (SWAP, 830.0, SWAP)


def test_a_second_deployment_is_refused_while_one_is_open(meter):
    with pytest.raises(Refused) as refusal:
        swaps.deploy(meter, "gas", SWAP, "NEW-1", by="agent@example.org")
    assert refusal.value.code == "already_deployed"


def test_a_device_in_place_elsewhere_is_refused(meter):
    other = register.thing_for("mairie-gaz", kind="meter")
    with pytest.raises(Refused) as refusal:
        swaps.deploy(other, "gas", SWAP, "OLD-1", by="agent@example.org")
    assert refusal.value.code == "device_elsewhere"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"at": START}, "swap_before_start"),
        ({"at": timezone.now() + timedelta(days=1)}, "future"),
        ({"serial": "OLD-1"}, "same_device"),
        ({"serial": " "}, "bad_serial"),
        ({"serial": "x" * 121}, "bad_serial"),
        ({"last": -1.0}, "bad_index"),
        ({"first": float("nan")}, "bad_index"),
        ({"factor": 0.0}, "bad_factor"),
        ({"factor": float("inf")}, "bad_factor"),
    ],
)
def test_an_impossible_swap_is_refused_and_changes_nothing(meter, change, code):
    with pytest.raises(Refused) as refusal:
        swap(meter, **change)
    assert refusal.value.code == code
    assert list(Deployment.objects.values_list("device__serial", "ends")) == [("OLD-1", None)]


def test_a_swap_without_time_zone_is_a_mistake_of_the_program(meter):
    with pytest.raises(ValueError, match="time zone"):
        swap(meter, datetime(2025, 3, 4))


def state() -> list[tuple[str, datetime | None, float | None]]:
    return list(Deployment.objects.order_by("starts").values_list("device__serial", "ends", "last_index"))


def test_a_swap_taken_back_leaves_the_old_device_in_place_and_is_audited(meter):
    opened = swap(meter)
    swaps.undo_swap(meter, "gas", opened.pk, "agent@example.org", "wrong meter")
    assert state() == [("OLD-1", None, None)]
    entry = AuditEntry.objects.latest("number")
    assert (entry.action, entry.subject, entry.actor) == ("device.swap_undone", "ecole-gaz/gas", "agent@example.org")
    for kept in ('"why": "wrong meter"', '"last_index": 45210.0', '"old": "OLD-1"', '"new": "NEW-1"'):
        assert kept in entry.detail


def test_a_swap_is_taken_back_once_and_the_one_before_stays(meter):
    swap(meter)
    last = swap(meter, SWAP + timedelta(days=1), "NEW-2")
    swaps.undo_swap(meter, "gas", last.pk, "agent@example.org", "wrong meter")
    before, entries = state(), AuditEntry.objects.count()
    with pytest.raises(Refused) as refusal:
        swaps.undo_swap(meter, "gas", last.pk, "agent@example.org", "wrong meter")
    assert refusal.value.code == "swap_already_undone"
    assert (state(), AuditEntry.objects.count()) == (before, entries)
    assert [serial for serial, _ends, _index in before] == ["OLD-1", "NEW-1"]


def test_only_the_last_swap_is_taken_back(meter):
    first = Deployment.objects.get()
    with pytest.raises(Refused) as refusal:
        swaps.undo_swap(meter, "gas", first.pk, "agent@example.org", "wrong meter")
    assert refusal.value.code == "not_last_swap"
    middle = swap(meter)
    swap(meter, SWAP + timedelta(days=1), "NEW-2")
    before = state()
    with pytest.raises(Refused) as refusal:
        swaps.undo_swap(meter, "gas", middle.pk, "agent@example.org", "wrong meter")
    assert refusal.value.code == "not_last_swap"
    assert state() == before
