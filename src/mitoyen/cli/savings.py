"""`mitoyen savings`: what one thing's meters saved. `mitoyen evaluate`: the whole territory's account."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.cli.who import who

if TYPE_CHECKING:
    from mitoyen.evaluate.periods import Period


@app.command()
def savings(
    thing: Annotated[str, typer.Argument(help="Name of a building or of a meter, e.g. b0.")],
    baseline: Annotated[str, typer.Option(help="The past to compare with, e.g. 2017-01-01..2017-12-31.")],
    reporting: Annotated[str, typer.Option(help="The days to report on, e.g. 2018-01-01..2018-12-31.")],
    by_hour: Annotated[
        bool, typer.Option("--by-hour", help="Add a second opinion: the same saving compared hour by hour.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """What the meters of a thing, and of its parts, saved against their own past, freed of the weather."""
    from mitoyen.evaluate.by_hour import compared_by_hour
    from mitoyen.evaluate.meters import thing_named
    from mitoyen.evaluate.printed import savings_lines
    from mitoyen.evaluate.savings import evaluate_thing
    from mitoyen.evaluate.told import savings_json

    before, after = _period(baseline, "--baseline"), _period(reporting, "--reporting")
    if before.overlaps(after):
        raise typer.BadParameter(_("The two periods overlap."), param_hint="--reporting")
    found = thing_named(thing)
    figures = evaluate_thing(found, before, after, who("mitoyen savings"))
    told = savings_json(found, before, after, figures)
    if by_hour:
        for one, figure in zip(told["datastreams"], figures, strict=True):
            one["by_hour"] = compared_by_hour(figure.datastream, before, after) if figure.datastream else None
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print("\n".join(savings_lines(told)))


@app.command()
def evaluate(
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes to compute with.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Work out the account of the whole territory anew: every meter, building, commune, and the whole."""
    from mitoyen.cli.progress import bar
    from mitoyen.evaluate.printed import evaluation_lines, progress_words
    from mitoyen.evaluate.published import territory_summary
    from mitoyen.evaluate.savings import evaluate_territory

    with bar(progress_words()) as shown:
        meters = evaluate_territory(
            lambda done, total, _message: shown(done, total), processes, who("mitoyen evaluate")
        )
    latest = territory_summary().latest
    counts = latest.counts if latest else None
    if as_json:
        content = {
            "meters": meters,
            "year": latest.reporting.last.year if latest else None,
            "counted": counts.counted if counts else 0,
            "left_out": counts.not_proven if counts else 0,
        }
        print(json.dumps(content))
        return
    print("\n".join(evaluation_lines(meters, latest)))


def _period(text: str, option: str) -> "Period":
    from mitoyen.evaluate.periods import parse

    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error
