"""`mitoyen figure`: a published number, where it comes from, and whether it still holds."""

import json
from typing import Annotated

import typer

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
    from mitoyen.evaluate import figures
    from mitoyen.evaluate.printed import figure_lines
    from mitoyen.evaluate.told import figure_json

    found = figures.get(id)
    recomputed = figures.recompute(found) if recompute else None
    told = figure_json(found, recomputed)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print("\n".join(figure_lines(told)))
    if recomputed is not None and not recomputed.same:
        raise typer.Exit(1)
