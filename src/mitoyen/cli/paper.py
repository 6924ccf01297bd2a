"""`mitoyen forms`, `mitoyen scan`, `mitoyen poster`: paper out and back in."""

import json
from pathlib import Path

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import REFUSED, app
from mitoyen.cli.progress import bar

forms = typer.Typer(no_args_is_help=True, help="Printed forms of the services.")
app.add_typer(forms, name="forms")


@forms.command("print")
def print_(
    service: str = typer.Argument(..., help="Name of an installed service; mitoyen services list shows them."),
    output: Path = typer.Option(..., "-o", "--output", help="The PDF to write."),
    language: str = typer.Option("fr", "--language", help="fr or en."),
    large: bool = typer.Option(False, "--large", help="Letters of 16 points instead of 12."),
    count: int = typer.Option(1, "--count", min=1, max=1000, help="Copies; each has a number of its own."),
) -> None:
    """Write a service's form as a PDF to print: fill it by hand, scan it, and mitoyen scan reads it."""
    from mitoyen.channels.paper.forms import printed
    from mitoyen.ledger.refusal import Refused
    from mitoyen.manifests.load import LANGUAGES
    from mitoyen.manifests.registry import services

    found = services.installed().get(service)
    if found is None:
        known = ", ".join(sorted(services.installed()))
        raise Refused(
            _("No service is called %(name)s.") % {"name": service}, _("Known: %(names)s.") % {"names": known}
        )
    if language not in LANGUAGES:
        raise Refused(
            _("No form is printed in this language."), _("Known: %(names)s.") % {"names": ", ".join(LANGUAGES)}
        )
    _written(output, printed(found, language, large=large, copies=count))


@app.command()
def scan(
    files: list[Path] = typer.Argument(..., help="PDF, TIFF, PNG or JPEG with one page or several, in any order."),
    crops: Path | None = typer.Option(None, "--crops", help="Folder for a PNG of each place that was written in."),
    as_json: bool = typer.Option(False, "--json", help="For scripts: forms, boxes, zones, what could not be read."),
) -> None:
    """Read scanned forms: which form, which boxes, where something is written, how sure that is. Nothing is handed in.
    Exit 1 when a page could not be read."""
    from mitoyen.channels.paper import reading, report
    from mitoyen.ledger.refusal import Refused

    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise Refused(_("%(file)s is no file.") % {"file": missing[0]}, _("Name scanned files."))
    with bar(_("Reading")) as progress:
        content = report.told(reading.read_files(files, progress), crops)
    if as_json:
        print(json.dumps(content, ensure_ascii=False))
    else:
        for line in report.lines(content):
            print(line)
    if content["unread"]:
        raise typer.Exit(REFUSED)


@app.command()
def poster(
    commune: str = typer.Argument(..., help="INSEE code or short name."),
    output: Path = typer.Option(..., "-o", "--output", help="The PDF to write."),
    week: str = typer.Option("", "--week", help="A day of the week told, 2026-11-23; the last whole week by default."),
    language: str = typer.Option("fr", "--language", help="fr or en."),
) -> None:
    """Write the week's A3 poster of a town hall: what became of the requests, and how to ask without a connection."""
    import datetime as dt

    from django.db.models import Q

    from mitoyen.channels.paper import posters
    from mitoyen.ledger.refusal import Refused
    from mitoyen.territory.models import Commune

    found = Commune.objects.filter(Q(insee=commune) | Q(slug=commune)).first()
    if found is None:
        raise Refused(_("No commune is called %(name)s.") % {"name": commune}, _("mitoyen communes list shows them."))
    try:
        day = dt.date.fromisoformat(week) if week else posters.last_week()
    except ValueError:
        raise Refused(_("“%(day)s” is no day.") % {"day": week}, _("Write it as 2026-11-23.")) from None
    _written(output, posters.poster(found, day, language))


def _written(file: Path, content: bytes) -> None:
    from mitoyen.ledger.refusal import Refused

    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refused(
            _("%(file)s can't be written: %(why)s.") % {"file": file, "why": error.strerror}, _("Name another file.")
        ) from error
    print(_("%(file)s: written.") % {"file": file})
