"""A fault that lasts does not become what is usual: it is told as long as it is there, and no longer."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.history.times import utc64
from mitoyen.manifests.registry import installed, method_of
from mitoyen.operate.detect import Group, Subject, Window
from mitoyen.usages.lighting import sky

START = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)
HOURS = np.arange(24 * 120)
TIME = np.asarray(utc64(START) + (HOURS + 1) * np.timedelta64(3600, "s"), "M8[us]")
# The fault begins on the sixtieth day, and lasts for 40.
BEGINS, ENDS = 24 * 60 + 10, 24 * 100
FAULTY = (HOURS >= BEGINS) & (HOURS < ENDS)
SINCE = START + dt.timedelta(hours=BEGINS)
_DUSK, _DAWN = sky.nights(dt.date(2025, 10, 30), dt.date(2026, 3, 2), -0.56, 47.47, sky.CIVIL)
NIGHT = np.array([bool(((at >= _DUSK) & (at < _DAWN)).any()) for at in TIME])
CLOCK = HOURS % 24
RNG = np.random.default_rng(5)


def window(values, unit, kind="gauge"):
    length = np.full(len(values), 3600 if kind == "delta" else 0, np.int32)
    return Window(TIME, length, np.asarray(values, float), unit, kind)


def cabinet(watts, **more):
    told = {"reads": "cabinet"}
    return (Subject(1, "A", "cabinet", None, "49007", -0.56, 47.47, told, {"power": window(watts, "W")}),), None


def dark_street():
    lit = NIGHT & ~FAULTY
    lamps = tuple(
        Subject(n, f"L{n}", "street_lamp", 1, "49007", -0.56, 47.47, {"power_w": 40.0},
                {"power": window(np.where(lit, 40.0, 0.0), "W")})
        for n in range(2, 8)
    )  # fmt: skip
    whole = {"power": window(np.where(lit, 240.0, 5.0), "W")}
    return lamps, Subject(1, "A", "cabinet", None, "49007", -0.56, 47.47, {"reads": "lamps"}, whole)


def metered(kind, name, hourly, **attributes):
    return (Subject(1, "M", kind, None, attributes=attributes, windows={name: window(hourly, "m3", "delta")}),), None


def bin_hidden():
    level = HOURS % 96 / 96 * 70 + RNG.normal(0, 0.5, len(HOURS))
    return (Subject(1, "B", "bin", windows={"fill_level": window(np.where(FAULTY, 98, level.round()), "%")}),), None


def streets():
    common = 20 * np.exp(0.3 * np.sin(HOURS / 50)) * (1 + 0.3 * np.sin(HOURS * np.pi / 12))
    rows = [common * share * np.exp(RNG.normal(0, 0.05, len(HOURS))) for share in (1.0, 0.8, 1.2, 0.9, 1.4)]
    rows[0] = np.where(FAULTY, 1.8 * rows[0], rows[0])
    return tuple(
        Subject(n + 1, f"S{n}", "air_sensor", windows={"no2": window(row, "ug/m3")}) for n, row in enumerate(rows)
    ), None


DAY_FLOW = np.where((CLOCK > 6) & (CLOCK < 22), 3.0, 1.0)
CASES = {
    ("lighting", "cabinet_drop"): lambda: cabinet(np.where(NIGHT, np.where(FAULTY, 500, 1000), 20)),
    ("lighting", "cabinet_by_day"): lambda: cabinet(np.where(NIGHT | FAULTY, 1000, 20)),
    ("lighting", "cabinet_fault"): dark_street,
    ("water", "leak"): lambda: metered("water_meter", "volume", DAY_FLOW + FAULTY * 0.8, use="hospital"),
    ("water", "district_leak"): lambda: metered("district", "inflow", 5 * DAY_FLOW + FAULTY * 3.0),
    ("water", "burst"): lambda: metered("water_meter", "volume", DAY_FLOW * 0.1 + FAULTY * 3.0, use="dwelling"),
    ("water", "district_burst"): lambda: metered("district", "inflow", 5 * DAY_FLOW + FAULTY * 40.0),
    ("waste", "blind"): bin_hidden,
    ("air", "sensor_drift"): streets,
    ("mobility", "count_lost"): lambda: (
        (Subject(1, "C", "traffic_counter", windows={"count": window(np.where(FAULTY, 0, 50), "1", "delta")}),), None
    ),
}  # fmt: skip


def told(case, at, since=None):
    """Whether the rule tells of thing 1, so many hours after the start; an open alert began `since`."""
    usage = installed()[case[0]]
    rule = next(one for one in usage.manifest.alerts if one.name == case[1])
    now = START + dt.timedelta(hours=at)
    start = min(now, since or now) - dt.timedelta(days=rule.days)
    subjects, parent = CASES[case]()

    def cut(one):
        found = {}
        for name, each in one.windows.items():
            rows = (each.time > utc64(start)) & (each.time <= utc64(now))
            found[name] = Window(each.time[rows], each.length_s[rows], each.value[rows], each.unit, each.kind)
        fields = {name: getattr(one, name) for name in ("thing", "name", "kind", "parent", "commune", "longitude",
                                                        "latitude", "attributes")}  # fmt: skip
        return Subject(**fields, windows=found, open_since=since if one.thing == 1 else None)

    group = Group(tuple(map(cut, subjects)), start, now, cut(parent) if parent else None)
    return 1 in {one.thing for one in method_of(usage, rule)(rule, group)}


@pytest.mark.parametrize("case", CASES, ids="/".join)
def test_it_is_told_as_long_as_it_lasts_and_no_longer(case):
    assert not told(case, BEGINS - 8)
    assert any(told(case, BEGINS + 24 * day) for day in (1, 2, 6))
    # What lasts is usual to whoever doesn't know when it began.
    assert not told(case, ENDS - 2)
    assert all(told(case, BEGINS + 24 * day, SINCE) for day in (12, 25, 39))
    assert not told(case, ENDS + 24 * 8, SINCE)


@pytest.mark.parametrize(("usage", "rule"), CASES)
def test_its_manifest_says_that_the_rule_remembers(usage, rule):
    assert next(one for one in installed()[usage].manifest.alerts if one.name == rule).remembers


def test_a_hidden_bin_is_never_taken_for_an_overfull_one():
    CASES["waste", "overfull"] = bin_hidden
    try:
        assert not any(told(("waste", "overfull"), BEGINS + 24 * day) for day in (1, 5, 15, 29, 39))
    finally:
        del CASES["waste", "overfull"]
