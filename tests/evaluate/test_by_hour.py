"""The hourly second opinion agrees with the daily comparison on real meters, and claims nothing by itself."""

import re

import pytest

from tests.evaluate.test_cli_savings import PERIODS, REFERENCE, installation, saving_of

__all__ = ("installation",)


@pytest.mark.parametrize("thing", ["b0", "b4", "b22"])
def test_hour_by_hour_agrees_with_day_by_day(installation, thing):
    told = installation.json("savings", thing, *PERIODS, "--by-hour")["datastreams"]
    found = next(one for one in told if one["property"] == "electricity")
    low, high = found["by_hour"]["interval_90"]
    assert low < found["savings"] < high
    assert found["interval_90"][0] < found["by_hour"]["savings"] < found["interval_90"][1]
    value, half, _cvrmse = REFERENCE[thing]
    assert abs(found["by_hour"]["savings"] - value) <= half


def test_it_is_shown_when_asked_for_alone(installation):
    assert "by_hour" not in saving_of(installation, "b4", "electricity")
    said = installation.run("savings", "b4", *PERIODS, "--by-hour", MITOYEN_LANGUAGE="en").stdout
    assert re.search(r"hour by hour: \+[\d.,]+\u00a0MWh, between \+[\d.,]+\u00a0MWh and \+[\d.,]+\u00a0MWh", said), said
