"""The audit trail: append-only, each entry chained to the one before by SHA-256.

The database refuses to change or remove an entry (`append_only.py`). Whoever holds the database can still get round
that, so the head of the chain is published every day: whatever was rewritten before the last published head shows.
Entries after it are protected by the chain alone until the next head is out.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Ground, Refused

GENESIS = "0" * 64
_LOCK = 0x6D69746F  # "mito": the advisory lock that serialises writers on PostgreSQL


@dataclass(frozen=True, slots=True)
class Fault:
    """What verification found. `code`: changed, removed, unchained, cut_off, rehashed, bad_head."""

    code: str
    message: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of the chain at `time`; `file` is where it was published."""

    number: int
    hash: str
    time: str
    file: str = ""


def record(actor: str, action: str, subject: str, **detail: Any) -> AuditEntry:
    """Append one entry, inside the caller's transaction: undone with it, visible with it.

    Writers take turns, so numbers have no hole. `actor` is an email address or a process ("mitoyen import");
    `detail` must be JSON-able (dates and the like are written as text).
    """
    with transaction.atomic():
        _wait_for_my_turn()
        last = AuditEntry.objects.order_by("-number").values_list("number", "hash").first()
        number, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
        entry = AuditEntry(
            number=number,
            at=timezone.now(),
            actor=_short(actor, 200),
            action=_short(action, 80),
            subject=_short(subject, 200),
            detail=json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str),
            previous=previous,
        )
        entry.hash = content_hash(entry)
        entry.save(force_insert=True)
    return entry


def content_hash(entry: AuditEntry) -> str:
    """SHA-256, in hexadecimal, of the entry's canonical content and the hash before it."""
    content = [
        entry.number,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.subject,
        entry.detail,
        entry.previous,
    ]
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def head() -> Head:
    """The chain's last entry; number 0 when there is none yet."""
    last = AuditEntry.objects.order_by("-number").first()
    now = timezone.now().astimezone(UTC).isoformat(timespec="seconds")
    return Head(last.number, last.hash, now) if last else Head(0, GENESIS, now)


def publish_head() -> Path:
    """Write today's head to `published/AAAA-MM-JJ.json` (UTC day) and return the file.

    Raises Refused when the trail contradicts a head already published: a tampered chain is never blessed.
    """
    faults = verify()
    if faults:
        raise Refused(
            _("The audit trail is not what was published before: today's head is not published."),
            _("Run: mitoyen check"),
            [Ground(fault.code, fault.message) for fault in faults],
            "audit_trail_broken",
        )
    folder = published_folder()
    folder.mkdir(parents=True, exist_ok=True)
    now = head()
    file = folder / f"{datetime.fromisoformat(now.time).date()}.json"
    content = json.dumps({"number": now.number, "hash": now.hash, "time": now.time}, indent=2) + "\n"
    _write_durably(file, content)
    return file


def published_folder() -> Path:
    """Where heads are published: `published/` in the installation's folder."""
    return Path(settings.MITOYEN_HOME) / "published"


def verify(entries: Iterable[AuditEntry] | None = None) -> list[Fault]:
    """Check every entry against its hash, its predecessor and the published heads; [] when all is well."""
    heads, faults = _heads_to_meet()
    number, previous = 0, GENESIS
    for entry in AuditEntry.objects.order_by("number").iterator() if entries is None else entries:
        faults += _faults_of(entry, number, previous, heads)
        number, previous = entry.number, entry.hash
    for missing in sorted(n for n in heads if n > number):
        text = _("The end was cut off: entry %(number)s was published on %(day)s, the trail ends at %(last)s.")
        faults.append(Fault("cut_off", text % {"number": missing, "day": heads[missing].time, "last": number}, missing))
    return faults


def _faults_of(entry: AuditEntry, number: int, previous: str, heads: dict[int, Head]) -> Iterator[Fault]:
    at = entry.number
    if at != number + 1:
        text = _("Entries %(first)s to %(last)s were removed.")
        yield Fault("removed", text % {"first": number + 1, "last": at - 1}, number + 1)
    elif entry.previous != previous:
        yield Fault("unchained", _("Entry %(number)s does not follow the one before it.") % {"number": at}, at)
    if content_hash(entry) != entry.hash:
        yield Fault("changed", _("Entry %(number)s was changed after it was written.") % {"number": at}, at)
    met = heads.pop(at, None)
    if met is not None and met.hash != entry.hash:
        text = _("The trail was re-hashed: entry %(number)s is not the one published on %(day)s.")
        yield Fault("rehashed", text % {"number": at, "day": met.time}, at)


def _heads_to_meet() -> tuple[dict[int, Head], list[Fault]]:
    heads: dict[int, Head] = {}
    faults: list[Fault] = []
    for file in _head_files():
        try:
            published = _read_head(file)
        except (ValueError, OSError) as error:
            text = _("The published head %(file)s cannot be read: %(error)s")
            faults.append(Fault("bad_head", text % {"file": file.name, "error": error}))
            continue
        other = heads.get(published.number)
        if other is not None and other.hash != published.hash:
            text = _("The published heads %(one)s and %(other)s contradict each other.")
            names = {"one": other.file, "other": published.file}
            faults.append(Fault("bad_head", text % names, published.number))
        elif published.number > 0:
            heads.setdefault(published.number, published)
    return heads, faults


def _head_files() -> list[Path]:
    return sorted(published_folder().glob("????-??-??.json"))


def _read_head(file: Path) -> Head:
    content = json.loads(file.read_text(encoding="utf-8"))
    try:
        date.fromisoformat(file.stem)
        return Head(int(content["number"]), str(content["hash"]), str(content["time"]), file.name)
    except (KeyError, TypeError) as error:
        raise ValueError(f"number, hash and time are expected ({error})") from error


def _write_durably(file: Path, content: str) -> None:
    half = file.with_suffix(".tmp")
    with half.open("w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(file)


def _wait_for_my_turn() -> None:
    """SQLite's IMMEDIATE transactions take turns by themselves; PostgreSQL's are made to."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
