"""What the portal reads: right, in few queries, and with a stamp that changes when anything does."""

import datetime as dt

import pytest
from django.test import override_settings
from django.utils import translation

from mitoyen.evaluate import published, published_buildings, sentences
from mitoyen.evaluate.actions import record_action
from mitoyen.evaluate.certainty import certainty
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.provenance import provenance
from mitoyen.evaluate.savings import evaluate_territory
from tests.evaluate import filling
from tests.evaluate.filling import there


@pytest.fixture
def account(hall):
    filling.commune("49353", "Trélazé")
    evaluate_territory(processes=1)
    return hall


def test_nothing_evaluated_is_nothing_claimed(db):
    assert published.territory_summary() == published.Summary(None, None, [])
    assert published_buildings.building_summary("nowhere") is None
    assert provenance("00000-00000") is None


def test_the_territory_in_one_query(account, django_assert_num_queries):
    with django_assert_num_queries(1):
        summary = published.territory_summary()

    assert [one.years for one in summary.years] == [[2023], [2024]]
    latest = there(summary.latest)
    energy = there(latest.energy)
    assert latest.counts.meters == 2
    assert latest.counts.proven == 1
    assert energy.value > 0
    assert energy.low < energy.value < energy.high
    assert there(latest.cost).unit == "EUR"
    assert there(latest.carbon).unit == "kgCO2e"
    assert latest.water is None
    assert there(summary.cumulative).years == [2023, 2024]
    by_year = [there(one.energy).value for one in summary.years]
    assert there(there(summary.cumulative).energy).value == pytest.approx(sum(by_year))


def test_a_commune_in_one_query(account, django_assert_num_queries):
    with django_assert_num_queries(1):
        summary = published.commune_summary("49028")
    of_all = there(published.territory_summary().latest)
    assert there(there(summary.latest).energy).value == there(of_all.energy).value


def test_every_commune_is_in_the_overview_even_without_a_meter(account, django_assert_num_queries):
    with django_assert_num_queries(2):
        lines = published.communes_overview()
    assert [(line.name, line.year) for line in lines] == [("Béhuard", 2024), ("Trélazé", None)]
    assert lines[0].counts.meters == 2
    assert lines[1].energy is None


def test_a_building_with_its_months_meters_and_actions(account, django_assert_num_queries):
    record_action("camille", account, "Éclairage LED", dt.date(2024, 1, 10), observed_property="electricity")

    with django_assert_num_queries(5):
        summary = there(published_buildings.building_summary("mairie"))

    electricity, gas = summary.meters
    assert (electricity.datastream, electricity.verdict, electricity.reporting.first.year) == (
        "mairie/electricity", "proven", 2024,
    )  # fmt: skip
    assert electricity.attribution.known
    assert not gas.attribution.known
    assert [point.month.month for point in electricity.months] == list(range(1, 13))
    assert all(there(point.low) < there(point.expected) < there(point.high) for point in electricity.months)
    assert [line.reporting.first.year for line in summary.history] == [2023, 2023]
    assert [action.title for action in summary.actions] == ["Éclairage LED"]


def test_where_a_meters_figure_comes_from(account):
    figure = Figure.objects.get(subject="mairie/electricity", measure="energy_saved", reporting_first="2024-01-01")

    found = there(provenance(figure.pk))

    assert [step.code for step in found.steps] == ["readings", "checks", "model", "result"]
    assert {batch.source for batch in found.batches} == {"mairie-electricity.csv", "meteo.csv"}
    assert len(found.points) == 365 + 366
    assert sum(there(point.observed) for point in found.points if not point.baseline) == pytest.approx(figure.observed)
    assert sum(there(point.expected) for point in found.points if not point.baseline) == pytest.approx(figure.expected)
    assert found.gaps == []
    assert found.replaced_by is None


def test_where_money_and_sums_come_from(account):
    money = Figure.objects.get(subject="mairie/electricity", measure="cost_saved", reporting_first="2024-01-01")
    total = Figure.objects.get(subject="territory", measure="cost_saved", reporting_first="2024-01-01")

    of_money, of_total = (there(provenance(one.pk)) for one in (money, total))

    assert [row.energy for row in of_money.factors] == ["electricity"]
    assert [part.figure for part in of_money.parts] == money.inputs["figures"]
    assert of_total.parts_in_all == 2
    assert all(part.counted for part in of_total.parts)
    assert [step.code for step in of_total.steps] == ["parts", "result"]


def test_the_stamp_changes_with_every_act_and_not_without(account):
    before = published.data_version()
    assert published.data_version() == before
    record_action("camille", account, "Toiture", dt.date(2024, 1, 10))
    assert published.data_version() != before


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (10, 1, 19, "almost_sure"),
        (-10, -19, -1, "almost_sure"),
        (6, -4, 16, "likely"),
        (2, -8, 12, "not_known_yet"),
        (None, None, None, "not_known_yet"),
    ],
)
def test_certainty_is_told_in_three_steps(value, low, high, expected):
    assert certainty(value, low, high) == expected


def amount(**fields):
    base = {"value": 12_000.0, "low": 4_000.0, "high": 20_000.0, "unit": "kWh", "expected": 100_000.0}
    known = {"observed": None, "verdict": "proven", "figure": "00000-00000"}
    return published.Amount(**{**base, **known, **fields})


@pytest.mark.parametrize(
    ("language", "stated", "says"),
    [
        ("en", amount(), "12% less than expected in this weather"),
        ("en", amount(value=-12_000.0, verdict="increase"), "12% more than expected in this weather"),
        ("en", amount(unit="m3"), "12% less than expected"),
        ("en", amount(expected=None), "12.0\u00a0MWh less than expected in this weather"),
        ("en", amount(verdict="not_significant"), "No clear difference from what this weather made expect"),
        ("en", amount(verdict="not_significant", unit="m3"), "No clear difference from what was expected"),
        ("en", amount(verdict="not_proven"), "Nothing can be said: the readings do not prove it"),
        ("fr", amount(), "12\u202f% de moins qu’attendu à météo égale"),
    ],
)
def test_a_figure_in_one_line(language, stated, says):
    with translation.override(language):
        assert sentences.headline(stated) == says


def test_numbers_are_written_as_the_language_writes_them():
    with translation.override("fr"):
        assert sentences.quantity(1_234_567, "kWh") == "1\u202f230\u00a0MWh"
        assert sentences.signed(-3.456, "m3") == "\u22123,46\u00a0m³"
        assert sentences.day("2018-01-19") == "19/01/2018"
    with translation.override("en"):
        assert sentences.quantity(12_345, "kgCO2e") == "12.3\u00a0t CO₂e"
        assert sentences.percent(3.21) == "3.2%"


def test_every_reason_and_mend_has_its_words():
    from mitoyen.evaluate.enums import ReasonCode
    from mitoyen.evaluate.guards_reason import MENDS

    with translation.override("fr"), override_settings(LANGUAGE_CODE="fr"):
        for code in ReasonCode.values:
            assert sentences.reason(code, "2018-01-19", "2018-01-20").endswith("du 19/01/2018 au 20/01/2018")
        for code in MENDS:
            assert sentences.mend({"mends": code}).endswith(".")
