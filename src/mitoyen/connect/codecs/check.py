"""Run every example of a folder of codecs and say what passes, and why the rest doesn't."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from mitoyen.connect.codecs import layout
from mitoyen.connect.codecs.answers import Answer, Decoded, Fault, Reason
from mitoyen.connect.codecs.comparing import difference
from mitoyen.connect.codecs.layout import CodecFile, Example, LayoutFault
from mitoyen.connect.codecs.pool import Pool
from mitoyen.connect.codecs.telling import told


class Remark(NamedTuple):
    """What is said of an example, or of a file where `example` is empty."""

    file: str
    example: str
    reason: str


@dataclass
class Report:
    """`total` examples in `files` files, of which `passed` do.

    `failures` tells why the others don't, and which files can't be used; `remarks` which examples pass only because
    their author's slips are overlooked.
    """

    files: int = 0
    total: int = 0
    passed: int = 0
    failures: list[Remark] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def check(root: Path, pool: Pool, progress: Callable[[int, int], None] = lambda done, total: None) -> Report:
    """Run the uplink examples below `root`. `progress` is called with (files done, files)."""
    report, now = Report(), dt.datetime.now(dt.UTC)
    paths = layout.descriptions(root)
    for done, path in enumerate(paths):
        progress(done, len(paths))
        file = path.relative_to(root).as_posix()
        try:
            codec = layout.read(path, root, now)
        except LayoutFault as fault:
            report.failures.append(Remark(file, "", str(fault)))
            continue
        if codec is not None:
            report.files += bool(codec.examples)
            _run(codec, file, pool, report)
    progress(len(paths), len(paths))
    return report


def _run(codec: CodecFile, file: str, pool: Pool, report: Report) -> None:
    report.total += len(codec.examples)
    if isinstance(codec.script, LayoutFault):
        names = [one.description for one in codec.examples if isinstance(one, Example)] or [""]
        report.failures += [Remark(file, name, str(codec.script)) for name in names]
        return
    key = hashlib.sha256(codec.script.encode()).hexdigest()
    pool.register(key, codec.script)
    report.failures += [Remark(file, "", str(one)) for one in codec.examples if isinstance(one, LayoutFault)]
    readable = [one for one in codec.examples if isinstance(one, Example)]
    for example, answer in zip(readable, pool.decode(key, [one.frame for one in readable]), strict=True):
        failure, remark = verdict(example, answer)
        report.passed += failure is None
        if failure is not None:
            report.failures.append(Remark(file, example.description, failure))
        elif remark is not None:
            report.remarks.append(Remark(file, example.description, remark))


def verdict(example: Example, answer: Answer) -> tuple[str | None, str | None]:
    """Why an example doesn't pass, if so; what had to be overlooked for it to pass, if so."""
    expected, warnings = example.expected, list(answer.warnings)
    if isinstance(answer, Fault) and answer.reason != Reason.REFUSED:
        return told(answer), None
    errors = list(answer.errors) if isinstance(answer, Fault) else []
    data = answer.data if isinstance(answer, Decoded) else {}
    if expected.get("errors") and not expected.get("data") and not errors and not data:
        return None, _("an error is expected; nothing is decoded, but no error is told")
    found = {"errors": errors, "warnings": warnings} | ({} if errors else {"data": data})
    wanted = {name: expected.get(name) or type(value)() for name, value in found.items()}
    failure = _difference(wanted, found, is_lenient=False)
    if failure is None:
        return None, None
    if _difference(wanted, found, is_lenient=True) is None:
        return None, _("a number is expected as a text")
    return failure, None


def _difference(wanted: dict[str, Any], found: dict[str, Any], *, is_lenient: bool) -> str | None:
    all_told = (difference(wanted[name], found[name], name, is_lenient=is_lenient) for name in found)
    return next((one for one in all_told if one is not None), None)
