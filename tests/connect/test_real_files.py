"""The real files, with the right answers of their README."""

from dataclasses import replace
from typing import Any

import pytest

from mitoyen.connect.errors import ImportRefused
from mitoyen.connect.imports import examine, run
from mitoyen.connect.mappings import read_mapping
from mitoyen.connect.options import ColumnSpec, Options
from mitoyen.connect.sniff import propose
from mitoyen.history.datastreams import datastream_named
from mitoyen.history.read import readings

pytestmark = [pytest.mark.usefixtures("home"), pytest.mark.django_db]

CAMBRIDGE = Options(unit="kWh", kind="delta", tz="UTC", stamps="start")


def options(**changes: Any) -> Options:
    return replace(CAMBRIDGE, **changes)


@pytest.mark.parametrize(
    ("name", "total"),
    [("b0_gas_2017", 1_035_590.0), ("b0_gas_2018", 76_006.0), ("b0_electricity_2017", None), ("b22_gas_2018", None)],
)
def test_a_year_of_cambridge(real_data, name, total):
    path = real_data / "energy" / "cambridge" / f"{name}.csv"
    thing, prop, _year = name.split("_")
    report = run(path, options(thing=thing, observed_property=prop), "camille")
    (view,) = report.proposal.datastreams
    assert (report.status, report.rows, report.accepted, report.duplicates, report.refused) == (
        "imported",
        8760,
        8760,
        0,
        [],
    )
    assert (view.name, view.kind, view.unit, view.count, view.gap_count, view.step_s) == (
        f"{thing}/{prop}", "delta", "kWh", 8760, 0, 3600,
    )  # fmt: skip
    stored = readings(datastream_named(view.name))
    written = [float(line.split(",")[1]) for line in path.read_text().splitlines()[1:]]
    assert stored.value.tolist() == written
    assert str(stored.time[0])[:16] == f"{name[-4:]}-01-01T01:00"
    assert set(stored.length_s.tolist()) == {3600}
    assert view.total == pytest.approx(sum(written))
    if total:
        assert view.total == pytest.approx(total, rel=1e-6)


def test_cambridge_states_unit_and_kind_but_not_zone_and_stamps(real_data):
    found = propose(
        real_data / "energy/cambridge/b4_gas_2019.csv", options=Options(thing="b4", observed_property="gas")
    )
    assert [question.code for question in found.questions] == ["tz", "stamps"]
    assert {column.kind for column in found.columns if column.role == "value"} == {"delta"}
    # Hours of March that Paris skips stand in the file; it starts at midnight and ends before it.
    assert [question.default for question in found.questions] == ["UTC", "start"]


def test_weather_needs_no_mapping(real_data):
    report = run(real_data / "energy/cambridge/weather_bedford_2017.csv", Options(thing="weather", tz="UTC"), "camille")
    views = {view.property: view for view in report.proposal.datastreams}
    assert {name: view.unit for name, view in views.items()} == {
        "temperature": "Cel", "humidity": "%", "solar_radiation": "W/m2",
    }  # fmt: skip
    assert {view.kind for view in views.values()} == {"gauge"}
    assert report.accepted == 3 * 8760
    assert datastream_named("weather/temperature").thing.kind == "weather_station"
    assert datastream_named("weather/temperature").thing.commune is None
    assert set(readings(datastream_named("weather/humidity")).length_s.tolist()) == {0}


def test_the_load_curve_states_everything(real_data):
    path = real_data / "energy/enedis/load-curve-hourly-and-half-hourly.csv"
    report = run(path, Options(thing="mairie", observed_property="electricity"), "camille")
    (view,) = report.proposal.datastreams
    assert (report.proposal.format, report.proposal.tz, report.proposal.stamps) == (
        "enedis-load-curve",
        "offset",
        "end",
    )
    assert (view.unit, view.kind, view.total_unit) == ("W", "power", "kWh")
    assert view.total == pytest.approx(4898, rel=0.005)
    assert [step["step_s"] for step in view.steps] == [1800, 3600, 1800]
    assert [gap["seconds"] for gap in view.gaps] == [86_400, 3600]
    assert report.missing == 1
    assert [(ground.line, ground.code) for ground in report.refused] == [(3925, "no_value")]
    assert path.read_bytes().splitlines()[3924].endswith(b";")
    assert report.rows == report.accepted + report.missing == 27_666


def test_days_of_46_and_50_half_hours(real_data):
    import numpy as np

    from mitoyen.history.times import paris_day_of

    run(real_data / "energy/enedis/load-curve-hourly-and-half-hourly.csv", Options(thing="m"), "camille")
    stored = readings(datastream_named("m/electricity"))
    days = paris_day_of(stored.time - np.timedelta64(1, "us"))
    counts = dict(zip(*np.unique(days, return_counts=True), strict=True))
    assert counts[np.datetime64("2023-10-29")] == 50
    assert counts[np.datetime64("2024-03-31")] == 46
    assert counts[np.datetime64("2023-06-01")] == 48


def test_air_quality_its_sentinels_and_blank_lines(real_data):
    path = real_data / "air/AirQualityUCI.csv"
    names = ("CO(GT)", "PT08.S1(CO)", "NMHC(GT)", "C6H6(GT)", "PT08.S2(NMHC)", "NOx(GT)", "PT08.S3(NOx)", "NO2(GT)",
             "PT08.S4(NO2)", "PT08.S5(O3)")  # fmt: skip
    columns = {name: ColumnSpec("value", f"gas_{n}", "1", "gauge") for n, name in enumerate(names)}
    columns |= {"T": ColumnSpec("value", "temperature", "Cel"), "RH": ColumnSpec("value", "humidity", "%")}
    columns |= {"AH": ColumnSpec("value", "absolute_humidity", "1", "gauge")}
    asked = examine(path, Options(thing="air", tz="UTC", columns=columns))
    assert asked.status == "questions"
    (question,) = asked.proposal.questions
    assert (question.code, question.default) == ("missing", "-200")
    # 16,244 cells say -200, 457 more -200,0.
    assert "16701" in question.evidence
    report = run(path, Options(thing="air", tz="UTC", columns=columns, missing=("-200",)), "camille")
    assert (report.rows, report.blank_lines) == (9357, 114)
    assert report.missing == 16_244 + 457
    assert report.accepted == 9357 * 13 - 16_701
    view = next(view for view in report.proposal.datastreams if view.property == "temperature")
    assert view.minimum == pytest.approx(-1.9)
    assert view.first == "2004-03-10T18:00:00Z"


def test_synop_in_kelvin_through_a_mapping(real_data, tmp_path):
    mapping = tmp_path / "synop.toml"
    mapping.write_text(
        'tz = "UTC"\n[columns.t]\nproperty = "temperature"\nunit = "K"\n'
        '[columns.u]\nproperty = "humidity"\nunit = "%"\n'
    )
    path = real_data / "weather/meteofrance-synop-orly-2020-2021.csv"
    report = run(path, Options(thing="orly", mapping=read_mapping(mapping)), "camille")
    assert (report.rows, report.duplicates) == (3322, 2)
    stored = readings(datastream_named("orly/temperature"))
    assert (stored.time[1:] > stored.time[:-1]).all()
    assert datastream_named("orly/temperature").unit == "K"


def test_synop_without_a_mapping_asks_which_columns(real_data):
    with pytest.raises(ImportRefused) as refusal:
        run(real_data / "weather/meteofrance-synop-orly-2020-2021.csv", Options(thing="orly", tz="UTC"), "camille")
    assert "columns" in {ground.code for ground in refusal.value.grounds}


@pytest.mark.parametrize(
    "name", ["finance/montpellier-budget-primitif-2014.csv", "energy/cambridge/building_floor_roof_areas.csv"]
)
def test_tables_that_hold_no_readings_are_refused(real_data, name):
    from mitoyen.ledger.refusal import Refused

    with pytest.raises(Refused):
        run(
            real_data / name,
            Options(thing="x", observed_property="water", unit="m3", kind="delta", tz="UTC", stamps="end"),
            "c",
        )


def test_lines_of_json_from_a_network_server(real_data):
    path = real_data / "iot/campusiot-sainteynard-chirpstack3.ndjson.gz"
    found = propose(path, options=Options(thing="antenna", tz="UTC"))
    assert found.format == "ndjson.gz"
    assert "columns" in {question.code for question in found.questions}
