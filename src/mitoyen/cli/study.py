"""`mitoyen study`: tries the savings' interval on planted savings and on placebo dates."""

import json
from pathlib import Path
from typing import Annotated

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.cli.progress import bar
from mitoyen.evaluate.study import Placebo, Planted, Study


@app.command()
def study(
    *,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the real meters' files (energy/cambridge); else generated meters.")
    ] = None,
    runs: Annotated[
        int, typer.Option(min=12, help="Series for each planted saving, and placebo windows in all.")
    ] = 500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same study.")] = 2,
    block_days: Annotated[int, typer.Option(min=1, max=180, help="Days of noise drawn together.")] = 28,
    in_sample: Annotated[bool, typer.Option(help="Draw the noise from the fits' own residuals instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Try the savings' 90 % interval on planted savings and on dates on which nothing was done."""
    from mitoyen.evaluate import study as trials
    from mitoyen.evaluate.study_meters import cambridge, generated

    meters = generated(seed) if data is None else cambridge(data)
    source = "generated" if data is None else "cambridge"
    noise = "in_sample" if in_sample else "held_out"
    with bar(_("Study")) as progress:
        result = trials.study(
            meters, source, runs=runs, seed=seed, block_days=block_days, noise=noise, progress=progress
        )
    if as_json:
        print(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        _print(result)


def _print(result: Study) -> None:
    print(
        _("Planted savings ({source} meters, noise in blocks of {days} days)").format(
            source=result.source, days=result.block_days
        )
    )
    print(
        "{:>10} {:>6} {:>9} {:>9} {:>9} {:>8} {:>8}".format(
            _("planted"), _("runs"), _("covered"), _("proven"), _("too high"), _("bias"), "± 90 %"
        )
    )
    for one in result.planted:
        print(_planted_line(one))
    for name, lines in result.meters.items() if len(result.meters) < 6 else ():
        print(name)
        for one in lines:
            print(_planted_line(one))
    print(_("Placebo dates inside the baselines (nothing was done)"))
    print(
        "{:>10} {:>6} {:>9} {:>9} {:>9} {:>8}".format(
            _("days"), _("runs"), _("silent"), _("increases"), _("covered"), "± 90 %"
        )
    )
    for window in result.placebo:
        print(_placebo_line(window))
    for demand, met in result.verdicts().items():
        said = _("met") if met else _("NOT met")
        print(f"{demand}: {said}")


def _planted_line(one: Planted) -> str:
    return (
        f"{one.saving:>10.0%} {one.runs:>6} {one.covered:>9.1%} {one.proven:>9.1%} {one.above:>9.1%}"
        f" {one.bias:>8.2%} {one.half_width:>8.1%}"
    )


def _placebo_line(one: Placebo) -> str:
    return (
        f"{one.days:>10} {one.runs:>6} {one.silent:>9.1%} {one.increases:>9.1%} {one.covered:>9.1%}"
        f" {one.half_width:>8.1%}"
    )
