"""The journal in PostgreSQL gives the same answers as in SQLite, on a server started for the purpose."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from mitoyen.history import batches, check, journal, journal_postgresql, read, sealing, watch
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
    # Other tests empty that server: the tables are made by a connection of one's own.
    journal_postgresql.close_all()
    assert journal.integrity() == []
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("TRUNCATE observation, aside, tally")


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


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE observation SET value = value + 1 WHERE value = 2",
        "UPDATE observation SET batch = 6 WHERE value = 2",
        "DELETE FROM observation WHERE value < 3",
        "INSERT INTO observation SELECT time + 36000000000, datastream, 0, 1, 0, 5 FROM observation LIMIT 1",
    ],
)
def test_a_row_altered_added_or_removed_is_found_and_not_sealed(postgresql, server, electricity, statement):
    import psycopg

    appended(electricity, [1.0, 2.0, 3.0], batch=5)
    appended(electricity, [1.0, 2.5, 3.0, 4.0], batch=6)
    assert check.check() == []
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement)
    assert {fault.code for fault in check.check()} == {"journal_altered"}
    before = journal.count()
    with pytest.raises(watch.Altered):
        sealing.seal()
    assert journal.count() == before
    assert watch.accept("camille", "as it stands")
    assert check.check() == []
    assert sum(one.rows for one in sealing.seal()) == before


def test_what_leaves_the_journal_leaves_its_tally(postgresql, electricity):
    live = batches.open_batch("live", "gate", "gate")
    appended(electricity, [float(i) for i in range(30)], live.pk)
    appended(electricity, [0.0, 7.0] + [2.0] * 40, live.pk + 1)
    assert watch.differences() == []
    sealing.seal((START + timedelta(days=1)).date())
    assert watch.differences() == []
    brought(hours(electricity, START, [0.5]), correct=True, why="misread")
    assert watch.differences() == []
    live.state = "live"
    live.save()
    batches.undo(live, "camille", "wrong sensor")
    assert watch.differences() == []
    sealing.seal()
    assert journal.observed(micros(START), micros(START) + 3 * 86_400_000_000 - 1) == ({}, {})
    assert check.check() == []


def test_many_doors_at_once_keep_one_tally(postgresql, electricity):
    def door(number: int) -> None:
        with journal.for_this_thread():
            for turn in range(40):
                rows = [
                    (electricity.pk, micros(START) + i * 60_000_000, 0, 1.0, 0)
                    for i in range(40 * turn, 40 * turn + 400)
                ]
                journal.append(rows[:: 1 if number % 2 else -1], 3)

    with ThreadPoolExecutor(4) as doors:
        list(doors.map(door, range(4)))
    assert journal.count() == 40 * 39 + 400
    assert watch.differences() == []
