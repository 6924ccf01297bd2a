"""Numbers as people read them, in French and English."""

import datetime as dt

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.www import dates, numbers

FRENCH = [
    (30214, "kWh", "30,2 MWh"),
    (8864, "kWh", "8 860 kWh"),
    (1_234_567, "kWh", "1,23 GWh"),
    (-4310, "kgCO2e", "−4 310 kg CO₂e"),
    (29_480, "kgCO2e", "29,5 t CO₂e"),
    (3368, "EUR", "3 370 €"),
    (0, "kWh", "0 kWh"),
    (None, "kWh", "–"),
    (float("nan"), "kWh", "–"),
    (58.2, "m3", "58 m³"),
    (0.4, "m3", "0,4 m³"),
    (1.0, "1", "1"),
    (12_345.0, "1", "12 345"),
    (4.618, "m", "4,62 m"),
]


@pytest.mark.parametrize(("value", "unit", "written"), FRENCH)
def test_amounts_in_french_never_break_before_their_unit(value, unit, written):
    with override("fr"):
        text = numbers.amount(value, unit)
    assert text.replace("\u202f", " ").replace("\u00a0", " ") == written
    assert " " not in text


def test_amounts_in_english():
    with override("en"):
        assert numbers.amount(8864, "kWh") == "8,860\u00a0kWh"
        assert numbers.between(25_716, 34_712, "kWh") == "between 25.7 and 34.7\u00a0MWh"
        assert numbers.percent(0.123) == "12%"


def test_an_interval_is_written_in_one_unit():
    with override("fr"):
        assert numbers.between(-740, 113_000, "kWh") == "entre −1 et 113\u00a0MWh"
        assert numbers.between(None, 3, "kWh") == ""


@given(st.floats(-1e12, 1e12))
def test_what_is_written_is_within_one_percent_of_what_is(value):
    with override("en"):
        text, unit = numbers.parted(value, "kWh")
    size = {"kWh": 1, "MWh": 1e3, "GWh": 1e6}[unit]
    read = float(text.replace(",", "").replace(numbers.MINUS, "-")) * size
    assert abs(read - value) <= max(0.0051 * abs(value), 0.51)


@pytest.mark.parametrize(("saved", "written"), [(0.081, "−8 %"), (-0.02, "+2 %"), (0.001, "0 %"), (None, "")])
def test_a_saving_is_told_as_what_was_used(saved, written):
    with override("fr"):
        assert numbers.used(saved).replace("\u00a0", " ") == written


def test_the_first_of_a_month_is_1er_in_french_alone():
    with override("fr"):
        assert dates.day(dt.date(2024, 1, 1)) == "1er janvier 2024"
        assert dates.day(dt.date(2024, 1, 21)) == "21 janvier 2024"
    with override("en"):
        assert dates.day(dt.date(2024, 1, 1)) == "1 January 2024"
