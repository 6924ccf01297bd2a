"""Never lose: whatever happens to a file's bytes, each of its lines is a reading, blank, or named as refused."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.connect import lines, publish, series
from mitoyen.connect.layout import layout_of
from mitoyen.connect.options import ColumnSpec
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger.refusal import Refused
from tests.connect.conftest import Bench
from tests.connect.test_shapes import NONE_MISSING, written_series

# Refusals of a whole file that has no line to name.
WHOLE = {"not_text", "encoding", "no_time_column", "not_a_table", "unknown_dates", "truncated"}
STRAY = st.one_of(
    st.binary(min_size=1, max_size=4),
    st.text(';,\t|"\r\n \x00\x1a-0=éx', min_size=1, max_size=4).map(lambda text: text.encode("cp1252")),
)


def outcome(bench: Bench, content: bytes) -> int | None:
    """How many readings are accounted for; None when the file is refused or asks, with a line, or as a whole."""
    try:
        report = bench.examine(content, NONE_MISSING)
    except Refused as refusal:
        code, named = refusal.code, any(ground.line for ground in refusal.grounds)
    else:
        if report.status == "ready":
            return report.readings + report.duplicates + report.missing
        code, named = report.code, bool(report.proposal.questions) or any(ground.line for ground in report.refused)
    assert named or code in WHOLE, code
    return None


def refused_line(bench: Bench, content: str) -> int | None:
    """The first line that the refusal of a file names."""
    try:
        report = bench.examine(content, NONE_MISSING)
    except Refused as refusal:
        grounds = refusal.grounds
    else:
        grounds = report.refused if report.status == "refused" else []
    return next((ground.line for ground in grounds), None)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(series=written_series(), stray=STRAY, where=st.one_of(st.just(1.0), st.floats(0, 1)))
def test_stray_bytes_never_lose_a_reading(bench, series, stray, where):
    numbers, content = series
    at = round(where * len(content))
    accounted = outcome(bench, content[:at] + stray + content[at:])
    assert accounted is None or accounted >= len(numbers)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(series=written_series(), lost=st.integers(1, 3))
def test_a_file_that_ends_within_a_character_keeps_or_names_its_last_line(bench, series, lost):
    numbers, content = series
    accounted = outcome(bench, content[:-lost] + content[-1:])
    assert accounted is None or accounted >= len(numbers)


def test_a_damaged_first_reading_is_not_a_line_above_the_header(bench, hours):
    """A file without header: its first line is a reading like the others."""
    for damage in ("\x01", "ï»¿", "x", '"', ";"):
        content = damage + hours(*range(30)).split("\n", 1)[1]
        assert refused_line(bench, content) == 1, damage


def test_a_damaged_first_reading_below_a_header(bench, hours):
    """Two numbers too many on it, or a cell too few: the header stays the header."""
    header, first, rest = hours(*range(30)).split("\n", 2)
    for damaged in (f"{first};7;x\ny;z", first.replace(";", "")):
        assert refused_line(bench, f"{header}\n{damaged}\n{rest}") == 2, damaged


def test_a_file_marked_utf8_that_is_not_names_the_line(bench, hours):
    content = b"\xef\xbb\xbf" + hours(*range(30)).split("\n", 1)[1].rstrip().encode() + b"\xbf\n"
    with pytest.raises(Refused) as refusal:
        bench.examine(content, NONE_MISSING)
    assert (refusal.value.code, [ground.line for ground in refusal.value.grounds]) == ("encoding", [30])


def test_the_first_instant_that_can_be_is_a_reading(bench):
    """1970-01-01 00:00 itself was once neither refused nor kept."""
    rows = "\n".join(f"1970-01-01 {hour:02d}:00;{hour}.5" for hour in range(24))
    report = bench.examine(f"date;value\n{rows}\n", NONE_MISSING)
    assert (report.status, report.readings) == ("ready", 24)


def test_a_name_first_met_far_below_is_not_lost(bench):
    """Lines of JSON: a value under a name that the first thousand don't have."""
    start = datetime(2024, 1, 1)
    rows = [{"time": f"{start + timedelta(hours=n)}Z", "a" if n < 1500 else "b": n + 0.5} for n in range(3000)]
    options = replace(NONE_MISSING, columns={"a": ColumnSpec("value", "gas"), "b": ColumnSpec("value", "heat")})
    report = bench.examine("\n".join(map(json.dumps, rows)), options, "x.ndjson")
    assert (report.readings, len(report.proposal.datastreams)) == (3000, 2), report.message


class TestLinesAreCountedTwice:
    """The parser's count of lines is held against one of line ends and quotation marks."""

    def counted(self, bench, content: str) -> lines.Counted:
        path = bench.file(content)
        return lines.count(path, layout_of(path, typed=False))

    def test_plain_and_blank_lines(self, bench, hours):
        assert self.counted(bench, hours(*range(30))).records == 30
        assert self.counted(bench, hours(*range(30)).replace("\n", "\r\n\r\n")).records == 30
        assert self.counted(bench, hours(*range(30)).rstrip("\n")).records == 30

    def test_quoted_line_ends(self, bench):
        notes = ['"deux\n\n""lignes"" ;\n"', '"une"', "", "", "", "", "", ""]
        rows = "".join(f"2024-01-01 {n:02d}:00;{n}.5;{notes[n % 8]}\n" for n in range(24))
        assert self.counted(bench, f"date;valeur;note\n{rows}") == lines.Counted(24, 2)
        assert bench.examine(f"date;valeur;note\n{rows}").readings == 24

    def test_a_mark_inside_a_cell_opens_nothing(self, bench):
        rows = "".join(f'2024-01-01 {n:02d}:00;{n}.5;5" de long\n' for n in range(24))
        assert self.counted(bench, f"date;valeur;note\n{rows}") == lines.Counted(24)

    def test_a_difference_refuses_the_file(self, bench, hours, monkeypatch):
        monkeypatch.setattr(lines, "count", lambda table, layout: lines.Counted(31, 12))
        for options in (NONE_MISSING, replace(NONE_MISSING, skip_bad_lines=True)):
            with pytest.raises(Refused) as refusal:
                bench.run(hours(*range(30)), options)
            assert (refusal.value.code, refusal.value.grounds[0].line) == ("unaccounted", 12)
        assert not Batch.objects.exists()


def test_readings_lost_between_reading_and_sorting_refuse_the_file(bench, hours, monkeypatch):
    build = series.build

    def losing(found):
        build(found)
        found.con.execute("UPDATE clean SET v = 'NaN' WHERE ord = 7")

    monkeypatch.setattr(series, "build", losing)
    with pytest.raises(Refused) as refusal:
        bench.run(hours(*range(30)), NONE_MISSING)
    assert refusal.value.code == "unaccounted"


def test_readings_lost_in_staging_refuse_the_file(bench, hours, monkeypatch):
    rows_sql = publish.rows_sql
    monkeypatch.setattr(publish, "rows_sql", lambda *given: f"{rows_sql(*given)} WHERE v <> 7")
    with pytest.raises(Refused) as refusal:
        bench.run(hours(*range(30)), NONE_MISSING)
    assert refusal.value.code == "unaccounted"
    assert not Batch.objects.exists()
    assert not Datastream.objects.exists()


def test_a_line_left_out_gives_none_of_its_values(bench):
    """One column of two can't be read: with --skip-bad-lines the whole line is left out, as the report says."""
    rows = "\n".join(f"2024-01-01 {n:02d}:00;{n};{n if n != 5 else 'abc'}" for n in range(24))
    options = replace(NONE_MISSING, thing="", skip_bad_lines=True)
    report = bench.examine(f"date;mairie;gymnase\n{rows}\n", options)
    assert (report.readings, report.refused_count) == (46, 1)
