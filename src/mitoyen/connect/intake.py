"""Takes a file in: what it is by its content, its hash, and a UTF-8 table of text that DuckDB can read."""

import codecs
import gzip
import hashlib
import os
import stat
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from django.utils.translation import gettext as _

from mitoyen.connect import encodings, records, sheets
from mitoyen.connect.numerals import grouped
from mitoyen.connect.sheets import Picked
from mitoyen.ledger.refusal import Ground, Refused

CHUNK = 1 << 20
# One import, unpacked, from the command line and from the desk (whose own limit, upload_limit_mb, is for uploads).
# Larger files are split by year or by meter.
MAX_BYTES = 4 * 1024**3
# Real meter files pack 4 to 30 times; a bomb packs 1,000 times.
MAX_RATIO = 200
MAX_LINE = 100_000
# How gzip, zip (workbooks too), Parquet and old workbooks begin: what is small packed may be endless unpacked.
PACKED = (b"\x1f\x8b", b"PK", b"PAR1", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True, slots=True)
class Intake:
    """`table` is UTF-8 text with \\n or \\r\\n ends. `typed`: made by us, with ISO stamps and decimal points.

    `picked`: the sheet of a workbook; while it is open which one, there is no table yet.
    """

    name: str
    size: int
    sha256: str
    format: str
    encoding: str
    table: Path
    typed: bool
    picked: Picked | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody must say first which sheet is meant."""
        return self.picked is not None and self.picked.sheet is None


def take_in(path: Path, workdir: Path, sheet: str = "") -> Intake:
    """Read the file once: kind, hash, encoding; unpack or convert it into `workdir` where needed. Raises Refused.

    `sheet`: which one of a workbook, where somebody said.
    """
    size = _check_openable(path)
    with path.open("rb") as file:
        head = file.read(4096)
    packed = head.startswith(b"\x1f\x8b")
    source = _unpack(path, workdir / "unpacked") if packed else path
    if packed:
        with source.open("rb") as file:
            head = file.read(4096)
        if not head:
            raise _empty()
    kind = _kind_of(head)
    with ThreadPoolExecutor(1) as pool:
        hashing = pool.submit(_hash, path)
        taken = Intake(path.name, size, "", kind, "", source, typed=False)
        intake = _converted(taken, workdir, head, sheet, packed=packed)
        return replace(intake, sha256=hashing.result())


def _converted(taken: Intake, workdir: Path, head: bytes, sheet: str, *, packed: bool) -> Intake:
    """The file as a table of text; its hash is still to come."""
    kind, source = taken.format, taken.table
    label = f"{kind}.gz" if packed else kind
    target = workdir / "table.csv"
    if kind in ("xlsx", "xls"):
        picked = sheets.to_csv(source, target, kind, sheet)
        return replace(taken, format=label, table=target, typed=True, picked=picked)
    if kind == "parquet":
        return replace(taken, format=label, table=records.parquet_to_csv(source, target), typed=True)
    encoding, text = _as_utf8(source, workdir / "text", head)
    with text.open("rb") as file:
        start = file.read(4096).removeprefix(codecs.BOM_UTF8).lstrip()
    if start[:1] in (b"{", b"["):
        table, kind = records.json_to_csv(text, target)
        return replace(taken, format=f"{kind}.gz" if packed else kind, encoding=encoding, table=table, typed=True)
    if not start and not _has_text(text):
        raise _empty()
    return replace(taken, format=label, encoding=encoding, table=text)


def _check_openable(path: Path) -> int:
    name = path.name or str(path)
    try:
        found = path.stat()
    except FileNotFoundError as error:
        if path.is_symlink():
            message = _("%(name)s is a link to a file that doesn't exist.") % {"name": name}
        else:
            message = _("There is no file %(name)s.") % {"name": str(path)}
        raise Refused(message, _("Check the name and the folder."), code="missing_file") from error
    except OSError as error:
        message = _("%(name)s can't be read: %(error)s.") % {"name": name, "error": error.strerror or error}
        raise Refused(message, _("Check the name and your rights on it."), code="unreadable") from error
    if stat.S_ISDIR(found.st_mode):
        message = _("%(name)s is a folder, not a file.") % {"name": name}
        raise Refused(message, _("Name the files in it, for instance %(name)s/*.csv") % {"name": name}, code="folder")
    if not stat.S_ISREG(found.st_mode):
        raise Refused(
            _("%(name)s is not an ordinary file.") % {"name": name},
            _("Save what it gives into a file, and import that."),
            code="not_a_file",
        )
    if not os.access(path, os.R_OK):
        raise Refused(
            _("%(name)s can't be read: you have no right to.") % {"name": name},
            _("Ask its owner for the right to read it."),
            code="unreadable",
        )
    if found.st_size == 0:
        raise _empty()
    if found.st_size > MAX_BYTES:
        raise _too_large(found.st_size)
    return found.st_size


def _empty() -> Refused:
    return Refused(_("The file is empty."), _("Ask for it again: nothing was imported."), code="empty")


def _too_large(size: int) -> Refused:
    return Refused(
        _("The file holds %(size)s GB; one import takes %(limit)s GB at most, unpacked.")
        % {"size": grouped(size / 1024**3, 1), "limit": grouped(MAX_BYTES / 1024**3, 1)},
        _("Split it by year or by meter and import the parts."),
        code="too_large",
    )


def is_packed(path: Path) -> bool:
    """Whether reading the file means unpacking it, whatever its name says. Raises OSError."""
    with path.open("rb") as file:
        return file.read(max(map(len, PACKED))).startswith(PACKED)


def _kind_of(head: bytes) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    if head.startswith(
        (b"PK", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"SQLite format 3", b"\x7fELF", b"BZh", b"7z\xbc")
    ):
        raise _binary()
    return "csv"


def _binary() -> Refused:
    return Refused(
        _("This is not a table of readings: the content is not text, a workbook, JSON or Parquet."),
        _("Export the readings as CSV or XLSX and import that."),
        code="not_a_table",
    )


def _unpack(path: Path, target: Path) -> Path:
    """Unpack gzip. A damaged file, and one that swells suspiciously, is refused before it fills the disk."""
    size, written = path.stat().st_size, 0
    try:
        with gzip.open(path) as packed, target.open("wb") as out:
            while chunk := packed.read(CHUNK):
                written += len(chunk)
                if written > MAX_BYTES:
                    raise _too_large(written)
                if written > 64 * CHUNK and written > size * MAX_RATIO:
                    raise Refused(
                        _("Unpacked, the file would be more than %(ratio)d times its size: it looks like a trap.")
                        % {"ratio": MAX_RATIO},
                        _("Unpack it yourself, look at it, and import the content."),
                        code="bomb",
                    )
                out.write(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Refused(
            _("The packed file is cut short or damaged."), _("Fetch it again: nothing was imported."), code="truncated"
        ) from error
    return target


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_utf8(source: Path, target: Path, head: bytes) -> tuple[str, Path]:
    """(encoding found, UTF-8 file). Copies only when the bytes must change."""
    wide = encodings.utf16(head)
    if wide:
        return wide, _transcode(source, target, wide)
    seen = encodings.scan(source, head)
    if seen.nul:
        raise _nul(source)
    if seen.longest_line > MAX_LINE:
        _refuse_long_line(source)
    if seen.encoding == "cp1252" and head.startswith(codecs.BOM_UTF8):
        raise _damaged_utf8(source)
    if seen.encoding == "cp1252" or seen.mixed:
        return seen.encoding, _transcode(source, target, seen.encoding)
    return seen.encoding, source


def _transcode(source: Path, target: Path, encoding: str) -> Path:
    """Rewrite as UTF-8 with \\n ends, line by line."""
    try:
        with (
            source.open(encoding=encoding, newline=None) as text,
            target.open("w", encoding="utf-8", newline="\n") as out,
        ):
            while chunk := text.read(CHUNK):
                out.write(chunk)
    except UnicodeDecodeError as error:
        line = _line_at(source, error.start)
        raise Refused(
            _("The text is neither UTF-8 nor Windows-1252 (cp1252): a character on line %(line)d is unknown.")
            % {"line": line},
            _("Save the file again as CSV UTF-8."),
            [Ground("encoding", _("unknown character"), line)],
            code="encoding",
        ) from error
    return target


def _damaged_utf8(source: Path) -> Refused:
    """A mark at the start says UTF-8; read as another encoding, that mark would spoil the first line."""
    with source.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                ground = Ground("encoding", _("unknown character"), number)
                message = _("The file says that it is UTF-8, but line %(line)d holds a character that is not.")
                return Refused(
                    message % {"line": number}, _("Save the file again as CSV UTF-8."), [ground], code="encoding"
                )
    return _binary()


def _nul(source: Path) -> Refused:
    with source.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
            if b"\x00" in line:
                ground = Ground("nul", _("this line holds bytes that are not text"), number)
                message = _("Line %(line)d holds bytes that are not text.") % {"line": number}
                return Refused(message, _("The file is damaged: fetch it again."), [ground], code="not_text")
    return _binary()


def _refuse_long_line(source: Path) -> None:
    with source.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE + 1), b""), start=1):
            if len(line) > MAX_LINE:
                message = _("Line %(line)d is longer than %(limit)d characters.") % {"line": number, "limit": MAX_LINE}
                ground = Ground("long_line", _("line too long"), number)
                raise Refused(
                    message, _("This is not a table of readings, or it is damaged."), [ground], code="long_line"
                )


def _line_at(source: Path, offset: int) -> int:
    with source.open("rb") as file:
        return file.read(offset).count(b"\n") + 1


def _has_text(path: Path) -> bool:
    with path.open("rb") as file:
        return any(chunk.strip() for chunk in iter(lambda: file.read(CHUNK), b""))
