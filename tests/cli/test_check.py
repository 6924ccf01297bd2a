"""`mitoyen check` names what is broken; it never breaks off itself."""


def test_a_journal_that_is_no_database_any_more_is_named(installation):
    journal = installation.home / "journal.sqlite3"
    journal.write_bytes(b"garbage " * 3000)
    answer = installation.json("check", expect=1)
    assert [fault["code"] for fault in answer["faults"]] == ["journal_damaged"]
    assert answer["faults"][0]["next_step"]
