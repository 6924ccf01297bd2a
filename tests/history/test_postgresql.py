"""The journal in PostgreSQL gives the same answers as in SQLite, on a server started for the purpose."""

from datetime import UTC, datetime, timedelta

import pytest

from mitoyen.history import batches, check, journal, read, sealing
from mitoyen.history.times import micros
from tests.history.conftest import brought, hours

START = datetime(2024, 5, 3, tzinfo=UTC)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


@pytest.fixture
def server(postgresql_folder) -> str:
    """Address of the tests' PostgreSQL server."""
    return f"postgresql://mitoyen@/postgres?host={postgresql_folder}"


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
