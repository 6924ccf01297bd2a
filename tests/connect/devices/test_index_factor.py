"""A factor limited to a period, for an index: increments within are multiplied, nothing else changes, nothing jumps."""

from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mitoyen.connect.devices import factors
from mitoyen.connect.devices.factors import Asked
from mitoyen.connect.devices.replacing import replaced_by
from mitoyen.history import journal, read
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.rules import rules_for
from mitoyen.history.times import micros
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts.gathering import _true
from mitoyen.territory.models import Deployment, Device, Thing
from mitoyen.territory.swaps import swap_device, undo_swap

T0 = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
numbers = count()


def index_of(commune, values, every=HOUR, *, factor=1.0, offset=0.0):
    """A meter's index, read from T0 on; its device and datastream."""
    name = f"compteur-{next(numbers)}"
    thing = Thing.objects.create(slug=name, name=name, kind="meter", commune=commune)
    device = Device.objects.create(serial=name)
    starts = T0 - timedelta(days=1)
    Deployment.objects.create(
        device=device, thing=thing, observed_property="water", starts=starts, factor=factor, offset=offset
    )
    stream = datastream_for(thing, "water", "m3", "counter")
    journal.append([(stream.pk, micros(T0 + i * every), 0, float(value), 0) for i, value in enumerate(values)])
    return device, stream


def used(stream, first, last) -> float:
    return float(read.amounts(stream, first, last).amount.sum())


def steps(stream, hours) -> np.ndarray:
    """What was used between one reading and the next."""
    amounts = read.amounts(stream, T0, T0 + hours * HOUR)
    assert len(amounts.amount) == hours
    return amounts.amount


def levels(stream) -> np.ndarray:
    """The index as rules see it: each reading with the factor and offset of its part."""
    found = read.readings(stream)
    return _true(rules_for([stream])[stream.pk], found.time, found.value)


@pytest.mark.django_db
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rises=st.lists(st.integers(0, 500), min_size=4, max_size=40),
    begin=st.floats(0, 0.9), length=st.floats(0.05, 1.0), times=st.sampled_from([0.001, 0.1, 0.5, 2.0, 100.0]),
    factor=st.sampled_from([1.0, 0.01, 10.0]), start=st.integers(0, 10_000),
)  # fmt: skip
@example(rises=[5] * 8, begin=0.25, length=0.5, times=0.01, factor=1.0, start=1000)
def test_what_was_used_is_multiplied_within_the_period_alone(
    commune, home, rises, begin, length, times, factor, start
) -> None:
    values = np.concatenate([[start], start + np.cumsum(rises)])
    whole = (len(values) - 1) * HOUR
    first = T0 + begin * whole
    last = min(first + length * whole, T0 + 0.99 * whole)
    device, stream = index_of(commune, values, factor=factor)
    before = steps(stream, len(rises))
    assert before == pytest.approx(np.array(rises) * factor)
    factors.apply(Asked(device=device, times=times, first=first, last=last), "camille", "pulse weight")
    # An increment between two readings is in the period for its share of the time.
    at = T0.timestamp() + 3600.0 * np.arange(len(values))
    within = np.clip(at, first.timestamp(), last.timestamp())
    share = np.diff(within) / 3600.0
    after = steps(stream, len(rises))
    assert after == pytest.approx(before * (share * times + 1 - share), rel=1e-6, abs=1e-6)
    assert read.breaks(stream) == []
    # As a level it rises by just what was used from one reading to the next: no jump, up or down.
    assert np.diff(levels(stream)) == pytest.approx(after, rel=1e-9, abs=1e-6)
    factors.apply(Asked(device=device, times=1 / times, first=first, last=last), "camille", "back")
    assert steps(stream, len(rises)) == pytest.approx(before, rel=1e-9, abs=1e-6)
    assert levels(stream) == pytest.approx(values * factor, rel=1e-9, abs=1e-6)


def test_days_within_and_the_day_after_are_shown_before_it_is_written(commune, home) -> None:
    device, stream = index_of(commune, np.arange(0, 24 * 6 * 10, 10))
    first, last = T0 - 2 * HOUR + timedelta(days=2), T0 - 2 * HOUR + timedelta(days=4)
    asked = Asked(device=device, times=0.1, first=first, last=last)
    shown = {one.day.day: (one.before, one.after) for one in factors.preview(asked).samples}
    assert shown == {3: pytest.approx((240, 24)), 4: pytest.approx((240, 24)), 5: pytest.approx((240, 240))}
    assert Deployment.objects.filter(device=device).count() == 1
    done = factors.apply(asked, "camille", "pulse weight")
    assert (done.deployments, done.split) == (1, 1)
    days = read.daily([stream], (T0 + timedelta(days=1)).date(), (T0 + timedelta(days=4)).date())[stream.pk]
    assert days.amount.tolist() == pytest.approx([240, 24, 24, 240])


def test_from_a_day_on_the_readings_that_come_later_have_it_too(commune, home) -> None:
    device, stream = index_of(commune, [0, 10, 20, 30])
    factors.apply(Asked(device=device, times=10.0, first=T0 + 1.5 * HOUR), "camille", "new weight")
    journal.append([(stream.pk, micros(T0 + 4 * HOUR), 0, 40.0, 0)])
    amounts = read.amounts(stream, T0, T0 + 4 * HOUR).amount
    assert amounts.tolist() == pytest.approx([10, 5 + 50, 100, 100])


def test_a_bound_that_nobody_can_place_is_refused_with_what_to_do(commune, home) -> None:
    device, _stream = index_of(commune, [100, 110, 3, 13, 23])
    cases = (
        ({"first": T0 + 1.5 * HOUR}, "index_went_back"), ({"last": T0 + 9 * HOUR}, "index_unknown"),
        ({"first": T0 + 9 * HOUR}, "index_unknown"), ({"first": T0 + HOUR, "offset": 5.0}, "index_offset"),
    )  # fmt: skip
    for more, code in cases:
        with pytest.raises(Refused) as refused:
            factors.apply(Asked(device=device, times=2.0, **more), "camille", "x")
        assert refused.value.code == code
        assert refused.value.next_step
    assert Deployment.objects.count() == 1


def test_a_cut_is_no_swap_and_a_swap_goes_on_from_it(commune, home) -> None:
    device, stream = index_of(commune, range(0, 1000, 10))
    factors.apply(Asked(device=device, times=0.5, first=T0 + 10 * HOUR, last=T0 + 20 * HOUR), "camille", "x")
    assert replaced_by(device) is None
    opened = Deployment.objects.get(ends=None)
    with pytest.raises(Refused):
        undo_swap(stream.thing, "water", opened.pk, "camille", "not one")
    swap_device(stream.thing, "water", T0 + 50.5 * HOUR, "NEW", 505.0, 510.0, "camille")
    assert used(stream, T0, T0 + 99 * HOUR) == pytest.approx(990 - 50 - 5)
    assert [one.kind for one in read.breaks(stream)] == ["swap"]
