"""The journal in PostgreSQL gives the same answers as in SQLite, on a server started for the purpose."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mitoyen.history import batches, check, journal, read, sealing
from mitoyen.history.times import micros
from tests.history.conftest import brought, hours

START = datetime(2024, 5, 3, tzinfo=UTC)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
PORT = 8110


def binaries() -> Path | None:
    """Folder of the server's programs."""
    places = [Path("/usr/local/bin"), *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if found := shutil.which("initdb"):
        places.insert(0, Path(found).parent)
    return next((place for place in places if (place / "initdb").exists() and (place / "pg_ctl").exists()), None)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    """Address of a PostgreSQL server of our own; it refuses to run as root, so another account runs it."""
    place = binaries()
    if place is None:
        pytest.skip("no PostgreSQL server is installed (initdb was not found)")
    folder = Path("/tmp") / f"mitoyen-pg-{os.getpid()}"
    folder.mkdir(mode=0o700)
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)

    def run(*command: str) -> None:
        user, group = (account.pw_uid, account.pw_gid) if account else (None, None)
        subprocess.run(command, check=True, capture_output=True, cwd=folder, user=user, group=group)

    data = str(folder / "data")
    try:
        run(str(place / "initdb"), "-D", data, "-U", "mitoyen", "-A", "trust", "-E", "UTF8")
        options = f"-p {PORT} -k {folder} -c listen_addresses="
        run(str(place / "pg_ctl"), "-D", data, "-o", options, "-w", "-l", str(folder / "log"), "start")
        try:
            yield f"postgresql://mitoyen@/postgres?host={folder}&port={PORT}"
        finally:
            run(str(place / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def postgresql(server, settings, home) -> None:
    import psycopg

    settings.MITOYEN = {**settings.MITOYEN, "journal_url": server}
    assert journal.integrity() == []
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("TRUNCATE observation, aside")


def appended(stream, values, batch=0) -> journal.Appended:
    return journal.append([(d, micros(t), length, v, q) for d, t, length, v, q in hours(stream, START, values)], batch)


def test_appending_repeating_and_contradicting(postgresql, electricity):
    assert appended(electricity, [1.0, 0.1 + 0.2]) == (2, 0, 0)
    assert appended(electricity, [1.0, 0.1 + 0.2, 3.0]) == (1, 2, 0)
    assert appended(electricity, [9.0]) == (0, 0, 1)
    assert read.readings(electricity).value.tolist() == [1.0, 0.1 + 0.2, 3.0]
    assert [(row[3], row[6]) for row in journal.aside()] == [(9.0, "conflict")]
    assert journal.integrity() == []


def test_sealing_from_postgresql(postgresql, electricity):
    given = [i / 7 for i in range(30)]
    appended(electricity, given, batch=5)
    assert [one.rows for one in sealing.seal()] == [23, 7]
    assert journal.count() == 0
    assert read.readings(electricity).value.tolist() == given
    assert check.check() == []


def test_correcting_what_the_journal_holds(postgresql, electricity):
    appended(electricity, [1.0, 2.0])
    batch = brought(hours(electricity, START, [1.0, 5.0]), correct=True, why="calibrated")
    assert read.readings(electricity).value.tolist() == [1.0, 5.0]
    batches.undo(batch, "camille", "no")
    assert read.readings(electricity).value.tolist() == [1.0, 2.0]
    assert journal.rows_between(micros(START), micros(START + timedelta(days=1)))["value"].tolist() == [1.0, 2.0]


def test_an_undone_batch_leaves_the_journal(postgresql, electricity):
    batch = batches.open_batch("live", "gate", "gate")
    appended(electricity, [1.0, 2.0], batch.pk)
    batch.state = "live"
    batch.save()
    batches.undo(batch, "camille", "wrong sensor")
    assert read.readings(electricity).value.tolist() == []
