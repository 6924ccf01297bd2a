"""One datastream's readings, hours, days or months as a table, for downloads and for scripts."""

# ruff: noqa: S608 (DuckDB has no parameters for file names; ours and numbers are all that is put into queries)

import json
import shutil
import uuid
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from django.conf import settings
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.history import engine, read
from mitoyen.history.models import Datastream
from mitoyen.history.rules import rules_for
from mitoyen.history.times import paris_day_of, paris_midnight
from mitoyen.ledger.refusal import Refused

STEPS = ("reading", "hour", "day", "month")


@dataclass(frozen=True, slots=True)
class Series:
    """A table with what its values are: `head` (datastream, unit, kind, step, from, to) and columns of equal length."""

    head: dict[str, Any]
    columns: dict[str, NDArray[Any]]


def series(
    datastream: Datastream, first: date | None = None, last: date | None = None, step: str = "reading"
) -> Series:
    """Readings, hours, days or months of the Paris days first..last; by default of all there is.

    A step's value is its amount (kWh, m3), or a gauge's mean; nan where nothing is known. Raises Refused when there is
    nothing to read, or the days are the wrong way round.
    """
    if step not in STEPS:
        raise Refused(_("The step “%(step)s” is not known.") % {"step": step}, ", ".join(STEPS), code="unknown_step")
    first, last = _bounds(datastream, first, last)
    rule = rules_for([datastream])[datastream.pk]
    make = {"reading": _readings, "hour": _hours, "day": _days, "month": _months}[step]
    columns = make(datastream, first, last)
    head = {
        "datastream": datastream.name,
        "unit": datastream.unit if step == "reading" else rule.amount_unit,
        "kind": datastream.kind,
        "step": step,
        "from": str(first),
        "to": str(last),
        "count": len(columns["value"]),
    }
    if step != "reading" and rule.kind != "gauge":
        head["total"] = float(np.nansum(columns["value"]))
    return Series(head, columns)


def _bounds(datastream: Datastream, first: date | None, last: date | None) -> tuple[date, date]:
    if first is None or last is None:
        extent = read.extent(datastream)
        if extent is None:
            raise Refused(_("%(name)s has no readings.") % {"name": datastream.name}, code="no_readings")
        days = paris_day_of(np.array([extent[0] - 1, extent[1] - 1], "datetime64[us]")).astype(object)
        first, last = first or days[0], last or days[1]
    if last < first:
        raise Refused(_("%(last)s comes before %(first)s.") % {"first": first, "last": last}, code="wrong_days")
    return first, last


def _readings(datastream: Datastream, first: date, last: date) -> dict[str, NDArray[Any]]:
    got = read.readings(datastream, paris_midnight(first), paris_midnight(last + timedelta(days=1)))
    return {
        "time": got.time, "value": got.value, "length_s": got.length_s, "quality": got.quality, "batch": got.batch,
    }  # fmt: skip


def _hours(datastream: Datastream, first: date, last: date) -> dict[str, NDArray[Any]]:
    got = read.hourly(datastream, first, last)
    return {"time": got.start, "value": got.amount}


def _days(datastream: Datastream, first: date, last: date) -> dict[str, NDArray[Any]]:
    got = read.daily([datastream], first, last)[datastream.pk]
    value = got.mean if datastream.kind == "gauge" else got.amount
    names = ("mean", "minimum", "maximum", "covered_s", "count", "zeros")
    return {"day": got.day, "value": value, **{name: getattr(got, name) for name in names}}


def _months(datastream: Datastream, first: date, last: date) -> dict[str, NDArray[Any]]:
    got = read.daily([datastream], first, last)[datastream.pk]
    months, which = np.unique(got.day.astype("datetime64[M]"), return_inverse=True)
    gauge = datastream.kind == "gauge"
    amount = got.mean if gauge else got.amount
    known = np.isfinite(amount)
    days = np.bincount(which[known], minlength=len(months))
    value = np.bincount(which[known], weights=amount[known], minlength=len(months)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        value = value / days if gauge else np.where(days > 0, value, np.nan)
    covered = np.bincount(which, weights=got.covered_s, minlength=len(months))
    return {"month": months, "value": value, "days": days, "covered_s": covered}


def to_json(made: Series) -> str:
    """The head's fields, and `values`: a list of rows. Times end in Z; what is unknown is null."""
    names = list(made.columns)
    rows = [dict(zip(names, row, strict=True)) for row in zip(*(_plain(c) for c in made.columns.values()), strict=True)]
    return json.dumps({**made.head, "values": rows}, ensure_ascii=False)


def _plain(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        return _times(column)
    if column.dtype.kind == "f":
        return [value if value == value else None for value in column.tolist()]  # noqa: PLR0124 (nan)
    return list(column.tolist())


def _times(column: NDArray[Any]) -> list[str]:
    if np.datetime_data(column.dtype)[0] in ("D", "M"):
        return [str(moment) for moment in column]
    whole = (column.astype(np.int64) % 1_000_000 == 0).all()
    shown = np.datetime_as_string(column, unit="s" if whole else "us")
    return [f"{moment}Z" for moment in shown]


def to_csv(made: Series, file: TextIO) -> None:
    """A header line, then a row a line; decimal points, commas between, what is unknown empty."""
    file.write(",".join([*made.columns, "unit"]) + "\n")
    unit = made.head["unit"]
    for row in zip(*(_plain(column) for column in made.columns.values()), strict=True):
        file.write(",".join("" if cell is None else str(cell) for cell in (*row, unit)) + "\n")


def to_parquet(made: Series, file: Path) -> None:
    """The same table as Parquet, with the head as its metadata. The file must lie under MITOYEN_HOME/staging."""
    columns = {
        name: column.astype("datetime64[us]") if column.dtype.kind == "M" else column
        for name, column in made.columns.items()
    }
    names = ", ".join(
        f"{name}::DATE AS {name}" if name in ("day", "month") else
        f"timezone('UTC', {name}) AS time" if name == "time" else name
        for name in columns
    )  # fmt: skip
    about = ", ".join(f"{_key(name)}: {engine.quoted(value)}" for name, value in made.head.items())
    with engine.connected() as con:
        con.register("made", columns)
        con.execute(
            f"COPY (SELECT {names} FROM made) TO {engine.quoted(file)}"
            f" (FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{about}}})"
        )


def _key(name: str) -> str:
    return f'"{name}"'


def write_csv(datastream: Datastream, first: date | None, last: date | None, file: TextIO) -> None:
    """Readings of the Paris days first..last as CSV into an open text file."""
    to_csv(series(datastream, first, last), file)


def write_parquet(datastream: Datastream, first: date | None, last: date | None, file: Path) -> None:
    """Readings of the Paris days first..last as Parquet, to any path."""
    parquet_file(series(datastream, first, last), file)


def parquet_file(made: Series, file: Path) -> None:
    """Write a table as Parquet to any path: the engine may touch the staging folder only, so it is moved from there."""
    staged = Path(settings.MITOYEN_HOME) / "staging" / f"export-{uuid.uuid4().hex}.parquet"
    try:
        to_parquet(made, staged)
        shutil.copyfile(staged, file)
    finally:
        staged.unlink(missing_ok=True)
