"""A file of messages, one a line, taken in as if they had just come: packed or not, in one format or recognised.

It is read twice: first to learn which format it is in and how its payloads are written, over all its messages; then to
take them in. Importing it again changes nothing.
"""

import gzip
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from mitoyen.connect.devices import health
from mitoyen.connect.uplinks import days, formats, reading, strict, taking
from mitoyen.connect.uplinks.encodings import Encodings, kept
from mitoyen.connect.uplinks.keeping import Preview
from mitoyen.connect.uplinks.mapping import register
from mitoyen.connect.uplinks.messages import Flag, Frame, Message, Unreadable
from mitoyen.connect.uplinks.taking import Taken
from mitoyen.ledger.refusal import Refused

AT_ONCE = 2_000
LOOKED_AT = 500
EXAMPLES = 20
WHOLE_FILE = 64 << 20
Progress = Callable[[int, int, str], None]


@dataclass(slots=True)
class Report:
    """What became of a file's messages. `gaps`: times that frames are missing; `missed`: how many are.

    `strangers`: addresses of the first devices that aren't registered; `batch`: of the new readings, if any.
    """

    file: str
    format: str
    recognised: bool
    dry_run: bool
    encoding: str = ""
    evidence: dict[str, int] = field(default_factory=dict)
    taken: Taken = field(default_factory=Taken)
    gaps: int = 0
    missed: int = 0
    devices: int = 0
    strangers: list[str] = field(default_factory=list)
    batch: int | None = None
    flags: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        taken = self.taken
        return {
            "file": self.file, "format": self.format, "format_recognised": self.recognised, "dry_run": self.dry_run,
            "messages": taken.messages, "frames": taken.frames, "duplicates": taken.duplicates,
            "status_only": taken.status_only, "quarantined": taken.quarantined.total(),
            "quarantined_reasons": dict(taken.quarantined), "quarantined_examples": self.examples,
            "decoded": taken.decoded, "undecoded": taken.undecoded.total(), "undecoded_reasons": dict(taken.undecoded),
            "gaps": self.gaps, "missed": self.missed, "devices": self.devices, "unknown_device": taken.unknown,
            "unknown_devices": self.strangers, "batch": self.batch,
            "payload_encoding": self.encoding, "payload_evidence": self.evidence, "flags": dict(self.flags),
            "observations": {
                "read": taken.rows, "accepted": taken.accepted, "conflicts": taken.conflicts,
                "not_mapped": taken.unmapped, "not_numbers": taken.not_numbers, "no_deployment": taken.undeployed,
                "do_not_fit": taken.misfits,
            },
        }  # fmt: skip


def run(
    path: Path, name: str = "", by: str = "mitoyen uplinks", *, dry_run: bool = False, progress: Progress | None = None
) -> Report:
    """Take a file in, or only say what would be. Raises Refused when it can't be read, or its format isn't clear."""
    total = sum(1 for _line in lines(path))
    report = Report(path.name, name or recognised(path), not name, dry_run)
    encodings = _learnt(path, report)
    heard, preview = _Heard(), Preview()

    def batch() -> int:
        if report.batch is None:
            report.batch = taking.live_batch(path.name, by)
        return report.batch

    for chunk in _chunks(path, report.format):
        if dry_run:
            taken = taking.examine(chunk, encodings, heard, preview)
        else:
            taken = taking.take(chunk, encodings, heard, batch)
        _examples(chunk, taken, report)
        taken.outcomes = []
        report.taken.add(taken)
        if progress is not None:
            progress(report.taken.messages, total, path.name)
    heard.tell(report)
    if not dry_run:
        health.flush()
    return report


class _Heard:
    """What is seen of a file's frames as they pass: devices, counters, flags."""

    def __init__(self) -> None:
        self.counters: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.addresses: set[str] = set()
        self.flags: Counter[str] = Counter()

    def __call__(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            self.addresses.add(frame.address)
            if frame.counter is not None:
                self.counters[frame.address].append((frame.time, frame.counter))
            for flag in Flag(frame.flags):
                self.flags[str(flag.name).lower()] += 1

    def tell(self, report: Report) -> None:
        for ordered in self.counters.values():
            ordered.sort()
            times, missed = taking.gaps([counter for _time, counter in ordered])
            report.gaps, report.missed = report.gaps + times, report.missed + missed
        report.devices, report.flags = len(self.addresses), self.flags
        known = register.devices(self.addresses) if self.addresses else {}
        report.strangers = sorted(address for address in self.addresses if known[address] is None)[:EXAMPLES]


def lines(path: Path) -> Iterator[bytes]:
    """The messages of a file: its lines that aren't blank, or the elements of the only list in it."""
    try:
        first = next(islice(_lines(path), 1), b"")
        whole = _whole(path, first)
        yield from _lines(path) if whole is None else whole
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        message = _("%(file)s is damaged: it can't be unpacked.") % {"file": path.name}
        raise Refused(message, _("Get the file again."), code="damaged") from error
    except OSError as error:
        message = _("%(file)s can't be read.") % {"file": path.name}
        raise Refused(message, _("Check its name and its rights."), code="unreadable") from error


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as source:
        for line in source:
            if line.strip():
                yield line.removeprefix(b"\xef\xbb\xbf").strip()


def _whole(path: Path, first: bytes) -> list[bytes] | None:
    """A file that is one JSON value over several lines: its messages. None for a message a line."""
    try:
        msgspec.json.decode(first)
        return None
    except (msgspec.DecodeError, ValueError, RecursionError):
        if not first.startswith((b"[", b"{")) or path.stat().st_size > WHOLE_FILE:
            return None
    try:
        value, _wrong = strict.read(b"\n".join(_lines(path)))
    except Unreadable:
        return None
    return [msgspec.json.encode(one) for one in (value if isinstance(value, list) else [value])]


def recognised(path: Path) -> str:
    """The format of a file's first messages. Raises Refused when they are of none that is known, or of several."""
    found: Counter[str] = Counter()
    unclear: Counter[str] = Counter()
    for line in islice(lines(path), LOOKED_AT):
        try:
            found[formats.identify(line)] += 1
        except Unreadable as fault:
            if fault.reason == "format_ambiguous":
                unclear[fault.detail] += 1
    if len(found) == 1:
        return next(iter(found))
    known = ", ".join(one.name for one in formats.FORMATS)
    step = _("Name it: --format, one of %(known)s.") % {"known": known}
    if found or unclear:
        names = ", ".join(sorted({*found, *unclear}))
        raise Refused(_("The messages could be of several formats: %(names)s.") % {"names": names}, step, code="format")
    raise Refused(_("The format of the messages was not recognised."), step, code="format")


def _learnt(path: Path, report: Report) -> Encodings | None:
    """How the file's payloads are written, over all of them, where the format leaves it open."""
    if len(formats.BY_NAME[report.format].encodings) == 1:
        report.encoding = formats.BY_NAME[report.format].encodings[0]
        return None
    learnt = Encodings()
    source = ""
    for chunk in _chunks(path, report.format):
        for message in chunk:
            try:
                found = reading.payload_text(message)
            except Unreadable:
                continue
            if found is not None:
                source = found[0]
                learnt.note(*found)
    seen = learnt.seen.get(source, Counter())
    report.evidence = {"hex_only": seen["hex"], "base64_only": seen["base64"], "either": seen["both"]}
    report.encoding = learnt.of(source) or kept().of(source)
    return learnt


def _chunks(path: Path, name: str) -> Iterator[list[Message]]:
    received = days.now_us()
    numbered = (
        Message(name, line, received, "import", f"{path.name}:{number}") for number, line in enumerate(lines(path), 1)
    )
    while chunk := list(islice(numbered, AT_ONCE)):
        yield chunk


def _examples(chunk: Sequence[Message], taken: Taken, report: Report) -> None:
    for message, outcome in zip(chunk, taken.outcomes, strict=True):
        if outcome in reading.REASONS and len(report.examples) < EXAMPLES:
            line = int(message.source.rpartition(":")[2])
            report.examples.append({"line": line, "reason": outcome, "detail": _detail(message)})


def _detail(message: Message) -> str:
    try:
        reading.read(message)
    except Unreadable as fault:
        return fault.detail
    return ""
