"""`mitoyen backup` and `mitoyen restore`."""

import json
from pathlib import Path

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.init import prepare
from mitoyen.cli.main import app
from mitoyen.cli.progress import bar
from mitoyen.connect.numerals import grouped, moment, size


@app.command()
def backup(
    file: Path = typer.Argument(help="The tar file to write; it must not exist."),
    as_json: bool = typer.Option(False, "--json", help="Say what was written as JSON."),
) -> None:
    """Back everything up in one file, while the platform runs. The file holds keys and people: guard it."""
    from mitoyen.resilience.backup import back_up

    with bar(_("Backing up")) as progress:
        content = back_up(file, progress)
    if as_json:
        print(json.dumps(content))
    else:
        words = {"file": content["file"], "files": grouped(content["files"]), "size": size(content["bytes"])}
        print(_("%(file)s: %(files)s files, %(size)s. It holds keys and people: guard it.") % words)


@app.command()
def restore(
    source: Path = typer.Argument(help="A backup's file, or an export's folder."),
    as_json: bool = typer.Option(False, "--json", help="Say what was restored as JSON."),
) -> None:
    """Bring a backup or an export into an empty installation, made if need be."""
    from mitoyen.resilience.restore import restore as bring_back

    prepare()
    with bar(_("Restoring")) as progress:
        content = bring_back(source, progress)
    if as_json:
        print(json.dumps(content))
    else:
        words = {"rows": grouped(content["rows"]), "made_at": moment(content["made_at"])}
        print(_("Restored %(rows)s rows and the archive, as of %(made_at)s UTC. Next: mitoyen check") % words)
