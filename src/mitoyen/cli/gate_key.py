"""`mitoyen gate-key`: a key for a machine that sends readings."""

import typer
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.gate.keys import make_key
from mitoyen.ledger import audit


@app.command("gate-key")
def gate_key(name: str = typer.Argument(help="Of the sender: letters, digits, dots and dashes.")) -> None:
    """Make a key for the machines' door. It is shown once; to revoke it, delete its line in gate.keys."""
    try:
        key = make_key(settings.MITOYEN_HOME / "gate.keys", name)
    except ValueError as error:
        raise typer.BadParameter(_("A name has letters, digits, dots and dashes only.")) from error
    audit.record("mitoyen gate-key", "gate.key_made", name)
    print(key)
