"""The audit trail: what is recorded stays, and whatever is done to it behind our back is found."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from mitoyen.ledger import append_only, audit
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail(home):
    """Five entries, the head published after the fourth."""
    for number in range(1, 5):
        audit.record("agent@example.org", "reading.corrected", f"thing/{number}", old=1.5, new=number)
    audit.publish_head()
    audit.record("agent@example.org", "reading.corrected", "thing/5", why="Compteur relu, « à l'envers »")


def sql(statement: str, *values: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def codes() -> set[str]:
    return {fault.code for fault in audit.verify()}


def rehash_from(number: int) -> None:
    """What a forger with the database would do: make the chain consistent again."""
    entries = list(AuditEntry.objects.order_by("number"))
    previous = audit.GENESIS
    for position, entry in enumerate(entries, 1):
        if position >= number:
            entry.number, entry.previous = position, previous
            entry.hash = audit.content_hash(entry)
        previous = entry.hash
    sql("DELETE FROM ledger_auditentry")
    AuditEntry.objects.bulk_create(entries)


def test_an_untouched_trail_has_no_fault(trail):
    assert audit.verify() == []
    assert AuditEntry.objects.count() == 5


def test_an_entry_says_who_did_what_to_what(trail):
    entry = AuditEntry.objects.get(number=5)
    assert (entry.actor, entry.action, entry.subject) == ("agent@example.org", "reading.corrected", "thing/5")
    assert json.loads(entry.detail) == {"why": "Compteur relu, « à l'envers »"}


def test_an_entry_vanishes_with_the_act_it_tells_of(trail):
    def rename_and_fail() -> None:
        with transaction.atomic():
            audit.record("agent@example.org", "thing.renamed", "x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rename_and_fail()
    assert AuditEntry.objects.count() == 5
    assert audit.verify() == []


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "detail"])
def test_a_changed_entry_is_found(trail, column):
    value = "2020-01-01 00:00:00" if column == "at" else '{"new": 2}'
    sql(f"UPDATE ledger_auditentry SET {column} = %s WHERE number = 2", value)
    assert [(f.code, f.number) for f in audit.verify()] == [("changed", 2)]


def test_a_removed_entry_is_found(trail):
    sql("DELETE FROM ledger_auditentry WHERE number = 3")
    assert [(f.code, f.number) for f in audit.verify()] == [("removed", 3)]


def test_a_first_entry_removed_is_found(trail):
    sql("DELETE FROM ledger_auditentry WHERE number = 1")
    assert [(f.code, f.number) for f in audit.verify()] == [("removed", 1)]


def test_an_end_cut_off_is_found(trail):
    sql("DELETE FROM ledger_auditentry WHERE number > 3")
    assert [(f.code, f.number) for f in audit.verify()] == [("cut_off", 4)]


def test_a_trail_emptied_is_found(trail):
    sql("DELETE FROM ledger_auditentry")
    assert codes() == {"cut_off"}


def test_an_entry_changed_and_everything_rehashed_is_found(trail):
    sql("UPDATE ledger_auditentry SET actor = 'someone.else@example.org' WHERE number = 2")
    rehash_from(2)
    assert [(f.code, f.number) for f in audit.verify()] == [("rehashed", 4)]


def test_an_entry_removed_and_everything_renumbered_and_rehashed_is_found(trail):
    sql("DELETE FROM ledger_auditentry WHERE number = 2")
    rehash_from(2)
    assert [(f.code, f.number) for f in audit.verify()] == [("rehashed", 4)]


def test_an_entry_slipped_in_is_found(trail):
    forged = AuditEntry.objects.get(number=5)
    forged.number, forged.previous = 6, "f" * 64
    forged.hash = audit.content_hash(forged)
    forged.save(force_insert=True)
    assert [(f.code, f.number) for f in audit.verify()] == [("unchained", 6)]


def test_a_published_head_that_was_altered_is_found(trail, home):
    file = next((home / "published").glob("*.json"))
    file.write_text(json.dumps({"number": 4, "hash": "0" * 64, "time": "2026-01-01T00:00:00+00:00"}))
    assert codes() == {"rehashed"}


@pytest.mark.parametrize("content", ["", "[", "[1]", "{}", '{"number": "x", "hash": "", "time": ""}', "\xff"])
def test_a_published_head_that_cannot_be_read_is_said(trail, home, content):
    (home / "published" / "2020-01-01.json").write_bytes(content.encode("latin-1"))
    assert codes() == {"bad_head"}


def test_the_head_is_published_once_a_day_and_moves_on(trail, home):
    file = audit.publish_head()
    assert [f.name for f in (home / "published").iterdir()] == [file.name]
    assert json.loads(file.read_text())["number"] == 5
    assert json.loads(file.read_text())["hash"] == AuditEntry.objects.get(number=5).hash


def test_a_tampered_trail_is_never_published(trail, home):
    before = [file.read_text() for file in (home / "published").iterdir()]
    sql("UPDATE ledger_auditentry SET actor = 'x' WHERE number = 2")
    rehash_from(2)
    with pytest.raises(Refused) as refusal:
        audit.publish_head()
    assert refusal.value.code == "audit_trail_broken"
    assert [file.read_text() for file in (home / "published").iterdir()] == before


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_auditentry SET actor = 'x' WHERE number = 2", "DELETE FROM ledger_auditentry"]
)
def test_the_database_refuses_to_change_or_remove_entries(trail, statement):
    append_only.install(connection)
    try:
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            sql(statement)
        audit.record("agent@example.org", "still.appends", "x")
    finally:
        append_only.remove(connection)
    assert AuditEntry.objects.count() == 6
    assert audit.verify() == []
