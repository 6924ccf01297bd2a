"""`mitoyen check` names what is broken; it never breaks off itself."""

import sqlite3
from contextlib import closing


def test_a_journal_that_is_no_database_any_more_is_named(installation):
    journal = installation.home / "journal.sqlite3"
    journal.write_bytes(b"garbage " * 3000)
    answer = installation.json("check", expect=1)
    assert [fault["code"] for fault in answer["faults"]] == ["journal_damaged"]
    assert answer["faults"][0]["next_step"]


def test_an_altered_journal_is_named_not_sealed_and_taken_as_it_stands_when_told_so(installation):
    rows = "[(1, 1_700_000_000_000_000 + i, 0, float(i), 0) for i in range(3)]"
    installation.python(f"from mitoyen.history import journal; journal.append({rows}, 4)")
    installation.run("check")
    with closing(sqlite3.connect(installation.home / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("UPDATE observation SET value = 9 WHERE value = 1")
    (fault,) = installation.json("check", expect=1)["faults"]
    assert fault["code"] == "journal_altered"
    assert "2023-11-14" in fault["message"]
    assert "4" in fault["message"]
    refused = installation.run("seal", expect=1)
    assert fault["message"] in refused.stdout + refused.stderr
    answer = installation.json("check", "--accept-journal", "a drill")
    assert answer["accepted"] == [fault["message"]]
    installation.run("check")
    installation.run("seal")
