"""`mitoyen savings`: what one thing's meters saved. `mitoyen evaluate`: the whole territory's account."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app

if TYPE_CHECKING:
    from mitoyen.evaluate.periods import Period


@app.command()
def savings(
    thing: Annotated[str, typer.Argument(help="Name of a building or of a meter, e.g. b0.")],
    baseline: Annotated[str, typer.Option(help="The past to compare with, e.g. 2017-01-01..2017-12-31.")],
    reporting: Annotated[str, typer.Option(help="The days to report on, e.g. 2018-01-01..2018-12-31.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """What the meters of a thing, and of its parts, saved against their own past, freed of the weather."""
    from mitoyen.evaluate.meters import thing_named
    from mitoyen.evaluate.savings import evaluate_thing
    from mitoyen.evaluate.told import savings_json

    before, after = _period(baseline, "--baseline"), _period(reporting, "--reporting")
    if before.overlaps(after):
        raise typer.BadParameter(_("The two periods overlap."), param_hint="--reporting")
    found = thing_named(thing)
    told = savings_json(found, before, after, evaluate_thing(found, before, after))
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for one in told["datastreams"].values():
        _say(one)


@app.command()
def evaluate(
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes to compute with.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Work out the account of the whole territory anew: every meter, building, commune, and the whole."""
    from mitoyen.evaluate.published import territory_summary
    from mitoyen.evaluate.savings import evaluate_territory

    meters = evaluate_territory(_progress(), processes)
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
    from mitoyen.evaluate import sentences

    print(_("%(meters)d meters evaluated.") % {"meters": meters})
    if latest and latest.energy and counts:
        print(f"{latest.reporting.last.year}: {sentences.full(latest.energy)}")
        print(sentences.left_out(counts.not_proven, counts.meters))


def _period(text: str, option: str) -> "Period":
    from mitoyen.evaluate.periods import parse

    try:
        return parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _say(one: dict[str, Any]) -> None:
    from mitoyen.evaluate import sentences

    print(f"{one['name']}: {sentences.verdict_words(one['verdict'])}")
    print(f"  {one['sentence']}")
    for reason in one["reasons"]:
        print(f"  - {reason['text']}. {reason['mends']}")
    if one["savings"] is not None:
        print(f"  {one['attribution']['text']}")
    print("  " + _("figure %(id)s") % {"id": one["figure"]})


def _progress() -> Any:
    """A bar on standard error when a person looks on, nothing otherwise."""
    if not sys.stderr.isatty():
        return None
    from rich.console import Console
    from rich.progress import Progress

    bar = Progress(console=Console(stderr=True))
    task = bar.add_task("", total=None)
    bar.start()

    def tell(done: int, total: int, message: str) -> None:
        bar.update(task, completed=done, total=total, description=message)
        if done >= total:
            bar.stop()

    return tell
