"""`mitoyen parity`: whether each channel serves as well as the web."""

import json
from typing import Annotated

import typer

from mitoyen.cli.main import app


@app.command("parity")
def parity(
    days: Annotated[int, typer.Option(help="Days back from today.")] = 365,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Measure how each channel serves, keep it as today's, and say it."""
    from mitoyen.services.parity import keeping, wording

    told = keeping.keep(days)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for service in told["services"]:
        print(wording.service(service["service"]))
        for channel in service["channels"]:
            print(f"  {wording.line(channel)}")
    for sentence in wording.alerts(told):
        print(sentence)
