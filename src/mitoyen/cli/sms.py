"""`mitoyen sms`: what a text costs as short messages."""

import json

import typer

from mitoyen.cli.main import app

sms = typer.Typer(no_args_is_help=True, help="Short messages: what a text costs.")
app.add_typer(sms, name="sms")


@sms.callback()
def _group() -> None:
    """Short messages."""


@sms.command("cost")
def cost(
    text: str = typer.Argument(help="The text as you would send it."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """Say how many parts a text takes, as it stands and in the alphabet of short messages, and which characters make it
    longer."""
    from mitoyen.channels.sms import telling_cost

    found = telling_cost.of(text)
    print(json.dumps(found.as_json(), ensure_ascii=False) if as_json else found.sentence())
