"""Days of many datastreams worked out at once are, to the last bit, those of each by itself; rollups too, whatever was
committed in between."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mitoyen.history import amounts, daily, read, rollups
from mitoyen.history.amounts import Intervals
from mitoyen.history.daily import NAMES
from mitoyen.history.models import Batch, Datastream
from mitoyen.history.rules import Rule, Served
from mitoyen.history.times import paris_day_bounds
from mitoyen.territory.models import Deployment, Device, Thing
from tests.history.conftest import brought

FIRST, LAST = date(2024, 3, 28), date(2024, 4, 3)
BOUNDS = paris_day_bounds(FIRST, LAST)
BEGINS = datetime(2024, 3, 27, tzinfo=UTC)
SORTS = (("delta", "kWh"), ("delta", "MJ"), ("power", "W"), ("gauge", "Cel"), ("counter", "kWh"))
# Minutes between two readings, how much of that the interval takes, and the value.
readings = st.lists(
    st.tuples(st.sampled_from([5, 15, 60, 1440, 7 * 1440]), st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 1000)),
    max_size=60,
)


def columns(given_readings: list[tuple[int, float, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = np.cumsum([minutes for minutes, _share, _value in given_readings]).astype(np.int64)
    time = np.datetime64(BEGINS.replace(tzinfo=None), "us") + ends * np.timedelta64(60, "s")
    length = np.array([minutes * share * 60 for minutes, share, _value in given_readings], np.int32)
    return time, length, np.array([value / 7 for _minutes, _share, value in given_readings], np.float64)


def swapped() -> Served:
    return Served(np.datetime64("2024-03-30T10:00", "us"), None, 2.5, 1.25, None, None)


@given(sort=st.sampled_from(SORTS), each=st.lists(st.tuples(readings, st.booleans()), min_size=1, max_size=5))
def test_many_at_once_are_each_by_itself(sort, each):
    rules = [Rule(i, sort[0], sort[1], None, (swapped(),) if served else ()) for i, (_rows, served) in enumerate(each)]
    parts = [columns(rows) for rows, _served in each]
    time, length, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    owner = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    made, owner = amounts.intervals_of(rules, owner, time, length, value)
    got = daily.binned_of(made, daily.Bins(BOUNDS, len(rules), owner), gauge=sort[0] == "gauge")
    for i, (rule, part) in enumerate(zip(rules, parts, strict=True)):
        alone = daily.binned(rule, amounts.intervals(rule, *part), BOUNDS)
        slow = one_by_one(rule, amounts.intervals(rule, *part))
        for name in NAMES:
            np.testing.assert_array_equal(getattr(got, name)[i], getattr(alone, name))
            np.testing.assert_allclose(getattr(alone, name), slow[name], rtol=1e-12, atol=1e-9)


def one_by_one(rule: Rule, made: Intervals) -> dict[str, list[float]]:
    """What the definition says, a reading at a time."""
    start = [int(t) for t in made.start.astype(np.int64)]
    end = [int(t) for t in made.end.astype(np.int64)]
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for low, high in zip(BOUNDS[:-1].astype(np.int64).tolist(), BOUNDS[1:].astype(np.int64).tolist(), strict=True):
        covered = amount = 0.0
        inside = []
        for i, (begins, ends) in enumerate(zip(start, end, strict=True)):
            instant = begins == ends
            held = begins
            if rule.kind == "gauge" and instant and i:
                held = max(end[i - 1], ends - 6 * 3600 * 1_000_000)
            covered += max(0, min(ends, high) - max(held, low)) / 1e6
            ends_here = low <= ends < high if rule.kind == "gauge" and instant else low < ends <= high
            if ends_here:
                inside.append(float(made.value[i]))
            if instant and ends_here:
                amount += made.amount[i]
            elif not instant:
                amount += made.amount[i] * max(0, min(ends, high) - max(begins, low)) / (ends - begins)
        known = bool(inside) or covered > 0
        found["amount"].append(amount if known and rule.kind != "gauge" else np.nan)
        found["mean"].append(sum(inside) / len(inside) if inside else np.nan)
        found["minimum"].append(min(inside, default=np.nan))
        found["maximum"].append(max(inside, default=np.nan))
        found["covered_s"].append(covered)
        found["count"].append(len(inside))
        found["zeros"].append(sum(value == 0.0 for value in inside))
    return found


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(each=st.lists(readings, min_size=5, max_size=5), choice=st.randoms())
def test_rollups_are_the_days_of_the_readings_after_each_commit(hall, tmp_path_factory, settings, each, choice):
    settings.MITOYEN_HOME = made_home(tmp_path_factory)
    for model in (Deployment, Batch, Datastream):
        model.objects.all().delete()
    Thing.objects.exclude(pk=hall.pk).delete()
    streams = [
        Datastream.objects.create(thing=hall, observed_property=f"p{i}", unit=unit, kind=kind)
        for i, (kind, unit) in enumerate(SORTS)
    ]
    changed = streams[choice.choice((0, 2, 3))].observed_property
    device, _made = Device.objects.get_or_create(serial="A1")
    began = BEGINS + timedelta(days=2)
    Deployment.objects.create(device=device, thing=hall, observed_property=changed, starts=began, factor=3.0)
    rows = [row for stream, some in zip(streams, each, strict=True) for row in rows_of(stream, some)]
    choice.shuffle(rows)
    for chosen in (rows[0::3], rows[1::3], rows[2::3]):
        brought(chosen)
        assert rollups.fresh()
        assert_same(streams)


def made_home(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("home")
    for name in ("archive", "rollups", "staging", "corrections", "published"):
        (folder / name).mkdir()
    return folder


def rows_of(stream: Datastream, some: list[tuple[int, float, int]]) -> list[tuple[int, datetime, int, float, int]]:
    at, rows, index = BEGINS, [], 0.0
    for minutes, share, value in some:
        at, index = at + timedelta(minutes=minutes), index + value / 7
        length = 0 if stream.kind in ("gauge", "counter") else int(minutes * share * 60)
        rows.append((stream.pk, at, length, index if stream.kind == "counter" else value / 7, 0))
    return rows


def assert_same(streams: list[Datastream]) -> None:
    days = (date(2024, 3, 1), date(2025, 6, 30))
    for stream in streams:
        stored = read.daily([stream], *days)[stream.pk]
        computed = read.daily_from_readings([stream], *days)[stream.pk]
        for name in NAMES:
            np.testing.assert_array_equal(getattr(stored, name), getattr(computed, name), err_msg=f"{stream} {name}")
