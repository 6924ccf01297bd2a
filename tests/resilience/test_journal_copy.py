"""A journal copied out and brought in keeps its account of itself: what was altered before is still told after."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mitoyen.history import journal, journal_postgresql, watch
from mitoyen.resilience import journal_copy

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]
ROWS = [(1, second * 1_000_000, 1, float(second), 0) for second in range(900)]


@pytest.fixture
def in_postgresql(postgresql_folder, settings, home) -> str:
    import psycopg

    url = f"postgresql://mitoyen@/postgres?host={postgresql_folder}"
    settings.MITOYEN = {**settings.MITOYEN, "journal_url": url}
    # Other tests empty that server: the tables are made by a connection of one's own.
    journal_postgresql.close_all()
    journal.identity()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE observation, aside, tally")
    return url


@pytest.mark.parametrize("altered", [False, True])
def test_from_postgresql_to_a_file_and_back(in_postgresql, tmp_path, altered):
    import psycopg

    journal.append(ROWS, 3)
    with psycopg.connect(in_postgresql, autocommit=True) as connection:
        if altered:
            connection.execute("DELETE FROM observation WHERE value = 5")
        before = journal.account()
        copy: Path = tmp_path / "copy.sqlite3"
        journal_copy.copy_out(copy)
        with closing(sqlite3.connect(copy)) as kept:
            assert kept.execute("SELECT name, writes FROM identity").fetchone() == before[:2]
        connection.execute("TRUNCATE observation, aside, tally")
        connection.execute("UPDATE identity SET name = 'another'")
    journal_copy.bring_in(copy)
    assert journal.account() == before
    assert journal.count() == 900 - altered
    assert [(one.found, one.noted) for one in watch.differences()] == [(899, 900)] * altered
