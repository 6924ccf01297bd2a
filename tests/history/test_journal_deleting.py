"""What goes out of the journal goes whole or not at all, and a deletion that fails leaves the connection usable."""

import sqlite3
from contextlib import closing

import pytest

from mitoyen.history import journal, tally

BOUNDS = (0, tally.SLOT_US - 1)
ROWS = [(1, 1_000_000, 1, 2.5, 0), (1, 2_000_000, 1, 3.5, 0)]


def test_a_deletion_that_fails_keeps_the_rows_and_the_journal_goes_on(home):
    journal.append(ROWS)
    with closing(sqlite3.connect(home / "journal.sqlite3")) as other:
        other.execute(
            "CREATE TRIGGER refused BEFORE DELETE ON observation WHEN old.time = 2000000"
            " BEGIN SELECT raise(ABORT, 'refused'); END"
        )
    with pytest.raises(sqlite3.Error, match="refused"):
        journal.delete_between(*BOUNDS, held())
    assert journal.count() == 2
    assert journal.append([(1, 3_000_000, 1, 4.5, 0)]).accepted == 1
    with closing(sqlite3.connect(home / "journal.sqlite3")) as other:
        assert other.execute("SELECT count(*) FROM observation").fetchone() == (3,)


def test_rows_are_let_go_only_if_they_are_those_that_were_said(home):
    journal.append(ROWS[:1])
    before = held()
    journal.append(ROWS[1:])
    assert not journal.delete_between(*BOUNDS, before)
    assert journal.count() == 2
    assert journal.delete_between(*BOUNDS, held())
    assert (journal.count(), held()) == (0, {})


def held() -> tally.Tally:
    return journal.observed(*BOUNDS)[1]
