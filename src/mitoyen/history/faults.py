"""What the disk refuses, told in plain words; and named moments at which tests kill the process."""

import errno
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
from deltalake.exceptions import DeltaError
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused

_FULL = ("no space left", "disk is full", "disk quota", "file too large", "could not write", "out of memory")
_BUSY = ("database is locked", "database table is locked", "disk i/o error", "unable to open database file")
_READ_ONLY = ("read-only file system", "permission denied", "readonly database", "operation not permitted")


@contextmanager
def storage() -> Iterator[None]:
    """Turn errors of a full, read-only or busy disk into Refused; others go through."""
    try:
        yield
    except (OSError, duckdb.Error, DeltaError) as error:
        refusal = refusal_for(error)
        if refusal is None:
            raise
        raise refusal from error


def refusal_for(error: BaseException) -> Refused | None:
    """The refusal that says a disk is full, read-only or busy, when that is what the error means."""
    text = str(error).lower()
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or any(sign in text for sign in _FULL):
        step = _("Free some space, then do it again: nothing was changed, and what was acknowledged is kept.")
        return Refused(_("The disk is full."), step, code="disk_full")
    if number in (errno.EROFS, errno.EACCES, errno.EPERM) or any(sign in text for sign in _READ_ONLY):
        step = _("Make the installation's folder writable, then do it again: nothing was changed.")
        return Refused(_("The installation's folder can't be written to."), step, code="read_only")
    if any(sign in text for sign in _BUSY):
        step = _("Do it again in a while: nothing was changed, and what was acknowledged is kept.")
        return Refused(_("The disk or the database doesn't follow."), step, code="busy")
    return None


def moment(name: str) -> None:
    """A named moment: crash tests set MITOYEN_KILL_AT to have the process die here, by SIGKILL, at its n-th passage.

    Written `name` or `name:n`. Without the variable it costs one look-up.
    """
    wanted = os.environ.get("MITOYEN_KILL_AT")
    if not wanted:
        return
    target, _colon, count = wanted.partition(":")
    if target in (name, "*"):
        left = int(count or 1) - 1
        os.environ["MITOYEN_KILL_AT"] = f"{target}:{left}"
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
