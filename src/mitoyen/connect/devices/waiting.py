"""A file of devices sent at the desk: kept encrypted (it holds keys) until someone says yes or no, two days at most."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.connect.devices import sealed
from mitoyen.connect.devices.models import RegisterImport
from mitoyen.connect.devices.register import Report, import_devices
from mitoyen.ledger.refusal import Refused

KEPT = timedelta(days=2)
# Longer than any process takes a file in.
LEFT = timedelta(hours=1)
# On 2 busy cores 10,000 lines are compared in 3 s and taken in in 6 s, while nobody else writes.
MOST_ROWS = 10_000


def look(file: Path, name: str, by: str) -> RegisterImport:
    """Say what would become of each row, and keep the file for a yes; `file` is removed. Raises Refused."""
    try:
        content = file.read_bytes()
        report = import_devices(file, by, dry_run=True, most_rows=MOST_ROWS)
    finally:
        file.unlink(missing_ok=True)
    sha256 = hashlib.sha256(content).hexdigest()
    kept = _folder() / f"register-{uuid4().hex}"
    kept.touch(mode=0o600)
    kept.write_bytes(sealed.seal(content, sha256))
    return RegisterImport.objects.create(
        name=name[:300], sha256=sha256, by=by, rows=report.results, report=report.summary(), path=kept.name
    )


def take_in(number: int, by: str) -> Report:
    """The yes: the file as it stands against the register as it is now. Raises Refused."""
    with transaction.atomic():
        waiting = _waiting(number)
        file = _folder() / waiting.path
        with _opened(waiting) as path:
            report = import_devices(path, by, waiting=waiting)
        if report.number is None:
            # All of it came in by another way since.
            waiting.rows, waiting.report, waiting.path = report.results, report.summary(), ""
        waiting.by = by
        waiting.save()
    file.unlink(missing_ok=True)
    return report


def give_up(number: int) -> None:
    """The no: the file and its rows go. Raises Refused when it no longer waits."""
    with transaction.atomic():
        waiting = _waiting(number)
        waiting.delete()
    (_folder() / waiting.path).unlink(missing_ok=True)


def forget_old() -> int:
    """Files that nobody decided on in two days; how many went. And what a process that was killed left of others."""
    old = RegisterImport.objects.exclude(path="").filter(at__lt=timezone.now() - KEPT)
    gone = 0
    for number in list(old.values_list("pk", flat=True)):
        # Somebody may have decided just now.
        with suppress(Refused):
            give_up(number)
            gone += 1
    _sweep()
    return gone


def _sweep() -> None:
    """Nothing with keys in it stays that no page leads to, least of all in the clear."""
    limit = (timezone.now() - LEFT).timestamp()
    known = set(RegisterImport.objects.exclude(path="").values_list("path", flat=True))
    for left in _folder().glob("register-*"):
        if left.name in known or left.stat().st_mtime > limit:
            continue
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _waiting(number: int) -> RegisterImport:
    found = RegisterImport.objects.select_for_update().filter(pk=number).exclude(path="").first()
    if found is None:
        raise Refused(_("This file no longer waits."), _("Send it again."), code="not_waiting")
    return found


@contextmanager
def _opened(waiting: RegisterImport) -> Iterator[Path]:
    """The file in the clear, for as long as it is read. Raises Refused when it is gone."""
    with TemporaryDirectory(prefix="register-", dir=_folder()) as folder:
        path = Path(folder) / "register"
        path.touch(mode=0o600)
        try:
            path.write_bytes(sealed.opened((_folder() / waiting.path).read_bytes(), waiting.sha256))
        except (OSError, ValueError) as error:
            raise Refused(_("This file can no longer be read."), _("Send it again."), code="not_waiting") from error
        yield path


def _folder() -> Path:
    return Path(settings.MITOYEN_HOME) / "staging"
