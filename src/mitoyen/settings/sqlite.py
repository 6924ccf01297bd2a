"""Puts a recent SQLite in place of the system's before Django's backend loads.

SQLite 3.7.0 to 3.51.2 can corrupt a WAL database when a write meets a checkpoint.
"""

import sys

FIRST_SOUND_VERSION = (3, 51, 3)


class SQLiteTooOldError(Exception):
    """No sound SQLite library could be loaded; the message says what to install."""


def use_recent_sqlite() -> None:
    """Make `import sqlite3` mean the `pysqlite3` wheel. Raises SQLiteTooOldError."""
    if "django.db.backends.sqlite3.base" in sys.modules:
        return
    try:
        import pysqlite3 as sqlite
    except ImportError:
        import sqlite3 as sqlite
    version = sqlite.sqlite_version_info
    if version < FIRST_SOUND_VERSION:
        raise SQLiteTooOldError(
            f"SQLite {'.'.join(map(str, version))} can corrupt a database under concurrent writes. "
            "Install the pysqlite3 wheel (Linux, x86_64), or use PostgreSQL with a newer system SQLite."
        )
    sys.modules["sqlite3"] = sqlite
    sys.modules["sqlite3.dbapi2"] = sqlite.dbapi2
