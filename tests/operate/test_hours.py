"""Opening hours are read as people write them, and what can't be read is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.operate.hours import DAYS, HoursError, week


def test_days_and_hours_are_read():
    is_open = week("Mo-Fr 08:00-12:00,13:30-18:00; Sa 09:00-12:15")
    assert is_open.shape == (7, 24)
    assert list(np.flatnonzero(is_open[0])) == [8, 9, 10, 11, 13, 14, 15, 16, 17]
    assert list(np.flatnonzero(is_open[5])) == [9, 10, 11, 12]
    assert not is_open[6].any()


def test_a_span_of_days_may_run_over_the_weekend_and_days_may_be_listed():
    assert list(np.flatnonzero(week("Sa-Mo 10:00-11:00").any(axis=1))) == [0, 5, 6]
    assert list(np.flatnonzero(week("Tu,Th 10:00-11:00").any(axis=1))) == [1, 3]
    assert week("24/7").all()


@pytest.mark.parametrize(
    "text", ["lundi 8h-18h", "Mo-Fr", "Mo 18:00-08:00", "Mo 08:00-25:00", "Xx 08:00-09:00", "08:00"]
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(HoursError):
        week(text)


@given(st.sampled_from(DAYS), st.integers(0, 23), st.integers(1, 24))
def test_exactly_the_hours_written_are_open(day, first, last):
    text = f"{day} {first:02}:00-{last:02}:00"
    if first >= last:
        with pytest.raises(HoursError):
            week(text)
    else:
        assert week(text).sum() == last - first
