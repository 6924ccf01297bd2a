"""`mitoyen services`: what is installed, whether a folder is fit for every channel."""

import json
from pathlib import Path

import typer

from mitoyen.cli.main import REFUSED, app

services = typer.Typer(no_args_is_help=True, help="Services to people: list those installed, check one.")
app.add_typer(services, name="services")


@services.command("list")
def list_() -> None:
    """Show the installed services, and why one can't be used."""
    from mitoyen.manifests import listing

    for line in listing.service_lines():
        print(line)


@services.command("check")
def check_(
    folder: Path | None = typer.Argument(None, help="Folder with manifest.toml and texts/; none: all installed."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """Check that a service is whole and that every channel can carry it: each fault with its file, its key and what to
    do. Exit 1 when there is one."""
    from mitoyen.manifests import listing, service_check
    from mitoyen.manifests.registry import services as installed

    faults = service_check.check(folder) if folder else installed.rejected()
    if as_json:
        print(json.dumps([{"file": f.file, "key": f.key, "message": f.message} for f in faults], ensure_ascii=False))
    else:
        for line in listing.checked_lines(str(folder) if folder else ", ".join(installed.installed()), faults):
            print(line)
    if faults:
        raise typer.Exit(REFUSED)
