"""`mitoyen open311-key`: a key for an application that hands requests in."""

import typer
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.gate.keys import make_key
from mitoyen.ledger import audit
from mitoyen.www.open311.posting import KEYS


@app.command("open311-key")
def open311_key(name: str = typer.Argument(help="Of the application: letters, digits, dots and dashes.")) -> None:
    """Make a key for an application that hands requests in (Open311).

    It is shown once; to revoke it, delete its line in open311.keys.
    """
    try:
        key = make_key(settings.MITOYEN_HOME / KEYS, name)
    except ValueError as error:
        raise typer.BadParameter(_("A name has letters, digits, dots and dashes only.")) from error
    audit.record("mitoyen open311-key", "open311.key_made", name)
    print(key)
