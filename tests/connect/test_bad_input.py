"""Bad input of any kind: a clear message with the line, and nothing lost, doubled or left behind."""

import gzip
import io
import os
import time
import zipfile
from dataclasses import replace
from datetime import datetime, timedelta

import duckdb
import pytest

from mitoyen.connect import records
from mitoyen.connect.errors import ImportRefused
from mitoyen.connect.imports import run
from mitoyen.connect.intake import MAX_BYTES
from mitoyen.connect.options import Options
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Thing
from tests.connect.conftest import GAS

GOOD = [f"2024-01-{1 + n // 24:02d} {n % 24:02d}:00;{n % 9},5" for n in range(100)]


def with_line(text: str, at: int = 50) -> str:
    """A good file whose line `at` + 2 is `text`."""
    return "\n".join(["date;valeur", *GOOD[:at], text, *GOOD[at + 1 :]]) + "\n"


def refused(bench, content, name="readings.csv", options=GAS) -> Refused:
    with pytest.raises(Refused) as refusal:
        bench.run(content, options, name)
    assert not Batch.objects.exists()
    assert not Datastream.objects.exists()
    assert not Thing.objects.exists()
    assert list((bench.folder.parent / "home" / "staging").iterdir()) == []
    assert refusal.value.message
    return refusal.value


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("2024-01-03 02:00;abc", "bad_value"),
        ("2024-01-03 02:00;1.5", "bad_value"),  # decimal commas elsewhere: a point is not guessed
        ("2024-01-03 02:00;1_000", "bad_value"),
        ("2024-01-03 02:00;=SUM(A1:A3)", "formula"),
        ("2024-01-03 02:00;=1+1", "formula"),
        ("2024-01-03 02:00;1e999", "too_large"),
        ("0000-01-03 02:00;1,5", "bad_time"),
        ("12024-01-03 02:00;1,5", "bad_time"),
        ("2024-01-03 02:00;@cmd|' /C calc'!A0", "formula"),
        ("2024-01-03 02:00;NaN", "not_finite"),
        ("2024-01-03 02:00;inf", "not_finite"),
        ("2024-01-03 02:00;1e308", "too_large"),
        ("2024-01-03 02:00;'; DROP TABLE raw; --", "too_many_cells"),
        ("2024-01-03 02:00;' OR 1=1 --", "bad_value"),
        ("2024-01-03 02:00;<script>alert(1)</script>", "bad_value"),
        ("2024-13-03 02:00;1,5", "bad_time"),
        ("2024-02-30 02:00;1,5", "bad_time"),
        ("pas une date;1,5", "bad_time"),
        (";1,5", "no_time"),
        ("1900-01-03 02:00;1,5", "implausible_time"),
        ("2100-01-03 02:00;1,5", "implausible_time"),
        ("2024-01-03 02:00;1,5;7;8", "too_many_cells"),
        ("2024-01-03 02:00", "too_few_cells"),
        ("2024-01-03 01:00;99,5", "contradiction"),
    ],
)
def test_a_bad_line_refuses_the_file_and_is_named(bench, line, code):
    refusal = refused(bench, with_line(line))
    assert isinstance(refusal, ImportRefused)
    assert [(g.line, g.code) for g in refusal.grounds if g.line] == [(52, code)]
    assert refusal.next_step


def test_line_numbers_count_what_the_person_sees(bench):
    """Lines above, blank lines and a quoted line break are lines too."""
    lines = ["Relevés", "", "date;valeur;note", *[f"{line};" for line in GOOD[:10]], "",
             '2024-01-01 10:00;1,5;"deux', 'lignes"',
             *[f"{line};" for line in GOOD[11:30]], "2024-01-05 00:00;xyz;"]  # fmt: skip
    refusal = refused(bench, "\n".join(lines) + "\n")
    assert [(g.line, g.code) for g in refusal.grounds] == [(len(lines), "bad_value")]


def test_bad_lines_can_be_left_out_and_are_listed(bench):
    report = bench.run(with_line("2024-01-03 02:00;abc"), replace(GAS, skip_bad_lines=True))
    assert (report.status, report.accepted, report.refused_count) == ("imported", 99, 1)
    assert [(g.line, g.code) for g in report.refused] == [(52, "bad_value")]


def test_leaving_lines_out_does_not_choose_between_two_values(bench):
    refusal = refused(bench, with_line("2024-01-03 01:00;99,5"), options=replace(GAS, skip_bad_lines=True))
    assert "contradiction" in {g.code for g in refusal.grounds}


def test_an_open_quote_is_not_a_hole(bench):
    for options in (GAS, replace(GAS, skip_bad_lines=True)):
        refusal = refused(bench, with_line('"2024-01-03 02:00;1,5'), options=options)
        assert isinstance(refusal, ImportRefused)


def test_identical_lines_are_counted_once(bench):
    report = bench.run(with_line(GOOD[49]))
    assert (report.duplicates, report.accepted) == (1, 99)


@pytest.mark.parametrize("text", ["NA", "null", "#N/A", "-"])
def test_words_for_no_value_are_proposed_with_their_count(bench, text):
    content = with_line(f"2024-01-03 02:00;{text}")
    with pytest.raises(ImportRefused) as refusal:
        bench.run(content)
    assert f"--missing {text.lower()}" in refusal.value.next_step
    report = bench.run(content, replace(GAS, missing=(text,)))
    assert (report.accepted, report.missing) == (99, 1)


def test_numbers_for_no_value_are_proposed_not_assumed(bench):
    report = bench.examine(with_line("2024-01-03 02:00;-999"))
    assert [(q.code, q.default) for q in report.proposal.questions] == [("missing", "-999")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"date;valeur\n", "no_time_column"),
        (b"bonjour\n", "no_time_column"),
        (bytes(range(256)) * 10, "not_text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not_a_table"),
        (b"PAR1" + bytes(50), "truncated"),
        (b"PK\x03\x04" + bytes(50), "truncated"),
        (b'{"a": [1, 2', "malformed"),
        (b"[" * 100_000, "malformed"),
        (b'[{"t": "2024-01-01", "v": ' + b"9" * 5000 + b"}]", None),
        (b"x" * 5_000_000, "long_line"),
        (b"date;valeur\n2024-01-01 00:00;" + b"1" * 3_000_000 + b"\n", None),
    ],
)
def test_what_is_no_table_is_said_so(bench, content, code):
    refusal = refused(bench, content)
    assert code is None or refusal.code == code, refusal


def test_a_truncated_or_damaged_gzip(bench):
    whole = gzip.compress(("date;valeur\n" + "\n".join(GOOD)).encode())
    for part in (whole[:-10], whole[: len(whole) // 2], whole[:15]):
        assert refused(bench, part, "x.csv.gz").code == "truncated"


def test_a_gzip_bomb(bench):
    assert refused(bench, gzip.compress(bytes(200_000_000), 9), "x.csv.gz").code == "bomb"


def test_a_zip_bomb_in_a_workbook(bench):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(100_000_000))
    assert refused(bench, out.getvalue(), "x.xlsx").code == "bomb"


def test_an_archive_that_is_no_workbook(bench):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    assert refused(bench, out.getvalue(), "x.zip").code == "not_a_table"


def test_formulas_without_their_value(bench):
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["date", "kWh"])
    for n in range(20):
        book.active.append([f"2024-01-01 {n:02d}:00", f"=A{n + 1}*2"])
    out = io.BytesIO()
    book.save(out)
    refusal = refused(bench, out.getvalue(), "x.xlsx")
    assert (refusal.code, refusal.grounds[0].line) == ("formula", 2)


def test_a_parquet_file_of_a_few_kilobytes_that_holds_gigabytes(bench, monkeypatch):
    path = bench.folder / "bomb.parquet"
    rows = "SELECT '2024-01-01 00:00' AS date, repeat('x', 1000) AS note FROM range(4000000)"
    duckdb.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    assert path.stat().st_size < 500_000
    monkeypatch.setattr(records, "MAX_TABLE", 20_000_000)
    size = records._size
    written: list[int] = []

    def noted(file):
        written.append(size(file))
        return written[-1]

    monkeypatch.setattr(records, "_size", noted)
    assert refused(bench, path.read_bytes(), "bomb.parquet").code == "bomb"
    assert max(written) < 2_000_000_000


def test_a_parquet_file_made_to_fill_the_memory(bench, settings):
    settings.MITOYEN = {**settings.MITOYEN, "memory_limit": "60MB"}
    path = bench.folder / "bomb.parquet"
    rows = "SELECT '2024-01-01 00:00' AS date, repeat('x', 100000) AS note FROM range(4000)"
    duckdb.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
    assert refused(bench, path.read_bytes(), "bomb.parquet").code == "bomb"


def test_a_sheet_made_to_be_searched_for_ever(bench):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", '<c r="A1"' * 100_000)
    started = time.monotonic()
    assert refused(bench, out.getvalue(), "x.xlsx").code == "damaged"
    assert time.monotonic() - started < 5


def test_a_file_over_the_limit_is_refused_at_once(bench):
    path = bench.folder / "huge.csv"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1024**3)
    assert refused(bench, path).code == "too_large"


def test_what_is_no_file(bench):
    (bench.folder / "folder.csv").mkdir()
    (bench.folder / "dangling.csv").symlink_to(bench.folder / "nowhere")
    os.mkfifo(bench.folder / "pipe.csv")
    for name, code in (
        ("folder.csv", "folder"),
        ("dangling.csv", "missing_file"),
        ("pipe.csv", "not_a_file"),
        ("none.csv", "missing_file"),
    ):
        assert refused(bench, bench.folder / name).code == code


def test_a_link_to_a_file_is_followed(bench, hours):
    (bench.folder / "link.csv").symlink_to(bench.file(hours(1.5, 2.5, 3.5)))
    assert bench.run(bench.folder / "link.csv").status == "imported"


def test_overlapping_intervals_are_refused(bench):
    rows = ["01/01/2024;01/02/2024;10", "15/01/2024;15/02/2024;20", "15/02/2024;01/03/2024;30"]
    options = Options(thing="a", observed_property="gas", unit="kWh", kind="delta", tz="UTC")
    refusal = refused(bench, "Début;Fin;kWh\n" + "\n".join(rows), options=options)
    assert [(g.code, g.line) for g in refusal.grounds] == [("overlap", 3)]


def test_an_overlap_is_told_once_when_another_meter_repeats_a_line(bench):
    rows = ["a;01/01/2024;01/02/2024;10", "a;15/01/2024;15/02/2024;20", *["b;01/01/2024;01/02/2024;30"] * 2]
    options = Options(observed_property="gas", unit="kWh", kind="delta", tz="UTC")
    refusal = refused(bench, "compteur;Début;Fin;kWh\n" + "\n".join(rows), options=options)
    assert [(g.code, g.line) for g in refusal.grounds] == [("overlap", 3)]


def test_a_separator_in_a_meter_s_name_names_its_lines(bench):
    """Lines of another width say nothing about what the columns hold."""
    rows = "\n".join(f"{name};2024-01-01 {n:02d}:00;{n},5" for n in range(24) for name in ("a", "b", "'; DROP x --"))
    refusal = refused(bench, f"compteur;date;valeur\n{rows}\n", options=replace(GAS, thing=""))
    assert [(g.code, g.line) for g in refusal.grounds][:2] == [("too_many_cells", 4), ("too_many_cells", 7)]


def test_epochs_out_of_range(bench):
    rows = "\n".join(f"{1700000000 + n * 3600};{n % 9}.5" for n in range(50))
    refusal = refused(bench, f"t;v\n{rows}\n99999999999999999999999;1.5\n-5;2.5\n")
    assert [(g.code, g.line) for g in refusal.grounds] == [("bad_time", 52), ("bad_time", 53)]


def test_a_whole_second_among_fractions(bench):
    """The only one stands where no sample looks."""
    times = [datetime(2023, 1, 1, 0, 0, 0, 145000 if n != 3500 else 0) + timedelta(hours=n) for n in range(20_000)]
    content = "\n".join(["t;v", *(f"{time};{n % 9}.5" for n, time in enumerate(times))])
    assert bench.examine(content).readings == 20_000


def test_reasons_are_summed_up(bench):
    lines = ["date;valeur", *GOOD]
    for at in range(20, 60, 2):
        lines[at] = lines[at].split(";")[0] + ";abc"
    lines[70], lines[80] = "x;1,5", "y;2,5"
    report = bench.examine("\n".join(lines))
    told = [(reason.code, reason.count, reason.lines) for reason in report.reasons]
    assert told == [("bad_value", 20, (21, 23, 25, 27, 29)), ("bad_time", 2, (71, 81))]
    assert (report.blocking, len(report.refused)) == (22, 22)


def test_while_the_columns_are_open_no_line_lacks_a_value(bench):
    rows = "\n".join(f"2024-01-01 {n:02d}:00;{n},5;{n},5" for n in range(24))
    report = bench.examine(f"date;x;y\n{rows}", Options(thing="a", tz="UTC"))
    assert "columns" in [question.code for question in report.proposal.questions]
    assert (report.refused, report.refused_count, report.reasons) == ([], 0, [])


def test_duplicate_headers_are_told_apart(bench):
    rows = "\n".join(f"2024-01-01 {n:02d}:00;{n},5;{n * 2},5" for n in range(24))
    report = bench.examine(
        f"date;kWh;kWh\n{rows}", Options(observed_property="gas", unit="kWh", kind="delta", tz="UTC", stamps="end")
    )
    assert [column.name for column in report.proposal.columns] == ["date", "kWh", "kWh (2)"]


NASTY = [
    "'; DROP TABLE raw; --",
    '"><script>alert(1)</script>',
    "../../etc/passwd",
    "a'b",
    "C:\\x",
    "${jndi:ldap://x}",
    "é" * 300,
]


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names_are_only_names(bench, name):
    cell = name.replace('"', '""')
    wide = "\n".join(f"2024-01-01 {n:02d}:00;{n},5" for n in range(24))
    bench.run(f'date;"{cell}"\n{wide}', GAS)
    long = "\n".join(f'2024-02-01 {n:02d}:00;"{meter}";{n},5' for n in range(24) for meter in (cell, "autre"))
    report = bench.run(
        f"date;compteur;valeur\n{long}",
        Options(observed_property="gas", unit="kWh", kind="delta", tz="UTC", stamps="end"),
    )
    assert report.accepted == 48
    for thing in Thing.objects.all():
        assert set(thing.slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "options", [Options(thing="../x", tz="UTC"), Options(thing="a b"), Options(thing="a", observed_property="x; DROP")]
)
def test_nasty_options_are_refused(bench, hours, options):
    refused(bench, hours(1, 2, 3), options=options)


def test_a_known_time_with_another_value_is_refused_unless_corrected(bench, hours):
    bench.run(hours(1.5, 2.5, 3.5))
    other = hours(1.5, 9.5, 3.5, 4.5)
    with pytest.raises(ImportRefused) as refusal:
        bench.run(other)
    assert refusal.value.code == "conflict"
    dry = bench.examine(other)
    assert (dry.status, dry.conflicts, dry.duplicates, dry.accepted) == ("refused", 1, 2, 1)
    assert Batch.objects.count() == 1
    with pytest.raises(Refused):
        bench.run(other, replace(GAS, correct=True))
    report = bench.run(other, replace(GAS, correct=True, why="compteur relu"))
    assert report.status == "imported"


def test_another_kind_than_the_datastream_s_is_refused(bench, hours):
    bench.run(hours(1.5, 2.5, 3.5))
    with pytest.raises(ImportRefused) as refusal:
        bench.run(hours(1.5, 2.5, 3.5).replace("2024-01", "2024-02"), replace(GAS, kind="counter"))
    assert refusal.value.code == "datastream_differs"


def test_an_installation_is_needed(hours, tmp_path, settings):
    settings.MITOYEN_HOME = tmp_path / "none"
    (tmp_path / "a.csv").write_text(hours(1, 2, 3))
    with pytest.raises(Refused) as refusal:
        run(tmp_path / "a.csv", GAS, "camille")
    assert refusal.value.code == "no_installation"
