"""`mitoyen addresses`: the national address base, so that a place is found by its words."""

import json
from pathlib import Path

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app

addresses = typer.Typer(no_args_is_help=True, help="The national address base.")
app.add_typer(addresses, name="addresses")


@addresses.command("import")
def import_file(
    file: Path = typer.Argument(help="adresses-<département>.csv or .csv.gz, as adresse.data.gouv.fr gives it."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """Load the streets and numbers of the territory's communes. Safe to repeat: a commune's are replaced."""
    from mitoyen.territory.addresses import load_addresses

    loaded = load_addresses(file, "mitoyen addresses import")
    if as_json:
        refused = [{"line": ground.line, "reason": ground.message} for ground in loaded.refused[:1000]]
        counts = {"streets": loaded.streets, "numbers": loaded.numbers, "repeated": loaded.repeated}
        print(json.dumps({**counts, "elsewhere": loaded.elsewhere, "refused": refused}, ensure_ascii=False))
        return
    told = {"streets": loaded.streets, "numbers": loaded.numbers, "elsewhere": loaded.elsewhere}
    print(_("%(streets)d streets, %(numbers)d numbers; %(elsewhere)d addresses of other communes left out.") % told)
    for ground in loaded.refused[:20]:
        print(_("line %(line)s: %(reason)s") % {"line": ground.line, "reason": ground.message})
