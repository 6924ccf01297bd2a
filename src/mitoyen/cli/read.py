"""`mitoyen read`: one datastream's readings, hours, days or months."""

import sys
import uuid
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.history import export
from mitoyen.history.datastreams import datastream_named

_DAY = ["%Y-%m-%d"]


@app.command()
def read(
    name: Annotated[str, typer.Argument(metavar="THING/PROPERTY", help="The datastream, e.g. b0/gas.")],
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="First day (Paris), included.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAY, help="Last day (Paris), included.")] = None,
    step: Annotated[str, typer.Option(help="reading, hour, day or month.")] = "reading",
    as_json: Annotated[bool, typer.Option("--json", help="JSON: unit, kind and values.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV (the default).")] = False,
    as_parquet: Annotated[bool, typer.Option("--parquet", help="Parquet, to --output or to a pipe.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write instead.")] = None,
) -> None:
    """Read one datastream: as stored, or by hour, day or month (kWh, m3, or a gauge's mean)."""
    if as_json + as_csv + as_parquet > 1:
        raise typer.BadParameter(_("Choose one of --json, --csv and --parquet."))
    if step not in export.STEPS:
        raise typer.BadParameter(_("--step is one of: %(steps)s.") % {"steps": ", ".join(export.STEPS)})
    if as_parquet and output is None and sys.stdout.isatty():
        raise typer.BadParameter(_("Parquet is not for a terminal: give --output FILE."))
    made = export.series(datastream_named(name), _date(first), _date(last), step)
    if as_parquet:
        _parquet(made, output)
        return
    file = output.open("w", encoding="utf-8") if output else sys.stdout
    if as_json:
        file.write(export.to_json(made) + "\n")
    else:
        export.to_csv(made, file)
    if output:
        file.close()


def _date(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _parquet(made: export.Series, output: Path | None) -> None:
    if output:
        export.parquet_file(made, output)
        return
    staged = Path(settings.MITOYEN_HOME) / "staging" / f"read-{uuid.uuid4().hex}.parquet"
    try:
        export.to_parquet(made, staged)
        sys.stdout.buffer.write(staged.read_bytes())
    finally:
        staged.unlink(missing_ok=True)
