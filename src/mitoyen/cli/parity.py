"""`mitoyen parity`: whether each channel serves as well as the web."""

import json
from pathlib import Path
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
    for sentence in [*wording.alerts(told), told["costs_fault"]]:
        if sentence:
            print(sentence)


@app.command("costs")
def costs(
    file: Annotated[Path | None, typer.Argument(help="A table of costs; without it, the installation's own.")] = None,
    take: Annotated[bool, typer.Option("--take", help="Make it the installation's table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Check what a request costs on each channel, and say it; every fault is told by its key."""
    from mitoyen.cli.who import who
    from mitoyen.services.enums import Channel
    from mitoyen.services.parity import costs as tables
    from mitoyen.services.parity import wording

    if file is None:
        table = tables.costs()
    else:
        table = tables.take(file.read_bytes(), who("mitoyen costs")) if take else tables.read(file.read_bytes())
    told = {channel.value: table.of(channel.value) for channel in Channel if channel != Channel.IMPORT}
    if as_json:
        print(json.dumps({"example": table.example, "channels": told}, ensure_ascii=False))
        return
    for name, cost in told.items():
        source = f" ({cost['source']}, {cost['on']})" if cost else ""
        print(f"{wording.channel(name)}: {wording.cost(cost)}{source}")
