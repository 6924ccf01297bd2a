"""Each reading's interval is its own: step changes, gaps, months, and any cutting into parts gives the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.connect.steps import StepFinder

HALF, HOUR, DAY = 1800, 3600, 86_400


def lengths(*distances: int) -> list[int]:
    found: list[int] = StepFinder().lengths(np.array(distances, dtype=np.int64), last=True).tolist()
    return found


def test_an_even_series():
    assert lengths(*[HALF] * 5) == [HALF] * 5


def test_a_reading_after_a_gap_has_the_prevailing_step():
    assert lengths(*[HALF] * 5, DAY, *[HALF] * 5) == [HALF] * 11


def test_a_step_that_comes_back_is_a_new_step():
    assert lengths(*[HALF] * 6, *[HOUR] * 6, *[HALF] * 6) == [HALF] * 6 + [HOUR] * 6 + [HALF] * 6


def test_a_few_single_holes_are_no_new_step():
    assert lengths(HALF, HALF, HALF, HALF, HOUR, HALF, HALF, HOUR, HOUR, HALF, HALF) == [HALF] * 11


def test_a_shorter_distance_is_never_longer_than_itself():
    assert lengths(*[HALF] * 5, 600, 1200, *[HALF] * 3)[5:7] == [600, 1200]


def test_months_are_their_own_length():
    months = [days * DAY for days in (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)]
    assert lengths(*months) == months


def test_local_days_of_23_and_25_hours():
    days = [24 * HOUR] * 5 + [23 * HOUR] + [24 * HOUR] * 5 + [25 * HOUR] + [24 * HOUR]
    assert lengths(*days) == days


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([HALF, HOUR, DAY, 7 * DAY]), st.integers(1, 9)), min_size=1, max_size=12),
    st.lists(st.integers(1, 8), max_size=12),
)
def test_cut_into_parts_gives_the_same(runs, cuts):
    distances = np.array([step for step, count in runs for _ in range(count)], dtype=np.int64)
    whole = StepFinder().lengths(distances, last=True)
    finder = StepFinder(prevailing=0)
    # The first step is taken from the first part alone: give the first part enough to see it.
    start = min(len(distances), 200)
    bounds = sorted({min(start + cut, len(distances)) for cut in np.cumsum(cuts).tolist()} | {start, len(distances)})
    out: list[int] = []
    pending = distances[:0]
    at = 0
    for bound in bounds:
        pending = np.concatenate([pending, distances[at:bound]])
        at = bound
        done = finder.lengths(pending, last=bound == len(distances))
        out += done.tolist()
        pending = pending[len(done) :]
    assert out == whole.tolist()


@settings(deadline=None)
@given(st.lists(st.integers(1, 10 * DAY), min_size=1, max_size=60))
def test_no_interval_reaches_past_the_reading_before(distances):
    found = StepFinder().lengths(np.array(distances, dtype=np.int64), last=True)
    assert len(found) == len(distances)
    assert (found > 0).all()
    assert (found <= np.array(distances)).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_short_series(count):
    assert lengths(*[HOUR] * count) == [HOUR] * count
