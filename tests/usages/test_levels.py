"""A river between two stages of vigilance: there is never a moment without an alert."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.manifests.registry import installed, method_of
from mitoyen.operate.detect import Group, Subject, Window

NOW = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
STAGES = {"yellow_m": 3.0, "orange_m": 4.0, "red_m": 5.0, "tell_first": "Béhuard"}


def told(levels):
    """The stages told of a gauge read every quarter of an hour up to now."""
    values = np.asarray(levels, float)
    time = np.datetime64("2026-02-01T00", "us") - np.arange(len(values))[::-1] * np.timedelta64(15, "m")
    window = Window(time, np.zeros(len(values), np.int32), values, "m", "gauge")
    gauge = Subject(1, "Béhuard", "river_gauge", None, "49028", attributes=STAGES, windows={"level": window})
    usage = installed()["floods"]
    group = Group((gauge,), NOW - dt.timedelta(days=5), NOW)
    return {
        rule.name: sighting.facts
        for rule in usage.manifest.alerts
        if rule.name.removeprefix("flood_") in ("yellow", "orange", "red")
        for sighting in method_of(usage, rule)(rule, group)
    }


@pytest.mark.parametrize("above", range(12))
def test_one_stage_holds_until_the_next_one_is_sure(above):
    # Medians of five see the step after two readings; three of those make it sure.
    found = told([2.0] * 30 + [3.5] * 20 + [4.2] * above)
    assert set(found) == {"flood_orange" if above >= 5 else "flood_yellow"}


def test_it_says_whom_to_tell_about_what_and_in_which_order():
    facts = told([2.0] * 30 + [3.5] * 20)["flood_yellow"]
    assert (facts["tell_about"], facts["tell_first"]) == ("flood", "Béhuard")
