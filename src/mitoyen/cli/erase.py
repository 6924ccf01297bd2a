"""`mitoyen erase`: what personal data is due, and erasing it."""

import json

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app


@app.command("erase")
def erase(
    due: bool = typer.Option(False, "--due", help="Erase what is due; without it, only say what is."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """Erase the personal data whose term is over, with proof in the audit trail. The worker does it every night."""
    from mitoyen.services.erasing import acts

    if not due:
        _say_waiting(as_json)
        return
    done = acts.erase_due("mitoyen erase")
    if as_json:
        print(json.dumps({"requests": done.requests, "erased": dict(done.counts), "lots": done.lots}))
        return
    print(_("Personal data of %(requests)d requests erased.") % {"requests": done.requests})
    for what, count in sorted(done.counts.items()):
        print(f"  {what}: {count}")


def _say_waiting(as_json: bool) -> None:
    from mitoyen.services.erasing import acts

    waiting = [(term.service, term.part, count) for term, count in acts.waiting()]
    if as_json:
        lines = [{"service": service, "part": part, "requests": count} for service, part, count in waiting]
        print(json.dumps({"due": lines}))
        return
    for service, part, count in waiting:
        print(f"{service}, {part}: {count}")
    print(_("%(count)d due; mitoyen erase --due erases them.") % {"count": sum(line[2] for line in waiting)})
