"""`mitoyen init`: makes an installation's folder and databases; safe to repeat."""

import os

from django.conf import settings
from django.core.management import call_command
from django.utils.translation import gettext as _

from mitoyen.cli.main import app

FOLDERS = ("archive", "rollups", "staging", "corrections", "published", "factors", "static")


@app.command()
def init() -> None:
    """Make the installation in MITOYEN_HOME: folders, key, databases. Safe to repeat (upgrades too)."""
    prepare()
    said = _("%(home)s: ready. Next: mitoyen demo, or mitoyen communes load, then mitoyen import FILE.")
    print(said % {"home": settings.MITOYEN_HOME})


def prepare() -> None:
    """Folders, secret key (readable by its owner alone), database migrations. Idempotent."""
    home = settings.MITOYEN_HOME
    home.mkdir(parents=True, exist_ok=True, mode=0o750)
    for folder in FOLDERS:
        (home / folder).mkdir(exist_ok=True)
    key = home / "secret.key"
    if not key.exists():
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(os.urandom(32).hex() + "\n")
    call_command("migrate", interactive=False, verbosity=0)
