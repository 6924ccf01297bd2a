"""The whole way with the state and the journal in PostgreSQL, and from there to SQLite by a backup."""

import subprocess

import pytest

from tests.gate.test_gate import reading, send
from tests.installation import Installation
from tests.resilience.test_leaving import FIGURES, PERIODS, write_year

pytestmark = pytest.mark.postgresql


@pytest.fixture
def on_postgresql(postgresql_folder, tmp_path):
    """An installation with its databases in a PostgreSQL database of its own."""
    create = ["psql", "-h", str(postgresql_folder), "-U", "mitoyen", "postgres", "-qc"]
    subprocess.run([*create, "DROP DATABASE IF EXISTS whole"], check=True, capture_output=True)
    subprocess.run([*create, "CREATE DATABASE whole"], check=True, capture_output=True)
    url = f"postgresql://mitoyen@/whole?host={postgresql_folder}"
    made = Installation(tmp_path / "home")
    made.home.mkdir()
    (made.home / "mitoyen.toml").write_text(f'database_url = "{url}"\njournal_url = "{url}"\n')
    made.run("init")
    return made


def test_import_savings_live_readings_check_and_move_to_sqlite(on_postgresql, tmp_path):
    assert not (on_postgresql.home / "state.sqlite3").exists()
    on_postgresql.run("communes", "load")
    gas, weather = write_year(tmp_path)
    on_postgresql.run("import", weather, "--thing", "weather", "--tz", "UTC")
    school = ("--thing", "hall", "--property", "electricity", "--tz", "UTC", "--stamps", "start")
    on_postgresql.run("import", gas, *school, "--kind", "delta", "--commune", "49028")
    assert on_postgresql.json("import", gas, *school, "--kind", "delta")["accepted"] == 0
    (saving,) = on_postgresql.json("savings", "hall", *PERIODS)["datastreams"]
    assert saving["verdict"] == "proven"
    assert on_postgresql.json("figure", saving["figure"], "--recompute")["still"] is True

    key = on_postgresql.run("gate-key", "supplier", "--may", "observations").stdout.strip()
    with on_postgresql.serving("gate") as (_process, _door, gate):
        assert send(gate, [reading(60, 1.5), reading(120, 2.5)], key)[1]["accepted"] == 2
    on_postgresql.run("evaluate")
    on_postgresql.run("check")
    assert not (on_postgresql.home / "journal.sqlite3").exists()

    on_postgresql.run("backup", tmp_path / "all.tar")
    elsewhere = Installation(tmp_path / "elsewhere")
    elsewhere.run("restore", tmp_path / "all.tar")
    assert (elsewhere.home / "state.sqlite3").exists()
    assert "postgresql" not in (elsewhere.home / "mitoyen.toml").read_text()
    elsewhere.run("check")
    assert elsewhere.python(FIGURES) == on_postgresql.python(FIGURES)
    assert elsewhere.json("figure", saving["figure"], "--recompute")["still"] is True
    live = ("read", "hall/electricity", "--from", "2026-01-31", "--to", "2026-01-31")
    assert [row["value"] for row in elsewhere.json(*live)["values"]] == [1.5, 2.5]
