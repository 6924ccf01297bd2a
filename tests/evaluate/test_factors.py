"""Prices and emission factors: dated, sourced, replaced by the installation's own, never guessed."""

import datetime as dt

import pytest

from mitoyen.evaluate import factors
from mitoyen.evaluate.factors import emission_on, price_on
from mitoyen.ledger.refusal import Refused
from tests.evaluate.filling import there

HEAD = "energy,from,to,value,low,high,unit,source,note\n"


def own(home, name, *lines):
    (home / "factors" / f"{name}.csv").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", ["prices", "emissions"])
@pytest.mark.parametrize("energy", factors.ENERGIES)
def test_every_energy_has_one_value_a_day_with_its_source(home, name, energy):
    rows = factors.rows_of(name, energy)
    for day in (
        dt.date(2000, 1, 1),
        dt.date(2017, 6, 1),
        dt.date(2021, 12, 31),
        dt.date(2022, 1, 1),
        dt.date(2026, 1, 1),
    ):
        covering = [row for row in rows if row.covers(day)]
        assert len(covering) == 1, (energy, day)
        assert covering[0].source
        assert covering[0].low < covering[0].value < covering[0].high


def test_electricity_emits_what_ademe_says(home):
    assert there(emission_on("electricity", dt.date(2024, 5, 1))).value == 0.052
    assert there(emission_on("gas", dt.date(2024, 5, 1))).value == pytest.approx(0.227 * 0.901, abs=1e-3)


def test_what_is_an_order_of_magnitude_says_so(home):
    assert all("rder of magnitude" in row.note for row in factors.table("prices"))


def test_an_unknown_energy_has_no_price(home):
    assert price_on("wood", dt.date(2024, 1, 1)) is None
    assert price_on("gas", dt.date(2024, 1, 1), "m3") is None


def test_the_installations_own_price_stands_in_place_on_the_days_it_covers(home):
    own(home, "prices", "gas,2024-03-01,2024-03-31,0.071,0.071,0.071,EUR/kWh,Contract 2024-17,")

    assert there(price_on("gas", dt.date(2024, 3, 15))).value == 0.071
    assert there(price_on("gas", dt.date(2024, 3, 15))).own
    assert not there(price_on("gas", dt.date(2024, 4, 1))).own
    assert there(price_on("water", dt.date(2024, 3, 15))).value == 4.0


def test_a_changed_table_is_read_again(home):
    own(home, "prices", "gas,2024-03-01,,0.071,0.07,0.08,EUR/kWh,Contract,")
    assert there(price_on("gas", dt.date(2024, 3, 15))).value == 0.071
    before = factors.stamp()
    own(home, "prices", "gas,2024-03-01,,0.075,0.07,0.08,EUR/kWh,Contract,")
    assert there(price_on("gas", dt.date(2024, 3, 15))).value == 0.075
    assert factors.stamp() != before


@pytest.mark.parametrize(
    "line",
    [
        "wood,2024-01-01,,0.1,0.1,0.1,EUR/kWh,Contract,",
        "gas,2024-01-01,,0.1,0.1,0.1,USD/kWh,Contract,",
        "gas,01/01/2024,,0.1,0.1,0.1,EUR/kWh,Contract,",
        'gas,2024-01-01,,"0,1",0.1,0.1,EUR/kWh,Contract,',
        "gas,2024-01-01,,nan,0.1,0.1,EUR/kWh,Contract,",
        "gas,2024-01-01,,0.3,0.1,0.2,EUR/kWh,Contract,",
        "gas,2024-01-01,,-0.1,-0.2,0.2,EUR/kWh,Contract,",
        "gas,2024-01-01,2023-01-01,0.1,0.1,0.1,EUR/kWh,Contract,",
        "gas,2024-01-01,,0.1,0.1,0.1,EUR/kWh,,",
        "gas,2024-01-01,,0.1,0.1",
    ],
)
def test_a_faulty_line_is_refused_with_its_number(home, line):
    own(home, "prices", "water,2024-01-01,,4,3,5,EUR/m3,Contract,", "", line)
    with pytest.raises(Refused) as refusal:
        price_on("gas", dt.date(2024, 3, 15))
    assert [ground.line for ground in refusal.value.grounds] == [4]


def test_two_values_for_one_day_are_refused(home):
    own(home, "prices", "gas,2024-01-01,,0.1,0.1,0.1,EUR/kWh,A,", "gas,2024-06-01,,0.2,0.2,0.2,EUR/kWh,B,")
    with pytest.raises(Refused) as refusal:
        price_on("gas", dt.date(2024, 3, 15))
    assert [ground.line for ground in refusal.value.grounds] == [3]


def test_a_table_with_other_columns_is_refused(home):
    (home / "factors" / "emissions.csv").write_text("energy;value\ngas;1\n", encoding="utf-8")
    with pytest.raises(Refused):
        emission_on("gas", dt.date(2024, 3, 15))


def test_a_factor_comes_back_from_what_a_figure_keeps(home):
    row = there(price_on("electricity", dt.date(2023, 1, 1)))
    assert factors.from_json(row.to_json()) == row
