"""`mitoyen check`: audit chain, journal, the archive's counts and fingerprints, devices' frames, published figures."""

import dataclasses
import json
import sys
from typing import Annotated

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import REFUSED, app
from mitoyen.cli.who import who
from mitoyen.connect.uplinks import days
from mitoyen.evaluate import seal
from mitoyen.history import check as checking
from mitoyen.history import watch


@app.command()
def check(
    accept_journal: Annotated[
        str, typer.Option(metavar="WHY", help="Take the journal as it stands for right; noted in the audit trail.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Check all that is kept. Exit 1 when something is wrong, with what it is and what to do."""
    accepted = watch.accept(who("mitoyen check"), accept_journal) if accept_journal else []
    faults = checking.check(_told if sys.stderr.isatty() else None) + _frames() + _figures()
    if as_json:
        listed = [dataclasses.asdict(fault) for fault in faults]
        print(json.dumps({"sound": not faults, "faults": listed, "accepted": accepted}, ensure_ascii=False))
    else:
        for line in accepted:
            print(_("Accepted: %s") % line)
        for fault in faults:
            print(f"{fault.message} {fault.next_step}")
        if not faults:
            print(_("All is sound: audit trail, journal, archive, what devices sent, figures."))
    if faults:
        raise typer.Exit(REFUSED)


def _frames() -> list[checking.Fault]:
    message = _("The file %(file)s of what devices sent is damaged: %(why)s.")
    step = _("Bring it back from the last backup; readings that are in the history are not touched.")
    return [
        checking.Fault("frames_damaged", message % {"file": file, "why": why}, step) for file, why in days.damaged()
    ]


def _figures() -> list[checking.Fault]:
    message = _("The figure %(id)s was changed after it was computed.")
    step = _(
        "Restore the last backup (mitoyen restore). “mitoyen figure %(id)s --recompute” shows what its readings give."
    )
    return [checking.Fault("figure_altered", message % {"id": one}, step % {"id": one}) for one in seal.altered()]


def _told(name: str, done: int, total: int) -> None:
    print(f"\r{done + 1}/{total} {name[:60]:60}", end="\n" if done + 1 == total else "", file=sys.stderr)
