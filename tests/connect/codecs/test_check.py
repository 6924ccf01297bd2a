"""`mitoyen codecs check`: what passes, and why the rest doesn't."""

import json

import pytest
from typer.testing import CliRunner

from mitoyen.cli import codecs
from mitoyen.cli.main import app
from mitoyen.connect.codecs.check import check
from mitoyen.connect.codecs.comparing import difference
from tests.connect.codecs.writing import THERMOMETER, THERMOMETER_YAML, codec, write


def reasons(report):
    return [one.reason for one in report.failures]


@pytest.fixture(autouse=True)
def _english(settings):
    settings.LANGUAGE_CODE = "en"


def test_examples_that_pass_are_counted_and_downlinks_are_not(tmp_path, pool):
    write(tmp_path, {"vendor/m/t.yaml": THERMOMETER_YAML, "vendor/m/thermometer.js": THERMOMETER})
    seen = []
    report = check(tmp_path, pool, lambda done, total: seen.append((done, total)))
    assert (report.files, report.total, report.passed, report.failures) == (1, 4, 4, [])
    assert seen == [(0, 1), (1, 1)]


@pytest.mark.parametrize("below", ["", "vendor", "vendor/m"])
def test_a_maker_can_check_its_own_folder(tmp_path, pool, below):
    write(tmp_path, {"vendor/m/t.yaml": THERMOMETER_YAML, "vendor/m/thermometer.js": THERMOMETER})
    assert check(tmp_path / below, pool).passed == 4


def test_files_that_describe_no_codec_are_left_alone(tmp_path, pool):
    write(
        tmp_path, {"vendor/m/profile.yaml": "macVersion: 1.0.3", "vendor/m/index.yaml": "- uplinkDecoder", "x.js": ""}
    )
    report = check(tmp_path, pool)
    assert (report.total, report.failures) == (0, [])


@pytest.mark.parametrize(
    ("output", "script", "reason"),
    [
        ("{data: {x: 2}}", "const decodeUplink = () => ({data: {x: 3}})", "data.x: 2 expected, 3 found"),
        ("{data: {x: 2}}", "const decodeUplink = () => ({data: {}})", "data.x: 2 expected, nothing found"),
        ("{data: {}}", "const decodeUplink = () => ({data: {y: {z: 1}}})", "data.y: nothing expected, {'z': 1} found"),
        ("{data: {x: [1, 2]}}", "const decodeUplink = () => ({data: {x: [1]}})", "data.x: [1, 2] expected, [1] found"),
        ("{data: {x: true}}", "const decodeUplink = () => ({data: {x: 1}})", "data.x: True expected, 1 found"),
        ("{data: {x: no}}", "const decodeUplink = () => ({data: {x: false}})", "data.x: 'no' expected, False found"),
        ("{errors: [a]}", "const decodeUplink = () => ({data: {x: 1}})", "errors: ['a'] expected, [] found"),
        ("{errors: [a]}", "const decodeUplink = () => ({errors: ['b']})", "errors[0]: 'a' expected, 'b' found"),
        ("{data: {}, warnings: [a]}", "const decodeUplink = () => ({data: {}})", "warnings: ['a'] expected, [] found"),
        ("{data: {}}", "throw new Error('no')", "the codec failed: Error: no"),
        ("{data: {}}", "for (;;);", "the codec takes too long"),
        ("{data: {}}", "(", "the codec can't be run: SyntaxError"),
        ("{data: {}}", "1", "the codec can't be run: no decodeUplink, Decode or Decoder"),
    ],
)
def test_why_an_example_does_not_pass(tmp_path, pool, output, script, reason):
    report = check(write(tmp_path, codec(output, script)), pool)
    assert (report.total, report.passed) == (1, 0)
    assert reasons(report)[0].startswith(reason)
    assert report.failures[0][:2] == ("vendor/m/c.yaml", "one")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("{fPort: 1, bytes: [256]}", "one: bytes are neither"),
        ("{fPort: 1, bytes: [1.5]}", "one: bytes are neither"),
        ("{fPort: 1, bytes: zz}", "one: bytes are neither"),
        ("{fPort: 1}", "one: bytes are neither"),
        ("{fPort: 300, bytes: [1]}", "one: fPort is no port"),
        ("{fPort: 1, bytes: [1], recvTime: later}", "one: recvTime is no time"),
        ("5", "one lacks its input or its output"),
    ],
)
def test_an_example_that_cannot_be_read_is_a_failure(tmp_path, pool, given, reason):
    report = check(write(tmp_path, codec("{data: {}}", "const decodeUplink = () => ({data: {}})", given)), pool)
    assert (report.total, report.passed) == (1, 0)
    assert reasons(report)[0].startswith(reason)


def test_the_time_of_receipt_is_the_examples(tmp_path, pool):
    given = "{fPort: 1, bytes: [1], recvTime: 2024-05-06T07:08:09+02:00}"
    script = "const decodeUplink = (input) => ({data: {at: input.recvTime}})"
    assert check(write(tmp_path, codec("{data: {at: '2024-05-06T05:08:09Z'}}", script, given)), pool).passed == 1


assert codecs  # Registers the command.

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.mark.parametrize(
    ("description", "reason"),
    [
        ("uplinkDecoder: [", "not YAML"),
        ("- " * 20_000 + "uplinkDecoder", "not YAML: nested too deeply"),
        ("uplinkDecoder: !!python/object/apply:os.system [ls]", "not YAML"),
        ("uplinkDecoder: 5", "uplinkDecoder is no mapping"),
        ("uplinkDecoder: {}", "uplinkDecoder.fileName is missing"),
        ("uplinkDecoder: {fileName: [x]}", "uplinkDecoder.fileName is missing"),
        ("uplinkDecoder: {fileName: none.js}", "none.js is missing"),
        ("uplinkDecoder: {fileName: ../../../outside.js}", "../../../outside.js lies outside the folder"),
        ("uplinkDecoder: {fileName: /etc/passwd}", "/etc/passwd lies outside the folder"),
        ("uplinkDecoder: {fileName: link.js}", "link.js lies outside the folder"),
        ("uplinkDecoder: {fileName: latin.js}", "latin.js is not UTF-8"),
        ("uplinkDecoder: {fileName: c.js, examples: 5}", "examples is no list"),
        ("uplinkDecoder: {fileName: 'a\\0b'}\n" + "#" * 2_000_001, "t.yaml is larger than"),
    ],
)
def test_a_description_that_cannot_be_used_is_said(tmp_path, pool, description, reason):
    folder = write(tmp_path / "in", {"vendor/m/t.yaml": description, "vendor/m/c.js": ""})
    write(tmp_path, {"outside.js": THERMOMETER})
    (folder / "vendor/m/link.js").symlink_to(tmp_path / "outside.js")
    (folder / "vendor/m/latin.js").write_bytes("// é".encode("latin-1"))
    report = check(folder, pool)
    assert report.total == 0
    assert [one.file for one in report.failures] == ["vendor/m/t.yaml"]
    assert reasons(report)[0].startswith(reason)


def test_aliases_that_would_fill_the_memory_are_shared(tmp_path, pool):
    files = codec("{data: {}}", "const decodeUplink = () => ({data: {}})")
    files["vendor/m/c.yaml"] += BOMB
    assert check(write(tmp_path, files), pool).passed == 1


def test_a_missing_script_fails_each_of_its_examples(tmp_path, pool):
    report = check(write(tmp_path, {"vendor/m/t.yaml": THERMOMETER_YAML}), pool)
    assert (report.total, report.passed) == (4, 0)
    assert reasons(report) == ["thermometer.js is missing"] * 4


def test_what_is_overlooked_is_told(tmp_path, pool):
    files = codec("{data: {x: '1,', y: 'z'}}", "const decodeUplink = () => ({data: {x: 1, y: 'z'}})")
    report = check(write(tmp_path / "number", files), pool)
    assert (report.passed, [one.reason for one in report.remarks]) == (1, ["a number is expected as a text"])
    report = check(write(tmp_path / "error", codec("{errors: [a]}", "const decodeUplink = () => ({data: {}})")), pool)
    assert report.passed == 1
    assert [one.reason for one in report.remarks] == ["an error is expected; nothing is decoded, but no error is told"]


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        (20, 20.0, True),
        (0.1, 0.30000000000000004 - 0.2, True),
        (1.0, 1.0000005, True),
        (1.0, 1.00001, False),
        (0, 1e-10, True),
        (0, 1e-6, False),
        (10**400, 1.0, False),
        (True, 1, False),
        ("2024-05-06T07:08:09Z", "2024-05-06T09:08:09.000+02:00", True),
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:10Z", False),
        ({"x": None}, {}, True),
        ({"x": float("nan")}, {}, True),
        ({1: "a"}, {"1": "a"}, True),
        ([1, None], [1], False),
    ],
)
def test_what_is_the_same(expected, found, same):
    assert (difference(expected, found) is None) is same


def test_the_command_says_it_to_people_and_to_scripts(tmp_path):
    write(tmp_path, codec("{data: {x: 2}}", "const decodeUplink = () => ({data: {x: 3}})"))
    write(tmp_path, {"vendor/m/t.yaml": THERMOMETER_YAML, "vendor/m/thermometer.js": THERMOMETER})
    run = CliRunner().invoke(app, ["codecs", "check", str(tmp_path)])
    assert run.exit_code == 1
    assert "! vendor/m/c.yaml: one: data.x: 2 expected, 3 found" in run.stdout
    assert "4 of 5 examples in 2 files pass." in run.stdout
    run = CliRunner().invoke(app, ["codecs", "check", str(tmp_path), "--json"])
    assert run.exit_code == 1
    assert json.loads(run.stdout) == {
        "total": 5,
        "passed": 4,
        "files": 2,
        "tolerance": 1e-6,
        "failures": [{"file": "vendor/m/c.yaml", "example": "one", "reason": "data.x: 2 expected, 3 found"}],
        "remarks": [],
    }


def test_the_command_is_content_with_good_codecs_and_not_with_none(tmp_path):
    (tmp_path / "empty").mkdir()
    assert CliRunner().invoke(app, ["codecs", "check", str(tmp_path / "empty")]).exit_code == 1
    write(tmp_path, {"vendor/m/t.yaml": THERMOMETER_YAML, "vendor/m/thermometer.js": THERMOMETER})
    assert CliRunner().invoke(app, ["codecs", "check", str(tmp_path)]).exit_code == 0
