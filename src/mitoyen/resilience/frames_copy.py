"""What devices sent, as it came, in a backup or an export: a SQLite file a day, without what is over its term."""

import sqlite3
from contextlib import closing
from pathlib import Path

from mitoyen.connect.uplinks import days, encodings, expiry

NAME = "frames"


def copy_out(target: Path) -> None:
    """Write the frames as they are now to the new folder `target`; nothing where there are none.

    To be copied before the journal: a frame that is in this copy only waits in it, and is taken again once restored.
    """
    before = expiry.kept_since()
    found = days.files()
    if found:
        target.mkdir()
    for _day, file in found:
        # Written to until its frames are taken away, so never linked; and never made anew if that happened just now.
        try:
            own = sqlite3.connect(f"{file.as_uri()}?mode=rw", uri=True)
        except sqlite3.OperationalError:
            if file.exists():
                raise
            continue
        with closing(own), closing(sqlite3.connect(target / file.name)) as copy:
            own.backup(copy)
            empty = _tidied(copy, before)
        if empty:
            (target / file.name).unlink()
    known = days.folder() / encodings.NAME
    if found and known.exists():
        (target / encodings.NAME).write_bytes(known.read_bytes())


def _tidied(copy: sqlite3.Connection, before: int) -> bool:
    """Make the copy one file, without the frames received before this time; whether none are left."""
    if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'frame'").fetchone() is None:
        return True
    gone = copy.execute("DELETE FROM frame WHERE received < ?", (before,)).rowcount
    copy.commit()
    copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    if gone:
        # Or what was deleted would still stand in its pages.
        copy.execute("VACUUM")
    return bool(gone) and copy.execute("SELECT 1 FROM frame LIMIT 1").fetchone() is None
