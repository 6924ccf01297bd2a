"""`mitoyen usages`: what is installed, whether a folder is fit for use, where a usage is on."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mitoyen.cli.main import REFUSED, app

if TYPE_CHECKING:
    from mitoyen.territory.models import Commune

usages = typer.Typer(no_args_is_help=True, help="Usages: list those installed, check one, switch one on or off.")
app.add_typer(usages, name="usages")


@usages.command("list")
def list_() -> None:
    """Show the installed usages, and why one can't be used."""
    from mitoyen.manifests import listing

    for line in listing.installed_lines(dt.date.today()):
        print(line)


@usages.command("check")
def check_(
    folder: Path = typer.Argument(help="Folder with manifest.toml and texts/."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """Check a usage's folder: every fault with its file, its key and what to do. Exit 1 when there is one."""
    from mitoyen.manifests import check, listing

    faults = check.check(folder)
    if as_json:
        print(json.dumps([{"file": f.file, "key": f.key, "message": f.message} for f in faults], ensure_ascii=False))
    else:
        for line in listing.checked_lines(str(folder), faults):
            print(line)
    if faults:
        raise typer.Exit(REFUSED)


@usages.command("figures")
def figures() -> None:
    """Make anew what usages show of communes; it is done once a day anyway."""
    from mitoyen.operate import showing

    print(showing.refresh())


@usages.command("on")
def on(
    name: str,
    commune: list[str] = typer.Option([], help="INSEE code or name; none: every commune."),
    since: dt.datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="First day: today unless told."),
    until: dt.datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="Last day: makes it an experiment."),
) -> None:
    """Switch a usage on in a commune, for good or as an experiment."""
    from mitoyen.manifests.switches import switch_on

    first, last = since.date() if since else dt.date.today(), until.date() if until else None
    for chosen in _communes(commune):
        switch_on(name, chosen, since=first, until=last, experiment=last is not None)
    list_()


@usages.command("off")
def off(name: str, commune: list[str] = typer.Option([], help="INSEE code or name; none: every commune.")) -> None:
    """Switch a usage off."""
    from mitoyen.manifests.switches import switch_off

    for chosen in _communes(commune):
        switch_off(name, chosen)
    list_()


def _communes(names: list[str]) -> "list[Commune]":
    from mitoyen.territory.models import Commune
    from mitoyen.territory.register import commune_named

    return [commune_named(name) for name in names] or list(Commune.objects.all())
