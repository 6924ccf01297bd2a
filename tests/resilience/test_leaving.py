"""Leaving and coming back: a backup restores everything; an installation fed with an export gives the same figures."""

import csv
import json
import math
import tarfile
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from tests.installation import Installation

PERIODS = ("--baseline", "2022-01-01..2022-12-31", "--reporting", "2023-01-01..2023-12-31")
FIGURES = """
from mitoyen.evaluate.models import Figure
for figure in Figure.objects.filter(current=True).order_by("id"):
    print(figure.id, figure.subject, figure.measure, figure.fingerprint)
"""
UPLINK = {"device": "70b3d5e75e0042a7", "time": "2026-05-28T20:26:38Z", "payload": "0367ff0a04", "encoding": "hex"}
FRAMES = """
from mitoyen.connect.uplinks import keeping
for frame in sorted(frame for some in keeping.kept() for frame in some):
    print(frame)
"""


def write_year(folder):
    """Two years of a school's gas and weather by the hour, a quarter less gas in the second year."""
    gas, weather = folder / "gas.csv", folder / "weather.csv"
    with gas.open("w") as g, weather.open("w") as w:
        g.write("time;gas [kWh]\n")
        w.write("time,air_temperature [degC]\n")
        start = datetime(2022, 1, 1, tzinfo=UTC)
        for hour in range(2 * 8760):
            time = start + timedelta(hours=hour)
            cold = 11 - 9 * math.cos((hour % 8760 - 400) / 8760 * 2 * math.pi) + 3 * math.sin(hour / 37)
            noise = 1 + 0.1 * math.sin(hour * 12.9898)
            use = (2 + max(0.0, 15 - cold)) * noise * (0.75 if time.year == 2023 else 1)
            g.write(f"{time:%d/%m/%Y %H:%M};{use:.2f}\n".replace(".", ","))
            w.write(f"{time:%Y-%m-%d %H:%M:%S},{cold:.1f}\n")
    return gas, weather


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory):
    """An installation with readings, figures, a correction, an undone batch and an account."""
    folder = tmp_path_factory.mktemp("lived-in")
    installation = Installation(folder / "home")
    installation.run("init")
    installation.run("communes", "load")
    gas, weather = write_year(folder)
    installation.run("import", weather, "--thing", "weather", "--tz", "UTC")
    school = ("--thing", "school", "--property", "gas", "--kind", "delta", "--tz", "UTC", "--stamps", "start")
    installation.run("import", gas, *school, "--commune", "49028")
    corrected = folder / "corrected.csv"
    corrected.write_text("time;gas [kWh]\n25/03/2023 10:00;9,99\n25/03/2023 11:00;8,88\n")
    installation.run("import", corrected, *school, "--correct", "--why", "misread")
    installation.run("evaluate")
    sent = folder / "sent.jsonl"
    sent.write_text("".join(json.dumps({**UPLINK, "counter": number}) + "\n" for number in range(3)))
    installation.run("uplinks", "import", sent, "--format", "plain")
    return installation


@pytest.fixture
def elsewhere(tmp_path):
    return Installation(tmp_path / "elsewhere")


def test_a_backup_brings_everything_back_and_the_figures_stand(lived_in, elsewhere, tmp_path):
    figures = lived_in.python(FIGURES)
    assert figures.count("\n") >= 3
    said = lived_in.json("backup", tmp_path / "all.tar")
    assert said["files"] > 5
    elsewhere.json("restore", tmp_path / "all.tar")
    assert elsewhere.python(FIGURES) == figures
    elsewhere.run("check")
    elsewhere.run("evaluate")
    assert elsewhere.python(FIGURES) == figures
    assert (elsewhere.home / "secret.key").read_text() == (lived_in.home / "secret.key").read_text()
    assert elsewhere.python(FRAMES) == lived_in.python(FRAMES)
    assert lived_in.python(FRAMES).count("Frame(") == 3
    # A message that comes again is known.
    assert elsewhere.json("uplinks", "import", lived_in.home.parent / "sent.jsonl")["duplicates"] == 3


def test_an_empty_installation_fed_with_the_export_computes_the_same_figures(lived_in, elsewhere, tmp_path):
    lived_in.json("export", "--all", tmp_path / "export")
    elsewhere.json("restore", tmp_path / "export")
    elsewhere.run("check")
    elsewhere.python("from mitoyen.evaluate.models import Figure; Figure.objects.all().delete()")
    elsewhere.run("evaluate")
    assert elsewhere.python(FIGURES) == lived_in.python(FIGURES)
    assert elsewhere.python(FRAMES) == lived_in.python(FRAMES)
    first = lived_in.python(FIGURES).split()[0]
    assert elsewhere.json("figure", first, "--recompute")["still"] is True
    assert "misread" in elsewhere.python(
        "from mitoyen.history.models import Batch; print(*Batch.objects.values_list('why', flat=True))"
    )


def test_the_export_is_open_described_and_holds_no_secret(lived_in, tmp_path):
    lived_in.run("people", "add", "agent@example.org", "--name", "Agent", "--role", "energy_officer")
    folder = tmp_path / "export"
    lived_in.json("export", "--all", folder)
    package = json.loads((folder / "datapackage.json").read_text())
    for resource in package["resources"]:
        with (folder / resource["path"]).open(newline="") as table:
            assert next(csv.reader(table)) == [field["name"] for field in resource["schema"]["fields"]]
    shapes = json.loads((folder / "communes.geojson").read_text())
    assert len(shapes["features"]) == 29
    rows = duckdb.connect().execute(f"SELECT count(*) FROM read_parquet('{folder}/archive/*/*.parquet')").fetchall()
    assert rows[0][0] >= 2 * 2 * 8760
    names = {path.name for path in folder.rglob("*")}
    assert not {"secret.key", "gate.keys", "mitoyen.toml", "territory-person.csv", "mfa-authenticator.csv"} & names
    assert "pbkdf2" not in (folder / "tables" / "ledger-auditentry.csv").read_text()


def test_a_damaged_backup_restores_nothing_and_names_the_file(lived_in, elsewhere, tmp_path):
    whole, damaged = tmp_path / "whole.tar", tmp_path / "damaged.tar"
    lived_in.run("backup", whole)
    with tarfile.open(whole) as source, tarfile.open(damaged, "w") as target:
        for member in source:
            content = source.extractfile(member)
            if member.name.endswith(".parquet") and content is not None:
                data = bytearray(content.read())
                data[len(data) // 2] ^= 1
                (tmp_path / "part").write_bytes(data)
                content = (tmp_path / "part").open("rb")
            target.addfile(member, content)
            if content is not None:
                content.close()
    said = elsewhere.run("restore", damaged, expect=1, MITOYEN_LANGUAGE="en").stderr
    assert ".parquet is missing or changed" in said
    assert not any((elsewhere.home / "archive").iterdir())


def test_a_truncated_backup_or_another_file_is_refused(lived_in, elsewhere, tmp_path):
    whole = tmp_path / "whole.tar"
    lived_in.run("backup", whole)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    elsewhere.run("restore", cut, expect=1)
    cut.write_text("not a backup")
    elsewhere.run("restore", cut, expect=1)
    elsewhere.run("restore", tmp_path / "absent.tar", expect=1)


def test_a_full_installation_is_never_overwritten(lived_in, tmp_path):
    lived_in.run("backup", tmp_path / "all.tar")
    assert lived_in.run("restore", tmp_path / "all.tar", expect=1).stderr
    lived_in.run("backup", tmp_path / "all.tar", expect=1)
