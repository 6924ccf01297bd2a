"""`mitoyen export`."""

import json
from pathlib import Path

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.cli.progress import bar
from mitoyen.connect.numerals import grouped


@app.command()
def export(
    folder: Path = typer.Argument(help="The new folder to write."),
    everything: bool = typer.Option(False, "--all", help="Everything but keys and accounts; acts name their agents."),
    as_json: bool = typer.Option(False, "--json", help="Say what was written as JSON."),
) -> None:
    """Write everything in open formats (Parquet, CSV, JSON, GeoJSON), with a description."""
    from mitoyen.resilience.export import export_all

    if not everything:
        raise typer.BadParameter(_("Write: mitoyen export --all FOLDER. For one datastream: mitoyen read."))
    with bar(_("Exporting")) as progress:
        content = export_all(folder, progress)
    if as_json:
        print(json.dumps(content))
    else:
        words = content | {name: grouped(content[name]) for name in ("files", "figures")}
        print(_("%(folder)s: %(files)s files, %(figures)s figures. README.md there describes them.") % words)
