"""The audit trail on both databases: processes that write at once, and triggers that the database itself keeps."""

WRITE = """
from mitoyen.ledger import audit
for number in range(50):
    audit.record("writer {name}", "written", str(number), number=number)
"""
VERIFY = """
from mitoyen.ledger import audit
from mitoyen.ledger.models import AuditEntry
print(AuditEntry.objects.count(), [fault.code for fault in audit.verify()])
"""
ATTACK = """
from django.db import DatabaseError, connection
from mitoyen.ledger import audit
audit.record("agent@example.org", "thing.renamed", "x")
for statement in {statements}:
    try:
        connection.cursor().execute(statement)
    except DatabaseError as error:
        print("refused" if "append-only" in str(error) else error)
    else:
        print("done")
"""


def test_processes_at_once_make_one_chain(installation):
    writers = [installation.start(WRITE.format(name=name)) for name in "abc"]
    for writer in writers:
        _output, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    assert installation.run(VERIFY) == "150 []"


def test_the_database_refuses_to_change_or_remove_entries(installation):
    statements = ["UPDATE ledger_auditentry SET actor = 'x'", "DELETE FROM ledger_auditentry WHERE number = 1"]
    if installation.environment:  # PostgreSQL: SQLite has no TRUNCATE.
        statements.append("TRUNCATE ledger_auditentry")
    said = installation.run(ATTACK.format(statements=statements)).splitlines()
    assert said == ["refused"] * len(statements)
    assert installation.run(VERIFY) == "1 []"
