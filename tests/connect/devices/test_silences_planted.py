"""Silences planted among the healthy are found in time, false ones are few, and what fell together is told once."""

import numpy as np
import pytest

from tests.connect.devices.planted import DAY, HOUR, Maker, Outcome, watch


def fleet(seed: int, days: float, each: int) -> Outcome:
    maker = Maker(seed, days)
    for loss in (0.0, 0.01, 0.05):
        maker.add(each, f"dead, {loss:.0%} lost", loss=loss, gateways=(0, 12), fails=True)
        maker.add(each, f"healthy, {loss:.0%} lost", loss=loss, gateways=(0, 12))
    maker.add_by_event(each, loss=0.02, gateways=(0, 12))
    return watch(maker.made, maker.begins, maker.ends)


def test_dead_devices_are_found_within_two_intervals_and_healthy_ones_left_alone() -> None:
    each = 40
    outcome = fleet(4, 3.0, each)
    assert outcome.found.total() == 3 * each
    # Two intervals after the first frame that did not come, the five minutes between two looks included.
    assert max(outcome.late) <= 2.0
    assert outcome.surely["dead, 0% lost"] == each
    assert outcome.falsely_sure.total() <= 2
    assert not outcome.storms


def test_a_gateway_three_gateways_and_everything_are_one_storm_each() -> None:
    maker = Maker(7, 3.0)
    maker.add(250, "healthy", loss=0.01, gateways=(0, 8))
    maker.down((3,), maker.begins + 2 * HOUR, 4)
    maker.down((4, 5, 6), maker.begins + 12 * HOUR, 4)
    maker.down((), maker.begins + 24 * HOUR, 3)
    outcome = watch(maker.made, maker.begins, maker.ends)
    assert [storm for storm, _when in outcome.storms] == [(3,), (4, 5, 6), ()]
    assert outcome.falsely_sure.total() <= 1


@pytest.mark.long
def test_two_hundred_of_each_sort() -> None:
    outcome = fleet(11, 8.5, 200)
    assert outcome.found.total() == 600
    assert np.quantile(outcome.late, 0.99) <= 2.0
    assert outcome.precision(outcome.surely, outcome.falsely_sure) >= 0.95
    assert outcome.per_thousand_a_week(outcome.falsely_sure) <= 40


def test_a_lamp_without_current_by_day_is_left_alone_once_that_is_known() -> None:
    maker = Maker(3, 7.0, learning=5.0)
    maker.add_by_night(40, loss=0.0, gateways=(0, 40))
    outcome = watch(maker.made, maker.begins, maker.begins + 2 * DAY)
    assert outcome.false.total() == 0
