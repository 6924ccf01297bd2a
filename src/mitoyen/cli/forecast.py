"""`mitoyen forecast`: the next two days of an hourly datastream, with the interval and how good it was lately."""

import json
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from django.utils import timezone
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress

from mitoyen.cli.main import app

if TYPE_CHECKING:
    from mitoyen.operate.forecast.models import Forecast


@app.command()
def forecast(
    name: Annotated[
        str, typer.Argument(metavar="THING/PROPERTY", help="The datastream; nothing: all hourly ones.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Forecast one datastream's next 48 hours; without a name, make every forecast that is due."""
    from mitoyen.history.datastreams import datastream_named
    from mitoyen.operate.forecast import forecasting

    if name:
        made = forecasting.forecast(datastream_named(name))
        print(json.dumps(forecasting.told(made), ensure_ascii=False)) if as_json else _say(made)
        return
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(_("Forecasts"), total=None)
        summary = forecasting.refresh(float("inf"), lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        print(json.dumps({"made": summary.made, "none": summary.none}))
    else:
        told = {"made": summary.made, "none": summary.none}
        print(_("%(made)d forecasts made; %(none)d datastreams are not hourly, or too short.") % told)


def _say(made: "Forecast") -> None:
    from mitoyen.operate.forecast.wording import accuracy, basis

    print(basis(made))
    print(accuracy(made))
    for step, (value, low, high) in enumerate(zip(made.values, made.low, made.high, strict=True)):
        at = timezone.localtime(made.starts + timedelta(hours=step))
        if value is not None:
            within = "" if low is None or high is None else f"  [{low:g} ; {high:g}]"
            print(f"{at:%d/%m/%Y %H:%M}  {value:10g} {made.unit}{within}")
