"""What waste, mobility, air and floods show of a commune, from readings whose truth is known."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from mitoyen.manifests.registry import installed, method_of
from mitoyen.operate.detect import Group, Subject, Window

NOW = dt.datetime(2026, 7, 20, 6, tzinfo=dt.UTC)
END = np.datetime64("2026-07-20T06", "us")


def window(values, minutes=60, unit="1", kind="gauge", number=1):
    values = np.asarray(values, float)
    time = END - np.arange(len(values))[::-1] * np.timedelta64(minutes, "m")
    length = 60 * minutes if kind == "delta" else 0
    return Window(time, np.full(len(values), length, np.int32), values, unit, kind, number)


def show(usage, name, subjects, parent=None):
    found = installed()[usage]
    declared = next(one for one in found.manifest.shows if one.name == name)
    group = Group(tuple(subjects), NOW - dt.timedelta(days=declared.days), NOW, parent)
    made = method_of(found, declared)(declared, [group])
    if made is not None:
        assert {one.name for one in made.numbers} <= set(declared.numbers)
        assert all(len(row) == len(declared.columns) for row in made.rows)
    return made


def numbers(shown):
    return {one.name: one.value for one in shown.numbers}


def bins(rates, number=0):
    hours = np.arange(0, 24 * 40, 4)
    for at, a_day in enumerate(rates):
        level = (hours / 24 % 7) * a_day + np.random.default_rng(at).normal(0, 0.3, len(hours))
        yield Subject(
            at, f"bac {at}", "bin", 99, "49007", -0.55 + 0.01 * at, 47.47, {"litres": 3000},
            {"fill_level": window(level, 240, "%", number=at)},
        )  # fmt: skip


def test_bins_come_in_the_order_in_which_they_will_be_full():
    made = show("waste", "filling", bins([2, 14, 9]))
    assert [row[0] for row in made.rows] == ["bac 1", "bac 2", "bac 0"]
    assert numbers(made)["bins"] == 3
    assert 1 <= numbers(made)["soon"] <= 2


def test_the_round_leaves_out_the_bins_that_can_wait():
    depot = Subject(99, "dépôt", "waste_depot", None, "49007", -0.5, 47.45)
    made = show("waste", "collection", bins([1, 16, 15, 1, 1]), depot)
    assert {row[1] for row in made.rows} == {"bac 1", "bac 2"}
    found = numbers(made)
    assert 0 < found["km"] < found["km_fixed"]
    assert found["litres_spared"] > 0
    assert found["kgco2e_spared"] == pytest.approx(3.1 * found["litres_spared"])


def test_a_car_park_that_shows_too_many_cars_is_averaged_without_them():
    hour = np.arange(24 * 28) % 24
    cars = np.where((hour >= 13) & (hour < 18), 80.0, 20.0)
    cars[100:130] = 140.0
    park = Subject(
        1, "Ralliement", "car_park", None, "49007", attributes={"capacity": 100}, windows={"occupancy": window(cars)}
    )
    made = show("mobility", "parking", [park])
    row = made.rows[0]
    assert row[1] == 100
    assert row[4] == pytest.approx(80, abs=1)
    assert row[5] == pytest.approx(100 * 30 / len(cars), abs=0.1)
    assert numbers(made)["places"] == 100


def test_passages_are_those_of_whole_days():
    counted = window(np.full(24 * 28, 10.0), kind="delta")
    holes = counted.time.copy() > END - np.timedelta64(30, "h")
    partly = replace(counted, time=counted.time[~holes], length_s=counted.length_s[~holes], value=counted.value[~holes])
    made = show(
        "mobility", "passages", [Subject(1, "pont", "traffic_counter", None, "49007", windows={"count": partly})]
    )
    assert made.rows[0][1] == pytest.approx(240)
    assert made.heard < 1


def test_days_are_compared_with_what_is_advised_for_a_day():
    values = np.where(np.arange(24 * 30) // 24 % 3 == 0, 40.0, 10.0)
    made = show(
        "air",
        "days_above",
        [Subject(1, "rue", "air_sensor", None, "49007", windows={"no2": window(values, unit="ug/m3")})],
    )
    assert made.rows[0][1] == "no2"
    assert 8 <= made.rows[0][4] <= 12
    assert numbers(made)["sensor_days"] == pytest.approx(30, abs=1)


def test_the_district_that_stays_hot_comes_first():
    hour = (np.arange(24 * 30) + 6) % 24
    base = 22 + 6 * np.sin(2 * np.pi * (hour - 10) / 24)
    sensors = [
        Subject(at, f"s{at}", "air_sensor", None, "49007", attributes={"district": f"quartier {at}"},
                windows={"temperature": window(base + (4.5 if at == 2 else 0), unit="Cel")})
        for at in range(4)
    ]  # fmt: skip
    made = show("air", "nights", sensors)
    assert made.rows[0][0] == "quartier 2"
    assert made.rows[0][1] >= 28
    assert made.rows[0][3] == pytest.approx(4.5, abs=0.1)
    assert made.rows[1][1] == 0


def test_a_river_is_told_with_its_rise_its_next_threshold_and_the_days_to_come():
    level = np.concatenate(
        [np.full(24 * 118, 2.0) + np.random.default_rng(0).normal(0, 0.005, 24 * 118), 2.0 + 0.05 * np.arange(48)]
    )
    gauge = Subject(1, "Béhuard", "river_gauge", None, "49028", attributes={"yellow_m": 5.0, "tell_first": "Béhuard"},
                    windows={"level": window(level, unit="m")})  # fmt: skip
    made = show("floods", "rivers", [gauge])
    row = dict(zip(("gauge", "level", "rise", "left", "likely", "at_most", "tell"), made.rows[0], strict=True))
    assert row["level"] == pytest.approx(level[-3], abs=0.02)
    assert row["rise"] == pytest.approx(5, abs=0.5)
    assert row["left"] == pytest.approx(5 - row["level"], abs=0.011)
    # It never rose so fast: carried on, slowing as the likely one, unslowed at most.
    assert row["likely"] == pytest.approx(level[-1] + 0.05 * 12 * (1 - np.exp(-4)), abs=0.05)
    assert row["at_most"] == pytest.approx(level[-1] + 0.05 * 48, abs=0.05)
    assert row["tell"] == "Béhuard"


@pytest.mark.parametrize(
    ("usage", "name"),
    [("waste", "filling"), ("waste", "collection"), ("mobility", "parking"), ("mobility", "passages"),
     ("air", "days_above"), ("air", "nights"), ("floods", "rivers")],
)  # fmt: skip
def test_nothing_read_is_nothing_shown(usage, name):
    assert show(usage, name, [Subject(1, "x", "x", None, "49007")]) is None
