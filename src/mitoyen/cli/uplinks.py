"""`mitoyen uplinks`: messages of devices from a file, the formats known; `mitoyen replay`: kept frames again."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress

from mitoyen.cli.main import app
from mitoyen.cli.who import who

if TYPE_CHECKING:
    from mitoyen.connect.uplinks.importing import Report
    from mitoyen.connect.uplinks.replaying import Difference
    from mitoyen.connect.uplinks.rereading import Reread

_DAYS = ["%Y-%m-%d"]

uplinks = typer.Typer(no_args_is_help=True, help="What devices send: import a file of messages, list the formats.")
app.add_typer(uplinks, name="uplinks")


@uplinks.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Messages, one JSON object a line; packed (.gz) or not.", exists=True)],
    name: Annotated[
        str, typer.Option("--format", help="Their format; recognised without (mitoyen uplinks formats).")
    ] = "",
    dry_run: Annotated[bool, typer.Option(help="Read everything, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Take a file of devices' messages in, as if they had just come. The same file again changes nothing."""
    from mitoyen.connect.uplinks import decoding, formats, importing

    if name and name not in formats.BY_NAME:
        raise typer.BadParameter(", ".join(formats.BY_NAME), param_hint="--format")
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(done: int, total: int, message: str) -> None:
            bar.update(task, completed=done, total=total or None, description=message)

        try:
            report = importing.run(file, name, who("mitoyen uplinks import"), dry_run=dry_run, progress=tell)
        finally:
            decoding.close()
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        for line in _told(report):
            print(line)


@uplinks.command("formats")
def formats_(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """List the formats that are read, and the published description each was checked against."""
    from mitoyen.connect.uplinks.formats import FORMATS

    if as_json:
        listed = [{"name": f.name, "title": f.title, "checked": f.checked or None} for f in FORMATS]
        print(json.dumps(listed, ensure_ascii=False))
        return
    for one in FORMATS:
        against = one.checked or _("not verified against a published sample")
        print(f"{one.name:12} {one.title:22} {against}")


@app.command()
def replay(  # noqa: PLR0917 (typer turns parameters into options)
    model: Annotated[str, typer.Option(help="Only the devices of this model (its short name).")] = "",
    device: Annotated[
        list[str] | None, typer.Option(help="Only this device (EUI or serial number); repeatable.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(formats=_DAYS, help="Only frames from this UTC day on.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_DAYS, help="Only frames up to this UTC day.")] = None,
    in_quarantine: Annotated[
        bool, typer.Option("--quarantine", help="Read again the messages that could not be read, instead.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", "--yes", help="Write it; without, it is only shown.")] = False,
    why: Annotated[str, typer.Option(help="Reason of the correction, needed to write.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the difference as JSON.")] = False,
) -> None:
    """Decode kept frames again with today's codecs and fields; show what differs, then write it as a correction."""
    from mitoyen.connect.uplinks import decoding, replaying, rereading

    try:
        if in_quarantine:
            again = rereading.reread(write=write)
            content, lines = again.to_json(), _reread_told(again, written=write)
        else:
            choice = replaying.Choice(model, tuple(device or ()), _start_of(since), _end_of(until))
            made = replaying.write(choice, who("mitoyen replay"), why) if write else replaying.compare(choice)
            content, lines = made.to_json(), _difference_told(made, written=write)
    finally:
        decoding.close()
    if as_json:
        print(json.dumps(content, ensure_ascii=False))
        return
    for line in lines:
        print(line)


def _start_of(day: datetime | None) -> int | None:
    return None if day is None else int(day.replace(tzinfo=UTC).timestamp()) * 1_000_000


def _end_of(day: datetime | None) -> int | None:
    start = _start_of(day)
    return None if start is None else start + 86_400_000_000 - 1


def _difference_told(made: "Difference", *, written: bool) -> list[str]:
    from mitoyen.connect.uplinks import telling

    lines = [_("%(frames)d kept frames, %(decoded)d decoded again.") % {"frames": made.frames, "decoded": made.decoded}]
    for name, one in sorted(made.datastreams.items()):
        counts = {"name": name, "same": one.same, "new": one.new, "changed": one.changed, "gone": one.gone}
        line = _("%(name)s: %(same)d as before, %(new)d new, %(changed)d changed, %(gone)d gone.") % counts
        if one.smallest is not None:
            reach = {"smallest": f"{one.smallest:+.6g}", "largest": f"{one.largest:+.6g}"}
            line += " " + _("Changes from %(smallest)s to %(largest)s.") % reach
        lines.append(line)
    for code, count in sorted(made.undecoded.items()):
        lines.append(_("Not decoded: %(count)d: %(reason)s.") % {"count": count, "reason": telling.undecoded(code)})
    if any(one.gone for one in made.datastreams.values()):
        lines.append(_("Readings that are gone stay as they are."))
    if made.batch is not None:
        lines.append(
            _("Written: batch %(batch)d. To take it back: mitoyen import --undo %(batch)d") % {"batch": made.batch}
        )
    elif made.to_write and not written:
        lines.append(_("Nothing was written. To write it: the same with --write --why REASON"))
    elif not made.to_write:
        lines.append(_("Nothing differs."))
    return lines


def _reread_told(again: "Reread", *, written: bool) -> list[str]:
    from mitoyen.connect.uplinks import telling

    counts = {"waiting": again.waiting, "readable": again.readable}
    lines = [_("%(waiting)d messages wait in quarantine, %(readable)d can be read now.") % counts]
    for code, count in sorted(again.still.items()):
        lines.append(_("Still not: %(count)d. %(reason)s") % {"count": count, "reason": telling.reason(code)})
    if again.cut:
        lines.append(_("%(count)d were too large to be kept whole.") % {"count": again.cut})
    if written:
        lines.append(_("%(count)d new readings.") % {"count": again.accepted})
    elif again.readable:
        lines.append(_("Nothing was written. To take them in: the same with --write"))
    return lines


def _told(report: "Report") -> list[str]:
    from mitoyen.connect.uplinks import telling

    taken = report.taken
    counts = {
        "messages": taken.messages, "frames": taken.frames, "duplicates": taken.duplicates,
        "status": taken.status_only, "quarantined": taken.quarantined.total(), "decoded": taken.decoded,
    }  # fmt: skip
    lines = [
        _("%(file)s: format %(format)s.") % {"file": report.file, "format": report.format},
        _("%(messages)d messages: %(frames)d frames, %(duplicates)d repeated, %(status)d of status only.") % counts,
        _("Decoded: %(decoded)d frames.") % counts,
        _("Frame counter: %(gaps)d gaps, %(missed)d frames missing.") % {"gaps": report.gaps, "missed": report.missed},
    ]
    if report.evidence:
        lines.append(
            _("Payloads: %(encoding)s (%(hex)d fit hexadecimal only, %(base64)d base64 only, %(either)d both).")
            % {
                "encoding": report.encoding or _("both encodings"),
                "hex": report.evidence["hex_only"],
                "base64": report.evidence["base64_only"],
                "either": report.evidence["either"],
            }
        )
    if taken.unknown:
        lines.append(_("%(count)d frames are of devices that aren't registered: kept.") % {"count": taken.unknown})
        lines.append(", ".join(report.strangers))
    if report.batch is not None:
        told = {"count": taken.accepted, "batch": report.batch}
        lines.append(_("%(count)d new readings, batch %(batch)d.") % told)
    for code, count in sorted(taken.quarantined.items()):
        lines.append(_("In quarantine: %(count)d. %(reason)s") % {"count": count, "reason": telling.reason(code)})
    for code, count in sorted(taken.undecoded.items()):
        lines.append(_("Not decoded: %(count)d: %(reason)s.") % {"count": count, "reason": telling.undecoded(code)})
    if report.dry_run:
        lines.append(_("Nothing was written."))
    return lines
