"""`mitoyen findings`: what to do on Monday."""

import json

import typer

from mitoyen.cli.main import app


@app.command()
def findings(
    commune: str = typer.Option("", help="INSEE code or name: only this commune's."),
    look: bool = typer.Option(False, "--look", help="Run the rules first, on every meter."),
    every: bool = typer.Option(False, "--all", help="Those done and set aside too."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """List what is worth doing, the most at stake first."""
    from mitoyen.operate import comparison, listing
    from mitoyen.operate import findings as operate
    from mitoyen.operate.enums import FindingState
    from mitoyen.territory.register import commune_named

    if look:
        comparison.refresh()
        operate.find_all()
    chosen = commune_named(commune) if commune else None
    found = operate.ranked(chosen, list(FindingState) if every else operate.OPEN)
    if as_json:
        print(json.dumps([listing.to_json(finding) for finding in found], ensure_ascii=False, indent=2))
        return
    for line in listing.lines(found):
        print(line)
