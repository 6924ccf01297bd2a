"""`mitoyen uplinks`: messages of devices from a file, the formats known; `mitoyen replay`: kept frames again."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress

from mitoyen.cli.main import app

if TYPE_CHECKING:
    from mitoyen.connect.uplinks.importing import Report

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
            report = importing.run(file, name, dry_run=dry_run, progress=tell)
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
        print(f"{one.name:12} {one.title:22} {one.checked or _('not verified against a published sample')}")


def _told(report: "Report") -> list[str]:
    from mitoyen.connect.codecs.answers import Reason
    from mitoyen.connect.codecs.telling import WORDS
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
    if taken.accepted:
        lines.append(_("%(count)d new readings.") % {"count": taken.accepted})
    for code, count in sorted(taken.quarantined.items()):
        lines.append(_("In quarantine: %(count)d. %(reason)s") % {"count": count, "reason": telling.reason(code)})
    for code, count in sorted(taken.undecoded.items()):
        lines.append(_("Not decoded: %(count)d: %(reason)s.") % {"count": count, "reason": WORDS[Reason(code)]})
    if report.dry_run:
        lines.append(_("Nothing was written."))
    return lines
