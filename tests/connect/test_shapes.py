"""CSV in the shapes people have, workbooks, JSON, Parquet: what was written is what is read."""

import gzip
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import duckdb
import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.connect.errors import ImportRefused
from mitoyen.connect.options import ColumnSpec, MappingSpec, Options
from mitoyen.history.datastreams import datastream_named
from mitoyen.history.models import Batch
from mitoyen.history.read import readings
from mitoyen.ledger.refusal import Refused
from tests.connect.conftest import GAS

START = datetime(2024, 3, 12, 23, 0)
# Values are drawn at random: -999 may be one of them.
NONE_MISSING = replace(GAS, missing=())


NOTICE: list[list[object]] = [["Export du", "2024-02-01"], ["Contact", "mairie"], ["Lignes", 744]]


def sheet_of(count: int, first: float = 1) -> list[list[object]]:
    return [["Date", "Valeur"], *([START + timedelta(hours=n), first + n + 0.5] for n in range(count))]


def book(sheets: dict[str, list[list[object]]]) -> bytes:
    made = openpyxl.Workbook()
    assert made.active is not None
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def stored(name: str = "ecole/gas") -> list[tuple[str, float]]:
    found = readings(datastream_named(name))
    return [(str(time)[:19], value) for time, value in zip(found.time, found.value, strict=True)]


def expected(
    values: list[float], step: timedelta = timedelta(hours=1), start: datetime = START
) -> list[tuple[str, float]]:
    return [((start + n * step).isoformat(), value) for n, value in enumerate(values)]


@st.composite
def written_series(draw):
    """(values, CSV bytes): one series in one of the ways that people and programs write it."""
    values = draw(st.lists(st.integers(-(10**6), 10**6), min_size=30, max_size=60))
    scale = draw(st.sampled_from([1, 10, 100]))
    numbers = [value / scale for value in values]
    delimiter, decimal = draw(
        st.sampled_from([(";", ","), (";", "."), (",", "."), ("\t", ","), ("\t", "."), ("|", ".")])
    )
    day = draw(st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d/%m/%y"]))
    clock = draw(st.sampled_from(["%H:%M", "%H:%M:%S", "%H.%M.%S", "%Hh%M"]))
    apart = draw(st.booleans())
    above = draw(st.lists(st.sampled_from(["Relevé du site", "Site;Mairie", "", "Export 3"]), max_size=3))
    header = draw(st.booleans()) or bool(above)
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    blank_every = draw(st.sampled_from([0, 0, 7]))
    trailing = delimiter if draw(st.booleans()) else ""
    quotes = draw(st.booleans())
    lines = list(above)
    if header:
        names = ["Date", "Heure"] if apart else ["Horodatage relevé"]
        lines.append(delimiter.join([*names, "Énergie"]) + trailing)
    for n, number in enumerate(numbers):
        time = START + timedelta(hours=n)
        cells = [time.strftime(day), time.strftime(clock)] if apart else [time.strftime(f"{day} {clock}")]
        text = f"{number:.2f}" if scale == 100 else f"{number:.1f}" if scale == 10 else str(int(number))
        text = text.replace(".", decimal)
        cells.append(f'"{text}"' if quotes else text)
        lines.append(delimiter.join(cells) + trailing)
        if blank_every and n % blank_every == 3:
            lines.append("")
    return numbers, (newline.join(lines) + newline).encode(encoding, errors="replace")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(written_series())
def test_any_shape_is_read_back_identical(bench, series):
    numbers, content = series
    report = bench.examine(content, NONE_MISSING)
    assert report.status == "ready", (report.message, report.refused, report.proposal.questions)
    (view,) = report.proposal.datastreams
    assert view.count == len(numbers)
    assert view.first == START.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (view.step_s, view.gap_count) == (3600, 0)
    assert view.minimum == pytest.approx(min(numbers))
    assert view.maximum == pytest.approx(max(numbers))
    assert view.total == pytest.approx(sum(numbers), abs=1e-6)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(series=written_series(), data=st.data())
def test_any_shape_is_stored_identical_and_repeating_it_changes_nothing(bench, series, data):
    from mitoyen.connect.imports import undo

    numbers, content = series
    report = bench.run(content, NONE_MISSING)
    assert stored() == expected(numbers)
    assert bench.run(content, NONE_MISSING).status == "unchanged"
    assert stored() == expected(numbers)
    undo(report.batch, "camille", "test")
    assert stored() == []


def test_one_column_a_meter(bench):
    rows = "\n".join(f"{n:02d}/01/2024 10:00;{n},5;{2 * n},5" for n in range(1, 29))
    report = bench.run(
        f"Date;Mairie [kWh];École Jean-Zay [kWh]\n{rows}\n",
        Options(observed_property="electricity", kind="delta", tz="UTC", stamps="end"),
    )
    assert {view.name: view.total for view in report.proposal.datastreams} == {
        "mairie/electricity": pytest.approx(sum(n + 0.5 for n in range(1, 29))),
        "ecole-jean-zay/electricity": pytest.approx(sum(2 * n + 0.5 for n in range(1, 29))),
    }


def test_a_column_that_names_the_meter(bench):
    lines = [
        f"{meter};2024-01-01 {hour:02d}:00;{hour * 1.5}" for hour in range(24) for meter in ("Mairie", "Gymnase A")
    ]
    report = bench.run("Compteur;Date;Valeur\n" + "\n".join(lines), replace(GAS, thing=""))
    assert {view.name: view.count for view in report.proposal.datastreams} == {"mairie/gas": 24, "gymnase-a/gas": 24}
    assert datastream_named("gymnase-a/gas").thing.name == "Gymnase A"


def test_which_column_names_the_meter_is_asked_and_the_answer_decides(bench):
    hours = [f"2024-01-01 {hour:02d}:00;{hour}.5" for hour in range(24)]
    lines = [f"PRM{meter};Compteur {meter + 7};{hour}" for hour in hours for meter in (1, 2)]
    content = "PRM;Compteur;Date;Valeur\n" + "\n".join(lines)
    (question,) = bench.examine(content, replace(GAS, thing="")).proposal.questions
    assert (question.code, question.choices) == ("meter_column", ("PRM", "Compteur"))
    report = bench.run(content, replace(GAS, thing="", answers={"meter_column": "Compteur"}))
    assert {view.name for view in report.proposal.datastreams} == {"compteur-8/gas", "compteur-9/gas"}


def test_columns_answered_that_are_none_are_refused_by_name(bench):
    content = "Date;Gaz;Eau\n" + "\n".join(f"2024-01-01 {hour:02d}:00;{hour}.5;{hour}.25" for hour in range(24))
    with pytest.raises(Refused, match="Air"):
        bench.examine(content, replace(GAS, observed_property="", answers={"columns": "Gaz, Air"}))


def test_a_batch_names_every_meter_of_its_file(bench):
    hours = [f"2024-01-01 {hour:02d}:00;1,5" for hour in (1, 2)]
    lines = ["meter;date;value", *(f"m{meter};{hour}" for meter in range(1_100) for hour in hours)]
    report = bench.run("\n".join(lines), replace(GAS, thing=""))
    names = Batch.objects.get(pk=report.batch).summary["datastreams"]
    assert sorted(names) == sorted(f"m{meter}/gas" for meter in range(1_100))


def test_a_mapping_names_the_things_of_meters(bench):
    lines = [f"PRM{meter};2024-01-01 {hour:02d}:00;{hour}.5" for hour in range(24) for meter in (1, 2)]
    options = Options(observed_property="gas", unit="kWh", kind="delta", tz="UTC", stamps="end",
                      mapping=MappingSpec(meters={"PRM1": "mairie", "PRM2": "gymnase"}))  # fmt: skip
    report = bench.run("Compteur;Date;Valeur\n" + "\n".join(lines), options)
    assert {view.thing for view in report.proposal.datastreams} == {"mairie", "gymnase"}


def test_start_and_end_columns_give_each_its_own_length(bench):
    months = [date(2023, month, 1) for month in range(1, 13)] + [date(2024, 1, 1)]
    rows = "\n".join(f"{a:%d/%m/%Y};{b:%d/%m/%Y};{a.month * 100},5" for a, b in pairwise(months))
    bench.run(
        f"Début;Fin;Consommation (kWh)\n{rows}\n",
        Options(thing="ecole", observed_property="gas", kind="delta", tz="Europe/Paris"),
    )
    found = readings(datastream_named("ecole/gas"))
    assert found.length_s[1] == 28 * 86_400
    # March has a day of 23 hours, October one of 25.
    assert (found.length_s[2], found.length_s[9]) == (31 * 86_400 - 3600, 31 * 86_400 + 3600)


def test_thousands_and_decimals_of_a_french_export(bench):
    rows = "\n".join(f"{n:02d}/01/2024 10:00;{n}\u202f234,5" for n in range(1, 29))
    (view,) = bench.examine(f"Date;Valeur\n{rows}\n").proposal.datastreams
    assert view.total == pytest.approx(sum(n * 1000 + 234.5 for n in range(1, 29)))


def test_an_ambiguous_mark_is_asked_and_the_answer_decides(bench):
    content = "Date;Valeur\n" + "\n".join(f"{n:02d}/01/2024 10:00;{n}.234" for n in range(1, 29))
    asked = bench.examine(content)
    assert [question.code for question in asked.proposal.questions] == ["decimal"]
    for mark, factor in ((".", 1), (",", 1000)):
        (view,) = bench.examine(content, replace(GAS, decimal=mark)).proposal.datastreams
        assert view.total == pytest.approx(sum(n + 0.234 for n in range(1, 29)) * factor)


def test_one_cell_of_the_whole_column_settles_the_mark(bench):
    lines = [f"{1 + n % 28:02d}/{1 + n // 28 % 12:02d}/{2000 + n // 336} 10:00;{n % 900 + 1}.234" for n in range(5000)]
    lines[4000] = lines[4000].replace(".234", ".2345")
    report = bench.examine("Date;Valeur\n" + "\n".join(lines))
    assert report.status == "ready", report.proposal.questions


def test_the_order_of_day_and_month(bench):
    def content(form: str, days: int) -> str:
        times = [datetime(2024, 1, 1) + timedelta(hours=6 * n) for n in range(days * 4)]
        return "Date;Valeur\n" + "\n".join(f"{time.strftime(form)};{n % 7}.5" for n, time in enumerate(times))

    for form in ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"):
        for days in (40, 10):  # 40 days: a number above 12; 10 days: only one order makes even steps
            (view,) = bench.examine(content(form, days)).proposal.datastreams
            assert (view.first, view.gap_count) == ("2024-01-01T00:00:00Z", 0), (form, days)
    open_to_both = "Date;Valeur\n" + "\n".join(f"0{n}/0{n}/2024 10:00;{n}.5" for n in range(1, 9))
    assert "dates" in [question.code for question in bench.examine(open_to_both).proposal.questions]


def test_delta_or_counter_by_the_whole_column(bench, hours):
    unsaid = replace(GAS, kind="")
    rising = bench.examine(hours(*[1000 + 3 * n for n in range(100)]), unsaid)
    assert {view.kind for view in rising.proposal.datastreams} == {"counter"}
    assert rising.proposal.datastreams[0].total == pytest.approx(3 * 99)
    changing = bench.examine(hours(*[n % 5 + 0.5 for n in range(100)]), unsaid)
    assert {view.kind for view in changing.proposal.datastreams} == {"delta"}
    asked = bench.examine(hours(1, 2, 3), unsaid)
    assert "kind" in [question.code for question in asked.proposal.questions]


def test_the_index_export_of_the_distributor(bench):
    lines = ["\ufeffIdentifiant PRM;Type de donnees;Date de debut;Date de fin;"
             "Grandeur physique;Grandeur metier;Etape metier;Unite",
             "00000000000000;Index;01/03/2024;30/04/2024;Energie active;Consommation;Comptage Brut;Wh", "",
             "Horodate;Type de releve;EAS F1;EAS F2;EAS D1;EAS D2;EAS T"]  # fmt: skip
    total = 1_834_405
    for n in range(60):
        day = datetime(2024, 3, 1) + timedelta(days=n)
        offset = "+01:00" if day < datetime(2024, 4, 1) else "+02:00"
        lines.append(f"{day:%Y-%m-%d}T00:00:00{offset};Arrêté quotidien;{n};{2 * n};{n};{2 * n};{total + 7000 * n}")
    lines += ["Periode;Identifiant calendrier fournisseur;Libelle calendrier fournisseur",
              "Du 2024-03-01T00:00:00+01:00 au;FC000001;Heures pleines et creuses"]  # fmt: skip
    report = bench.run("\n".join(lines) + "\n", Options(thing="mairie"))
    (view,) = report.proposal.datastreams
    assert (report.proposal.format, view.name, view.kind, view.unit) == (
        "enedis-index",
        "mairie/electricity",
        "counter",
        "Wh",
    )
    assert (view.count, view.total, view.total_unit) == (60, pytest.approx(7.0 * 59), "kWh")
    assert set(readings(datastream_named("mairie/electricity")).length_s.tolist()) == {0}


def workbook(rows: list[list[object]]) -> bytes:
    return book({"Relevés": rows})


def test_a_workbook(bench):
    rows: list[list[object]] = [["Relevés de l'école"], [], ["Date", "Gaz (kWh)"]]
    rows += [[START + timedelta(hours=n), n + 0.25] for n in range(48)]
    report = bench.run(workbook(rows), GAS, "relevés.xlsx")
    assert report.proposal.format == "xlsx"
    assert stored() == expected([n + 0.25 for n in range(48)])


def test_sheets_that_hold_no_readings_are_passed_over_and_that_is_said(bench):
    report = bench.run(book({"Notice": NOTICE, "Gaz": sheet_of(3), "Totaux": [["Année", "kWh"], [2024, 12]]}), GAS)
    assert (report.accepted, stored()[0][1]) == (3, 1.5)
    (taken,) = [fact for fact in report.proposal.taken if fact.what == "sheet"]
    assert (taken.value, taken.basis) == ("Gaz", "evidence")
    assert "Gaz" in taken.because


def test_of_several_sheets_with_readings_none_is_guessed(bench):
    content = book({"Janvier": sheet_of(3), "Notice": NOTICE, "Été 2": sheet_of(30, 100)})
    asked = bench.examine(content)
    assert (asked.status, asked.proposal.datastreams, asked.proposal.columns) == ("questions", [], [])
    (question,) = asked.proposal.questions
    assert (question.code, question.choices, question.default) == ("sheet", ("Janvier", "Été 2"), None)
    assert '--sheet "Été 2"' in question.option
    with pytest.raises(ImportRefused) as refused:
        bench.run(content)
    assert "--sheet" in str(refused.value)
    assert "Janvier" in refused.value.grounds[0].message
    assert not Batch.objects.exists()
    assert bench.run(content, replace(GAS, sheet="été 2")).accepted == 30
    assert stored()[0][1] == 100.5
    answered = bench.run(content, replace(GAS, thing="b", answers={"sheet": "Janvier"}))
    assert answered.accepted == 3
    assert answered.learnt.sheet == "Janvier"
    assert bench.run(content, replace(GAS, thing="c", mapping=answered.learnt)).accepted == 3
    with pytest.raises(Refused) as unknown:
        bench.run(content, replace(GAS, sheet="Mars"))
    assert (unknown.value.code, "Notice" in unknown.value.next_step) == ("no_such_sheet", True)


def test_a_sheet_that_is_a_drawing_is_no_table(bench):
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in sheet_of(3):
        made.active.append(row)
    made.create_chartsheet("Graphique")
    content = io.BytesIO()
    made.save(content)
    assert bench.run(content.getvalue()).accepted == 3


def test_lines_are_those_of_the_sheet(bench):
    rows: list[list[object]] = [["Relevés"], [], ["Date", "Gaz (kWh)"]]
    rows += [[START + timedelta(hours=n), n + 0.25 if n != 5 else "abc"] for n in range(20)]
    report = bench.examine(workbook(rows))
    assert [(ground.line, ground.code) for ground in report.refused] == [(9, "bad_value")]


def test_lines_of_json_and_a_document(bench):
    records = [
        {"time": (START + timedelta(hours=n)).isoformat() + "Z", "value": n + 0.5, "tags": {"site": "a"}}
        for n in range(30)
    ]
    lines = "\n".join(map(json.dumps, records))
    bench.run(lines, Options(thing="ecole", observed_property="gas", unit="kWh", kind="delta", stamps="end"))
    assert stored() == expected([n + 0.5 for n in range(30)])
    again = bench.run(json.dumps({"prm": "1", "readings": records}), GAS)
    assert (again.status, again.proposal.format) == ("unchanged", "json")


def test_parquet_and_gzip(bench):
    path = bench.folder / "readings.parquet"
    duckdb.sql(
        "COPY (SELECT TIMESTAMP '2024-03-12 23:00' + INTERVAL (i) HOUR AS time, i * 0.5 AS value FROM range(50) t(i)) "
        f"TO '{path}' (FORMAT parquet)"
    )
    assert bench.run(path).proposal.format == "parquet"
    assert stored() == expected([n * 0.5 for n in range(50)])
    text = "time;value\n" + "\n".join(f"{START + timedelta(hours=n)};{n * 0.5}" for n in range(50))
    assert bench.run(gzip.compress(text.encode()), GAS, "x.bin").status == "unchanged"


def test_epoch_seconds_and_milliseconds(bench):
    for factor in (1, 1000):
        first = int(START.replace(tzinfo=UTC).timestamp()) * factor
        text = "time,value\n" + "\n".join(f"{first + n * 3600 * factor},{n * 0.5}" for n in range(40))
        (view,) = bench.examine(
            text, Options(thing="a", observed_property="gas", unit="kWh", kind="delta", stamps="end")
        ).proposal.datastreams
        assert (view.first, view.step_s) == ("2024-03-12T23:00:00Z", 3600)


def test_stamps_at_the_start_are_stored_at_the_end(bench, hours):
    bench.run(hours(1.5, 2.5, 0.5, 3.5), replace(GAS, stamps="start"))
    assert stored() == expected([1.5, 2.5, 0.5, 3.5], start=datetime(2024, 1, 1, 2, 0))


def test_values_in_another_unit_are_converted_to_the_datastream_s(bench, hours):
    bench.run(hours(*[1.5, 2.5] * 10))
    later = hours(*[1500, 2500] * 10).replace("2024-01", "2024-02")
    bench.run(later, replace(GAS, unit="Wh"))
    assert np.unique(readings(datastream_named("ecole/gas")).value).tolist() == [1.5, 2.5]


def test_a_column_is_chosen_by_a_spec(bench):
    rows = "\n".join(f"2024-01-01 {n:02d}:00;{n};{n * 2};{n * 3}" for n in range(24))
    options = Options(thing="a", tz="UTC", columns={"c": ColumnSpec("value", "temperature", "°C")})
    (view,) = bench.examine(f"d;a;b;c\n{rows}", options).proposal.datastreams
    assert (view.name, view.maximum, view.unit) == ("a/temperature", 69, "Cel")


@pytest.mark.parametrize("stamps", ["start", "end"])
def test_each_of_many_meters_keeps_its_own_step(bench, stamps):
    steps = {f"m{n}": (15, 30, 60)[n % 3] for n in range(30)}
    lines = [
        f"{name};{START + timedelta(minutes=step * n):%d/%m/%Y %H:%M};{n % 7},5"
        for name, step in steps.items()
        for n in range(60)
    ]
    bench.run("compteur;horodate;valeur\n" + "\n".join(lines), replace(GAS, thing="", stamps=stamps))
    for name, step in steps.items():
        found = readings(datastream_named(f"{name}/gas"))
        assert found.length_s.tolist() == [step * 60] * 60
