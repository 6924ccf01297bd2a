"""Units as people write them, and their conversion."""

import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.history import units
from mitoyen.ledger.refusal import Refused


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("kWh", "kWh"), ("KWH", "kWh"), ("kwh", "kWh"), ("m³", "m3"), ("°C", "Cel"), ("degC", "Cel"), ("MWh", "MWh"),
        ("MWH", "MWh"), ("W", "W"), ("w", "W"), ("µg/m³", "ug/m3"), ("%", "%"), ("€", "EUR"), (" k Wh ", "kWh"),
        ("litres", "L"), ("W/m²", "W/m2"), ("1", "1"), ("hPa", "hPa"),
    ],
)  # fmt: skip
def test_units_are_known_as_people_write_them(written, code):
    assert units.ucum(written) == code


@pytest.mark.parametrize("written", ["", "kWhh", "mW", "mWh", "<script>", "furlong"])
def test_what_is_unknown_or_ambiguous_is_refused(written):
    with pytest.raises(Refused):
        units.ucum(written)


@pytest.mark.parametrize("unit", [*units._KWH])
def test_kwh_factors_are_pint_s(unit):
    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    quantity = registry.Quantity(1.0, units._PINT[unit])
    if units.is_power(unit):
        quantity = quantity * registry.hour
    factor, amount = units.amount_unit(unit)
    assert amount == "kWh"
    assert factor == pytest.approx(quantity.to("kilowatt_hour").magnitude, rel=1e-12)


# The first example loads pint's units, which takes long on a busy machine.
@settings(deadline=None)
@given(
    st.floats(-200, 500), st.sampled_from([("Cel", "K"), ("[degF]", "Cel"), ("kWh", "MJ"), ("m3", "L"), ("hPa", "Pa")])
)
def test_converting_there_and_back_gives_the_value(value, pair):
    (factor, offset), (back, back_offset) = units.converter(*pair), units.converter(*pair[::-1])
    assert (value * factor + offset) * back + back_offset == pytest.approx(value, abs=1e-9)


def test_known_temperatures():
    factor, offset = units.converter("K", "Cel")
    assert 273.15 * factor + offset == pytest.approx(0.0, abs=1e-9)
    factor, offset = units.converter("[degF]", "Cel")
    assert 212 * factor + offset == pytest.approx(100.0)


def test_units_of_different_quantities_are_refused():
    with pytest.raises(Refused):
        units.converter("kWh", "m3")
    with pytest.raises(Refused):
        units.converter("kW", "kWh")
    assert units.amount_unit("m3") == (1.0, "m3")
