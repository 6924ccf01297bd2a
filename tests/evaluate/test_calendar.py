"""Closed days, and the local day and hour of UTC times."""

import subprocess
import sys
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.evaluate.calendar import closed_days, local_days, local_hours


def closed_of(first: date, last: date, *options) -> list[str]:
    closed = closed_days(first, last, *options)
    return [str(day) for day in np.arange(np.datetime64(first), np.datetime64(last) + 1)[closed]]


def test_french_holidays_by_default():
    assert closed_of(date(2018, 5, 1), date(2018, 5, 31)) == ["2018-05-01", "2018-05-08", "2018-05-10", "2018-05-21"]


def test_another_country_and_a_part_of_one():
    assert "2018-04-02" in closed_of(date(2018, 4, 1), date(2018, 4, 30), "GB")  # Easter Monday: England, not Scotland
    assert "2018-04-02" not in closed_of(date(2018, 4, 1), date(2018, 4, 30), "GB-SCT")
    assert "2018-12-26" in closed_of(date(2018, 12, 20), date(2018, 12, 31), "FR-57")


def test_no_country_no_holiday():
    assert not closed_days(date(2018, 1, 1), date(2018, 12, 31), "").any()


def test_an_unknown_country_is_named():
    with pytest.raises(ValueError, match="XX"):
        closed_days(date(2018, 1, 1), date(2018, 12, 31), "XX")


def test_closures_count_even_where_they_overhang():
    closures = [(date(2017, 12, 25), date(2018, 1, 2)), (date(2018, 8, 6), date(2018, 8, 7))]
    found = closed_of(date(2018, 1, 1), date(2018, 12, 31), "", closures)
    assert found == ["2018-01-01", "2018-01-02", "2018-08-06", "2018-08-07"]


times = st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)).map(lambda time: time.replace(microsecond=0))


@settings(deadline=None)
@given(st.lists(times, max_size=20), st.sampled_from(["Europe/Paris", "Europe/London", "America/New_York", "UTC"]))
def test_local_days_and_hours_are_those_of_the_zone(moments, zone):
    start = np.array(moments, "datetime64[us]")
    local = [moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for moment in moments]
    day, hour = local_hours(start, zone)
    assert [str(one) for one in day] == [str(moment.date()) for moment in local]
    assert hour.tolist() == [moment.hour for moment in local]


def test_days_of_23_and_25_hours():
    start = np.arange(np.datetime64("2018-03-20", "h"), np.datetime64("2018-11-05", "h"))
    day, count = np.unique(local_days(start, "Europe/Paris"), return_counts=True)
    lengths = dict(zip(day.astype(str), count, strict=True))
    assert (lengths["2018-03-25"], lengths["2018-10-28"], lengths["2018-07-01"]) == (23, 25, 24)


def test_the_holidays_are_loaded_only_when_asked_for():
    code = "import mitoyen.evaluate.calendar, mitoyen.evaluate.baseline, sys; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
