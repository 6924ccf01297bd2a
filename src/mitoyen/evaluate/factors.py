"""Prices and emission factors: dated tables that name their source.

Built-in tables are in `evaluate/data/`. An installation states its own in MITOYEN_HOME/factors/prices.csv and
emissions.csv, with the same columns: on the days that its rows cover, they stand in place of the built-in ones.
"""

import csv
import datetime as dt
import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Ground, Refused

COLUMNS = ("energy", "from", "to", "value", "low", "high", "unit", "source", "note")
UNITS = {
    "prices": ("EUR/kWh", "EUR/m3"),
    "emissions": ("kgCO2e/kWh", "kgCO2e/m3"),
}
ENERGIES = ("electricity", "gas", "heat", "water")
_BUILT_IN = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Factor:
    """What one unit of an energy (or of water) costs or emits, from `first` to `last` (None: until further notice).

    `low` and `high` bound it as a 90 % interval would; `own` tells an installation's value from a built-in one.
    """

    energy: str
    first: dt.date
    last: dt.date | None
    value: float
    low: float
    high: float
    unit: str
    source: str
    note: str
    own: bool = False

    def covers(self, day: dt.date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def to_json(self) -> dict[str, object]:
        return {
            "energy": self.energy,
            "from": self.first.isoformat(),
            "to": self.last.isoformat() if self.last else None,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "source": self.source,
            "note": self.note,
            "own": self.own,
        }


def from_json(row: dict[str, Any]) -> Factor:
    """A factor as a Figure keeps it."""
    first, last = dt.date.fromisoformat(row["from"]), dt.date.fromisoformat(row["to"]) if row["to"] else None
    fields = {key: row[key] for key in ("energy", "value", "low", "high", "unit", "source", "note", "own")}
    return Factor(first=first, last=last, **fields)


def price_on(energy: str, day: dt.date, per: str = "") -> Factor | None:
    """The price of `energy` on `day`, None when no table states it. `per` (kWh or m3) asks for that unit only.
    Raises Refused when the installation's table is faulty."""
    return covering(rows_of("prices", energy, per), day)


def emission_on(energy: str, day: dt.date, per: str = "") -> Factor | None:
    """The emission factor of `energy` on `day`, likewise."""
    return covering(rows_of("emissions", energy, per), day)


def table(name: str) -> list[Factor]:
    """All rows of `prices` or `emissions`, the installation's own first."""
    own = settings.MITOYEN_HOME / "factors" / f"{name}.csv"
    mine = list(_read(own, name, own.stat().st_mtime_ns, True)) if own.is_file() else []
    return mine + list(_read(_BUILT_IN / f"{name}.csv", name, 0, False))


def stamp() -> str:
    """Changes when an installation's table is changed."""
    folder = settings.MITOYEN_HOME / "factors"
    files = [folder / f"{name}.csv" for name in UNITS]
    return ",".join(str(file.stat().st_mtime_ns) for file in files if file.is_file())


def rows_of(name: str, energy: str, per: str = "") -> list[Factor]:
    """The rows of `prices` or `emissions` for an energy, the installation's own first."""
    return [row for row in table(name) if row.energy == energy and row.unit.endswith(f"/{per}" if per else "")]


def covering(rows: Iterable[Factor], day: dt.date) -> Factor | None:
    """The first row that covers the day."""
    return next((row for row in rows if row.covers(day)), None)


@functools.lru_cache(maxsize=8)
def _read(file: Path, name: str, changed: int, own: bool) -> tuple[Factor, ...]:
    """The rows of `file` as it was at `changed`. Raises Refused with each faulty line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.reader(lines))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(
            _("%(file)s can't be read: %(error)s.") % {"file": file, "error": error},
            _("Save it as CSV in UTF-8, with commas."),
            code="bad_factors",
        ) from error
    if not rows or tuple(cell.strip() for cell in rows[0]) != COLUMNS:
        raise Refused(
            _("%(file)s does not begin with the columns %(columns)s.") % {"file": file, "columns": ",".join(COLUMNS)},
            _("Copy the first line from the built-in table, in docs/figures.md."),
            code="bad_factors",
        )
    factors: list[Factor] = []
    grounds: list[Ground] = []
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            factor = _factor(row, UNITS[name], own)
            _not_twice(factor, factors)
        except ValueError as error:
            grounds.append(Ground("bad_factor", str(error), line))
        else:
            factors.append(factor)
    if grounds:
        raise Refused(
            _("%(file)s has faulty lines.") % {"file": file}, _("Mend them, then start again."), grounds, "bad_factors"
        )
    return tuple(factors)


def _factor(row: list[str], units: tuple[str, ...], own: bool) -> Factor:
    if len(row) != len(COLUMNS):
        raise ValueError(_("%(found)d columns instead of %(wanted)d") % {"found": len(row), "wanted": len(COLUMNS)})
    cells = dict(zip(COLUMNS, (cell.strip() for cell in row), strict=True))
    if cells["energy"] not in ENERGIES:
        raise ValueError(_("“%(energy)s” is none of %(known)s") % {**cells, "known": ", ".join(ENERGIES)})
    if cells["unit"] not in units:
        raise ValueError(_("the unit “%(unit)s” is none of %(known)s") % {**cells, "known": ", ".join(units)})
    if not cells["source"]:
        raise ValueError(_("the source is missing"))
    value, low, high = (_number(cells[column]) for column in ("value", "low", "high"))
    if not 0 <= low <= value <= high:
        raise ValueError(_("the values must rise from low to value to high, none below 0"))
    first, last = _day(cells["from"]), _day(cells["to"]) if cells["to"] else None
    if last is not None and last < first:
        raise ValueError(_("the period ends before it starts"))
    return Factor(cells["energy"], first, last, value, low, high, cells["unit"], cells["source"], cells["note"], own)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(_("“%(text)s” is not a number (write 0.15)") % {"text": text})
    return number


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_("“%(text)s” is not a day (write 2024-01-01)") % {"text": text}) from error


def _not_twice(factor: Factor, factors: list[Factor]) -> None:
    for other in factors:
        same = (other.energy, other.unit) == (factor.energy, factor.unit)
        if same and other.covers(max(factor.first, other.first)) and factor.covers(max(factor.first, other.first)):
            raise ValueError(_("%(energy)s is stated twice for the same days") % {"energy": factor.energy})
