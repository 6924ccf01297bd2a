"""Makes a table append-only for the application too: the database itself refuses UPDATE, DELETE and TRUNCATE."""

from typing import Any

_SAYS = "the audit trail is append-only"
_TABLE = "ledger_auditentry"
_FUNCTION = f"{_TABLE}_refuse"
_ACTS = ("update", "delete")


def install(connection: Any) -> None:
    """Create the triggers. `connection`: Django's, or a migration's schema editor's."""
    _run(connection, _postgresql() if connection.vendor == "postgresql" else _sqlite())


def remove(connection: Any) -> None:
    """Drop the triggers (to take the migration back)."""
    on = f" ON {_TABLE}" if connection.vendor == "postgresql" else ""
    acts = (*_ACTS, "truncate") if on else _ACTS
    statements = [f"DROP TRIGGER IF EXISTS {_TABLE}_no_{act}{on}" for act in acts]
    _run(connection, statements + ([f"DROP FUNCTION IF EXISTS {_FUNCTION}()"] if on else []))


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER IF NOT EXISTS {_TABLE}_no_{act} BEFORE {act.upper()} ON {_TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{_SAYS}'); END"
        for act in _ACTS
    ]


def _postgresql() -> list[str]:
    body = f"BEGIN RAISE EXCEPTION '{_SAYS}'; END"
    function = f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
    triggers = [
        f"CREATE OR REPLACE TRIGGER {_TABLE}_no_{act} BEFORE {act.upper()} ON {_TABLE} "
        f"FOR EACH {'STATEMENT' if act == 'truncate' else 'ROW'} EXECUTE FUNCTION {_FUNCTION}()"
        for act in (*_ACTS, "truncate")
    ]
    return [function, *triggers]


def _run(connection: Any, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
