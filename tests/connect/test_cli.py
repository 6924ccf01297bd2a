"""`mitoyen import` as scripts call it: the exact commands, their JSON and their exit codes."""

import json
import subprocess
import sys

import pytest

GAS = ("--thing", "b0", "--property", "gas", "--unit", "kWh", "--kind", "delta", "--tz", "UTC", "--stamps", "start")


def test_import_twice_undo_and_again(installation, real_data):
    path = real_data / "energy/cambridge/b0_gas_2017.csv"
    first = installation.json("import", path, *GAS)
    told = {name: first[name] for name in ("status", "format", "rows", "accepted", "duplicates", "refused")}
    assert told == {
        "status": "imported", "format": "csv", "rows": 8760, "accepted": 8760, "duplicates": 0, "refused": [],
    }  # fmt: skip
    assert (first["blocking"], len(first["signature"])) == (0, 64)
    (stream,) = first["datastreams"]
    assert stream["energy_kwh"] == stream["total"]
    assert (stream["name"], stream["kind"], stream["unit"], stream["count"]) == ("b0/gas", "delta", "kWh", 8760)
    assert (stream["first"], stream["last"], stream["gaps"]) == ("2017-01-01T00:00:00Z", "2017-12-31T23:00:00Z", [])
    assert (stream["total"], stream["total_unit"]) == (pytest.approx(1_035_590), "kWh")
    again = installation.json("import", path, *GAS)
    assert (again["status"], again["accepted"], again["duplicates"], again["batch"]) == (
        "unchanged",
        0,
        8760,
        first["batch"],
    )
    undone = installation.json("import", "--undo", first["batch"], "--why", "wrong building")
    assert undone["status"] == "undone"
    assert installation.json("import", path, *GAS)["accepted"] == 8760
    installation.run("check")


def test_a_dry_run_writes_nothing(installation, real_data):
    path = real_data / "energy/cambridge/b0_gas_2018.csv"
    before = sorted(str(file) for file in installation.home.rglob("*.parquet"))
    dry = installation.json("import", path, *GAS, "--dry-run")
    assert (dry["status"], dry["dry_run"], dry["accepted"], dry["batch"]) == ("ready", True, 8760, None)
    assert sorted(str(file) for file in installation.home.rglob("*.parquet")) == before
    assert list((installation.home / "staging").iterdir()) == []
    assert installation.json("import", path, *GAS)["accepted"] == 8760


def test_what_is_ambiguous_is_refused_without_a_terminal_and_names_its_option(installation, real_data):
    path = real_data / "energy/cambridge/b0_gas_2018.csv"
    done = installation.run("import", path, "--thing", "b0", "--property", "gas", "--json", expect=1)
    report = json.loads(done.stdout)
    assert (report["status"], report["accepted"], report["batch"]) == ("refused", 0, None)
    assert [question["code"] for question in report["questions"]] == ["tz", "stamps"]
    for option in ("--tz", "--stamps"):
        assert option in done.stderr


def test_answers_are_kept_as_a_mapping_for_the_next_file(installation, real_data, tmp_path):
    folder, mapping = real_data / "energy/cambridge", tmp_path / "estate.toml"
    installation.json("import", folder / "b0_gas_2017.csv", *GAS, "--map", mapping)
    assert 'tz = "UTC"' in mapping.read_text()
    assert "b0" not in mapping.read_text()
    second = installation.json(
        "import", folder / "b4_gas_2017.csv", "--thing", "b4", "--property", "gas", "--map", mapping
    )
    assert (second["status"], second["datastreams"][0]["name"]) == ("imported", "b4/gas")
    mapping.write_text("tz = 'UTC'\nfoo = 1\n")
    installation.run(
        "import", folder / "b4_gas_2018.csv", "--thing", "b4", "--property", "gas", "--map", mapping, expect=1
    )


def test_weather_and_load_curve_with_little_said(installation, real_data):
    weather = installation.json(
        "import", real_data / "energy/cambridge/weather_bedford_2017.csv", "--thing", "weather", "--tz", "UTC"
    )
    assert {stream["property"]: stream["total"] for stream in weather["datastreams"]} == {
        "temperature": None, "humidity": None, "solar_radiation": None,
    }  # fmt: skip
    assert {stream["energy_kwh"] for stream in weather["datastreams"]} == {None}
    curve = installation.json(
        "import",
        real_data / "energy/enedis/load-curve-hourly-and-half-hourly.csv",
        "--thing",
        "x",
        "--property",
        "electricity",
    )
    assert curve["datastreams"][0]["total"] == pytest.approx(4898, rel=0.005)


def test_several_files_each_with_its_report(installation, real_data):
    folder = real_data / "energy/cambridge"
    done = installation.json("import", folder / "b0_gas_2017.csv", folder / "b0_gas_2018.csv", *GAS)
    assert [report["accepted"] for report in done["files"]] == [8760, 8760]
    mixed = installation.run("import", folder / "b0_gas_2019.csv", folder / "none.csv", *GAS, "--json", expect=1)
    assert [report["status"] for report in json.loads(mixed.stdout)["files"]] == ["imported", "refused"]


def test_things_stay_outside_the_territory_unless_a_commune_is_named(installation, real_data):
    installation.run("communes", "load")
    folder = real_data / "energy/cambridge"
    installation.json("import", folder / "b0_gas_2017.csv", *GAS)
    installation.json("import", folder / "b4_gas_2017.csv", "--thing", "b4", *GAS[2:], "--commune", "Trélazé")
    shown = installation.python(
        "from mitoyen.territory.models import Thing\n"
        "print(sorted((t.slug, t.commune.slug if t.commune else None) for t in Thing.objects.all()))"
    )
    assert shown.strip() == "[('b0', None), ('b4', 'trelaze')]"


@pytest.mark.parametrize(
    "arguments",
    [
        ("import",),
        ("import", "x.csv", "--kind", "sideways"),
        ("import", "x.csv", "--stamps", "middle"),
        ("import", "x.csv", "--nonsense"),
        ("import", "x.csv", "--undo", "1"),
        ("import", "x.csv", "--column", "t"),
    ],
)
def test_wrong_usage_is_exit_2(installation, arguments):
    installation.run(*arguments, expect=2)


def test_refusals_are_exit_1_in_french_with_the_line_and_nothing_on_standard_output(installation, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("date;valeur\n2024-01-01 00:00;1,5\n2024-01-01 01:00;abc\n2024-01-01 02:00;2,5\n")
    done = installation.run("import", path, *GAS, expect=1)
    assert done.stdout == ""
    assert "ligne 3" in done.stderr
    assert "rien n’est" in done.stderr or "rien du fichier" in done.stderr
    english = installation.run("import", path, *GAS, expect=1, MITOYEN_LANGUAGE="en")
    assert "line 3" in english.stderr


def test_questions_come_first_each_with_its_option(installation, real_data):
    done = installation.run("import", real_data / "air/AirQualityUCI.csv", "--dry-run", expect=1)
    lines = done.stderr.splitlines()
    assert len(lines) < 12
    assert lines[0].startswith("AirQualityUCI.csv\xa0: Le fichier laisse 2 questions ouvertes")
    assert [line[:5] for line in lines if "→" in line or line[2:3].isdigit()] == ["  1. ", "     ", "  2. ", "     "]
    assert "valeur" not in done.stderr


def test_lines_without_a_value_are_summed_up(installation, real_data):
    arguments = ("--thing", "air", "--tz", "UTC", "--column", "T=temperature:Cel", "--missing", "-200")
    done = installation.run("import", real_data / "air/AirQualityUCI.csv", *arguments)
    assert "8\u202f991 relevés importés" in done.stdout
    assert "366 lignes sans valeur (lignes 526, 527, 528, 703, 704, …)" in done.stdout


def test_what_a_file_holds_does_not_steer_the_terminal(installation, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("date;valeur\n2024-01-01 00:00;1,5\n2024-01-01 01:00;\x1b[31mrouge\n2024-01-01 02:00;2,5\n")
    done = installation.run("import", path, *GAS, expect=1)
    assert "\x1b" not in done.stderr
    assert "rouge" in done.stderr


def test_two_at_once_import_a_file_once(installation, real_data):
    path = real_data / "energy/cambridge/b0_gas_2017.csv"
    command = [sys.executable, "-m", "mitoyen.cli", "import", str(path), *GAS, "--json"]
    both = [
        subprocess.Popen(command, env=installation.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    told = [json.loads(process.communicate(timeout=200)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sorted((report["status"], report["accepted"], report["duplicates"]) for report in told) == [
        ("imported", 8760, 0), ("unchanged", 0, 8760),
    ]  # fmt: skip
    assert installation.json("import", path, *GAS)["duplicates"] == 8760
    installation.run("check")


@pytest.mark.parametrize("moment", ["staged", "committing", "moved", "committed", "live"])
def test_killed_at_any_moment_it_is_whole_or_absent_and_can_be_done_again(installation, tmp_path, moment):
    path = tmp_path / "a.csv"
    lines = [f"2024-01-{1 + n // 24:02d} {n % 24:02d}:00;{n % 9},5" for n in range(300)]
    path.write_text("\n".join(["date;valeur", *lines]))
    installation.run("import", path, *GAS, expect=-9, MITOYEN_KILL_AT=moment)
    again = installation.json("import", path, *GAS)
    assert again["accepted"] + again["duplicates"] == 300
    assert len(installation.json("read", "b0/gas", "--from", "2024-01-01", "--to", "2024-02-01")["values"]) == 300
    installation.run("check")
    assert list((installation.home / "staging").glob("import-*")) == []
    # What the batch holds is known all the same: who may take it back depends on it.
    told = "from mitoyen.history.models import Batch\nprint([b.summary for b in Batch.objects.filter(state='live')])"
    summary = {"format": "csv", "rows": 300, "readings": 300, "missing": 0, "refused": 0, "datastreams": ["b0/gas"]}
    assert installation.python(told).strip() == str([summary])
