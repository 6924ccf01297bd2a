"""A building beside those of its use: per m² and per user, from whole years of sound meters only."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.history.datastreams import datastream_for
from mitoyen.operate import comparison
from mitoyen.operate.models import YearlyUse
from mitoyen.territory.models import Thing


@pytest.fixture
def group(commune):
    """Six libraries of 100 m² and 10 users that used 1,000, 2,000 … 6,000 kWh of gas in 2024."""
    made = []
    for number in range(1, 7):
        building = Thing.objects.create(
            slug=f"b{number}",
            name=f"B{number}",
            kind="building",
            commune=commune,
            attributes={"use": "library", "floor_area_m2": 100, "users": 10},
        )
        YearlyUse.objects.create(thing=building, observed_property="gas", year=2024, amount=1000.0 * number, unit="kWh")
        made.append(building)
    return made


def by_indicator(building):
    return {one.indicator: one for one in comparison.similar(building)}


def test_rank_and_median_among_similar_buildings(group):
    compared = by_indicator(group[1])
    assert set(compared) == {"gas_per_m2", "gas_per_user"}
    area = compared["gas_per_m2"]
    assert (area.value, area.rank, area.group, area.median, area.year) == (20.0, 2, 6, 35.0, 2024)
    assert compared["gas_per_user"].value == 200.0


def test_a_group_of_four_is_too_small_to_compare(group):
    for building in group[:2]:
        building.attributes["use"] = "school"
        building.save()
    compared = by_indicator(group[3])["gas_per_m2"]
    assert (compared.group, compared.enough, compared.rank, compared.median) == (4, False, None, None)
    assert compared.value == 40.0


def test_generated_readings_and_other_territories_are_never_in_the_group(group):
    group[0].origin = "generated"
    group[0].save()
    group[1].commune = None
    group[1].save()
    assert by_indicator(group[5])["gas_per_m2"].group == 4
    assert by_indicator(group[0])["gas_per_m2"].group == 1


@pytest.mark.parametrize("area", [None, 0, "", "large"])
def test_without_a_floor_area_nothing_is_said_per_m2(group, area):
    group[0].attributes["floor_area_m2"] = area
    group[0].save()
    assert set(by_indicator(group[0])) == {"gas_per_user"}
    assert by_indicator(group[1])["gas_per_m2"].group == 5


def test_a_building_without_readings_has_nothing_to_compare(school):
    assert comparison.similar(school) == []


def test_only_whole_years_are_summed(water, tell):
    tell(water, dt.date(2023, 12, 31), np.full(24 * 550, 0.01))
    assert comparison.refresh() == 1
    year = YearlyUse.objects.get()
    assert (year.year, year.unit) == (2024, "m3")
    assert year.amount == pytest.approx(366 * 0.24, rel=1e-3)


def test_two_meters_of_one_building_are_added_and_both_must_be_whole(water, school, tell):
    tell(water, dt.date(2023, 12, 31), np.full(24 * 368, 0.01))
    other = Thing.objects.create(slug="ecole-eau-2", name="Eau 2", kind="meter", part_of=school, commune=school.commune)
    second = datastream_for(other, "water", "m3", "delta")
    tell(second, dt.date(2023, 12, 31), np.full(24 * 368, 0.02))
    comparison.refresh()
    assert YearlyUse.objects.get().amount == pytest.approx(366 * 24 * 0.03, rel=1e-3)
    third = Thing.objects.create(slug="ecole-eau-3", name="Eau 3", kind="meter", part_of=school, commune=school.commune)
    tell(datastream_for(third, "water", "m3", "delta"), dt.date(2024, 5, 1), np.full(24 * 30, 0.02))
    assert comparison.refresh() == 0
