"""Files dropped at the desk: written straight into staging under names of ours, hashed and measured as they come.

What a visitor calls a file is only ever shown, never used as a path. Nothing here reads, runs or serves a file.
"""

import hashlib
import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from mitoyen.www.numbers import number

# The reader recognises a format by its content first; the ending is kept only where it is one of these.
ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".xls", ".json", ".ndjson", ".parquet", ".gz", ".zip")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fault:
    """A file that was not taken in, and why, in words."""

    name: str
    reason: str


class ReceivedFile(UploadedFile):  # type: ignore[type-arg]
    """A file in staging. `path` is where; the content is not kept in memory."""

    def __init__(self, path: Path, name: str, size: int, sha256: str) -> None:
        super().__init__(file=None, name=name, size=size)
        self.path = path
        self.sha256 = sha256


class Receiver(FileUploadHandler):
    """Takes the files of a form in, up to `limit` bytes all together; what is refused is named in `faults`."""

    chunk_size = MEGABYTE

    def __init__(self, request: HttpRequest, limit: int) -> None:
        super().__init__(request)
        self.limit = limit
        self.kept = 0
        self.faults: list[Fault] = []
        self._open: IO[bytes] | None = None
        self._path = Path()

    def new_file(self, *arguments: Any, **named: Any) -> None:
        super().new_file(*arguments, **named)
        self._path = folder() / f"upload-{uuid4().hex}{_ending(str(self.file_name))}"
        self._hash = hashlib.sha256()
        self._size = 0
        try:
            folder().mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            self._refuse(_no_room(error))
        self._open = os.fdopen(descriptor, "wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        assert self._open is not None
        self._size += len(raw_data)
        if self.kept + self._size > self.limit:
            self._refuse(self._too_much())
        try:
            self._open.write(raw_data)
        except OSError as error:
            self._refuse(_no_room(error))
        self._hash.update(raw_data)

    def file_complete(self, file_size: int) -> ReceivedFile | None:
        if self._open is None:
            return None
        try:
            self._open.flush()
            os.fsync(self._open.fileno())
            self._open.close()
        except OSError as error:
            self.faults.append(Fault(shown_name(str(self.file_name)), _no_room(error)))
            self._forget()
            return None
        self._open = None
        self.kept += self._size
        return ReceivedFile(self._path, shown_name(str(self.file_name)), file_size, self._hash.hexdigest())

    def upload_interrupted(self) -> None:
        self._forget()

    def _too_much(self) -> str:
        limit = {"limit": number(self.limit // MEGABYTE)}
        if self._size > self.limit:
            return _("larger than %(limit)s MB, the most this desk takes") % limit
        return (
            _("with the files before it, more than %(limit)s MB, the most this desk takes at once; send it apart")
            % limit
        )

    def _refuse(self, reason: str) -> None:
        self.faults.append(Fault(shown_name(str(self.file_name)), reason))
        self._forget()
        raise SkipFile

    def _forget(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
        self._path.unlink(missing_ok=True)


def receiver(request: HttpRequest) -> Receiver:
    """The handler for a page that takes files, with the installation's limit."""
    return Receiver(request, upload_limit())


def folder() -> Path:
    """Where uploads wait: only the service's own account reads them."""
    return Path(settings.MITOYEN_HOME) / "staging"


def upload_limit() -> int:
    """Most that is taken in at once, in bytes: a file, or those sent together."""
    return int(settings.MITOYEN["upload_limit_mb"]) * MEGABYTE


def shown_name(name: str) -> str:
    """A file's name fit to be shown: its last part, without control characters, 200 characters at most."""
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    return clean[:200] or _("file without a name")


def _ending(name: str) -> str:
    lowered = name.lower()
    inner = next((e for e in ENDINGS if lowered.endswith(f"{e}.gz")), "")
    return next((inner + e for e in ENDINGS if lowered.endswith(e)), "")


def _no_room(error: OSError) -> str:
    return _("it could not be written to disk (%(error)s); tell whoever runs this service") % {"error": error.strerror}
