"""Times without an offset in Europe/Paris: hours that come twice or never."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.connect.errors import ImportRefused
from mitoyen.connect.localtime import changes_of
from mitoyen.connect.options import Options
from mitoyen.history.datastreams import datastream_named
from mitoyen.history.read import readings

PARIS = ZoneInfo("Europe/Paris")
LOCAL = Options(thing="ecole", observed_property="gas", unit="kWh", kind="delta", tz="Europe/Paris", stamps="end")


def local_csv(first: datetime, count: int, step: timedelta, *, newest_first: bool = False) -> str:
    instants = [first.replace(tzinfo=UTC) + n * step for n in range(count)]
    lines = [f"{t.astimezone(PARIS):%d/%m/%Y %H:%M};{n % 11},5" for n, t in enumerate(instants)]
    return "\n".join(["date;valeur", *(lines[::-1] if newest_first else lines)])


def test_changes_are_found_to_the_second():
    spring, autumn = changes_of(PARIS, datetime(2024, 1, 1), datetime(2024, 12, 31))
    assert (spring.at, spring.after - spring.before) == (datetime(2024, 3, 31, 1), 3600)
    assert (autumn.at, autumn.first_local) == (datetime(2024, 10, 27, 1), datetime(2024, 10, 27, 2))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    year=st.integers(1997, 2024),
    spring=st.booleans(),
    minutes=st.sampled_from([10, 15, 30, 60]),
    newest_first=st.booleans(),
    before=st.integers(5, 40),
)
def test_a_rising_series_through_the_change_is_read_as_it_was(bench, *, year, spring, minutes, newest_first, before):
    from mitoyen.connect.imports import undo

    change = changes_of(PARIS, datetime(year, 1, 1), datetime(year, 12, 31))[0 if spring else 1].at
    step = timedelta(minutes=minutes)
    first = change - before * step
    report = bench.run(local_csv(first, before + 40, step, newest_first=newest_first), LOCAL)
    stored = readings(datastream_named("ecole/gas"))
    assert stored.time.tolist() == [first + n * step for n in range(before + 40)]
    assert stored.value.tolist() == [n % 11 + 0.5 for n in range(before + 40)]
    undo(report.batch, "camille", "test")


def test_a_single_pass_through_the_hour_that_comes_twice_is_refused_with_its_lines(bench):
    lines = local_csv(datetime(2024, 10, 26, 12), 30, timedelta(hours=1)).splitlines()
    twice = [n for n, line in enumerate(lines) if line.startswith("27/10/2024 02:00")]
    assert len(twice) == 2
    del lines[twice[1]]
    report = bench.examine("\n".join(lines), LOCAL)
    assert [(ground.line, ground.code) for ground in report.refused] == [(twice[0] + 1, "ambiguous_time")]
    with pytest.raises(ImportRefused):
        bench.run("\n".join(lines), LOCAL)


def test_a_time_that_does_not_exist_is_refused_with_its_line(bench):
    lines = local_csv(datetime(2024, 3, 30, 12), 40, timedelta(hours=1)).splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("31/03/2024 03:00"))
    lines.insert(at, "31/03/2024 02:00;9,5")
    report = bench.examine("\n".join(lines), LOCAL)
    assert [(ground.line, ground.code) for ground in report.refused] == [(at + 1, "nonexistent_time")]


def test_days_are_local_days(bench):
    rows = "\n".join(f"{datetime(2024, 3, 25) + timedelta(days=n):%d/%m/%Y};{n % 4},5" for n in range(14))
    bench.run(f"jour;kWh\n{rows}", replace(LOCAL, stamps=""))
    stored = readings(datastream_named("ecole/gas"))
    assert stored.length_s.tolist() == [86_400] * 6 + [82_800] + [86_400] * 7
    assert str(stored.time[0]).startswith("2024-03-25T23:00")
