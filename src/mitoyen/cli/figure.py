"""`mitoyen figure`: a published number, where it comes from, and whether it still holds."""

import json
from typing import Annotated, Any

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app


@app.command()
def figure(
    id: Annotated[str, typer.Argument(metavar="ID", help="The figure's name, e.g. 7k2mq-x04zt.")],  # noqa: A002
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Compute it anew, and see whether today's readings still give it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Show a figure: method and version, inputs, coverage, uncertainty, fingerprint. Exit 1 when --recompute gets
    another number: the figure was altered after it was computed."""
    from mitoyen.evaluate import figures, sentences
    from mitoyen.evaluate.told import figure_json

    found = figures.get(id)
    recomputed = figures.recompute(found) if recompute else None
    told = figure_json(found, recomputed)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _say(told, sentences.full(found))
    if recomputed is not None and not recomputed.same:
        raise typer.Exit(1)


def _say(told: dict[str, Any], sentence: str) -> None:
    print(f"{told['subject']} ({told['measure']}), {told['reporting'][0]}..{told['reporting'][1]}")
    print(f"  {sentence}")
    for reason in told["reasons"]:
        print(f"  - {reason['text']}. {reason['mends']}")
    method = {"method": told["method"], "version": told["method_version"], "coverage": f"{100 * told['coverage']:.1f}"}
    print("  " + _("method %(method)s %(version)s, %(coverage)s %% of the days with readings") % method)
    print("  " + _("fingerprint %(fingerprint)s") % told)
    if "same" not in told:
        return
    if told["same"]:
        print("  " + _("Recomputed: the same number."))
    else:
        print("  " + _("Recomputed: ANOTHER number. This figure was altered after it was computed."))
    if told["still"]:
        print("  " + _("Today's readings still give it."))
        return
    print("  " + _("Today's readings no longer give it:"))
    for change in told["changed"]:
        print("    " + ", ".join(f"{key} {value}" for key, value in change.items() if value not in ("", None)))
