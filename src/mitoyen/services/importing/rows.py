"""From a table and its mapping to what each row asks: when, what, where. Every row that can't be taken is told."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyproj
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.services.answers import clean
from mitoyen.services.importing.mapping import Mapping
from mitoyen.services.placing import BORDER_M
from mitoyen.territory.enums import Origin
from mitoyen.territory.locate import Locator, locator
from mitoyen.territory.models import Commune
from mitoyen.territory.tables import Table

FIRST_DAY = dt.date(1990, 1, 1)
NOON = dt.time(12)


class BadRow(ValueError):
    """Why a row can't be taken."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request as told. `told` is what the source calls the category; `key` identifies the row in its source."""

    line: int
    key: str
    received: dt.datetime
    category: str
    told: str
    longitude: float | None
    latitude: float | None
    commune: str | None
    words: str = ""
    place: str = ""
    answered: dt.datetime | None = None
    closed: dt.datetime | None = None


@dataclass
class Rows:
    """Rows to take, those refused, and those that say what an earlier one said (its line, the earlier line)."""

    rows: list[Row] = field(default_factory=list)
    refused: list[Ground] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)


def rows_of(table: Table, mapping: Mapping, *, each: bool = False) -> Rows:
    """Every row, checked. `each`: equal rows of a source without identifiers are requests of their own."""
    at = _positions(table, mapping)
    lon, lat = _points(table, mapping, at)
    place = _communes(mapping, lon, lat)
    found = Rows(refused=list(table.refused))
    first: dict[str, int] = {}
    seen: Counter[str] = Counter()
    read = partial(_row, mapping, _moment(mapping))
    for number, (line, cells) in enumerate(zip(table.lines, table.rows, strict=True)):
        told = {name: "" if cells[i] is None else str(cells[i]) for name, i in at.items()}
        try:
            key = _key(told)
            row = read(line, key, told, (lon[number], lat[number]), place(number, told))
        except BadRow as error:
            found.refused.append(Ground("bad_row", str(error), line))
            continue
        seen[key] += 1
        if seen[key] > 1 and not (each and "id" not in at):
            found.repeated.append((line, first[key]))
            continue
        first.setdefault(key, line)
        found.rows.append(row if seen[key] == 1 else _again(row, seen[key]))
    found.refused.sort(key=lambda ground: ground.line or 0)
    return found


def _positions(table: Table, mapping: Mapping) -> dict[str, int]:
    """Role -> position of its column. Raises Refused for a column that is not there."""
    missing = [name for name in mapping.columns.named() if name not in table.columns]
    if missing:
        raise Refused(
            _("There is no column %(name)r.") % {"name": missing[0]},
            _("The file has: %(columns)s.") % {"columns": ", ".join(table.columns[:60])},
            code="no_column",
        )
    roles = {name: getattr(mapping.columns, name) for name in mapping.columns.__struct_fields__}
    return {role: table.columns.index(column) for role, column in roles.items() if column}


def _points(table: Table, mapping: Mapping, at: dict[str, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes in degrees; nan where there is none, infinite where it can't be read or lies outside
    of what the projection is made for."""
    nowhere = np.full(len(table.rows), np.nan)
    if "east" in at and "north" in at:
        east = np.array([_number(row[at["east"]]) for row in table.rows])
        north = np.array([_number(row[at["north"]]) for row in table.rows])
    elif table.points is not None:
        east, north = table.points[:, 0], table.points[:, 1]
    else:
        return nowhere, nowhere
    try:
        crs = pyproj.CRS.from_user_input(mapping.crs if "east" in at else table.crs or mapping.crs)
    except pyproj.exceptions.CRSError as error:
        raise Refused(_("%(crs)s is not a projection.") % {"crs": mapping.crs}, code="bad_crs") from error
    lon, lat = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(east, north)
    area = crs.area_of_use
    if area is not None:
        outside = (lon < area.west - 1) | (lon > area.east + 1) | (lat < area.south - 1) | (lat > area.north + 1)
        lon, lat = np.where(outside, np.inf, lon), np.where(outside, np.inf, lat)
    return lon, lat


def _number(cell: Any) -> float:
    text = "" if cell is None else str(cell).strip()
    if not text:
        return float("nan")
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return float("inf")
    return value if np.isfinite(value) else float("inf")


def _communes(
    mapping: Mapping, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> Callable[[int, dict[str, str]], str | None]:
    """What tells a row's commune: its column, the mapping, else the polygons. A sample from elsewhere is in none."""
    codes = {code: c.insee for c in Commune.objects.all() for code in (c.insee, c.slug, *c.former_codes)}
    if mapping.commune and mapping.commune not in codes:
        raise Refused(_("The mapping names an unknown commune: %(name)s.") % {"name": mapping.commune})
    elsewhere = Origin(mapping.origin) == Origin.SAMPLE
    known = locator()
    _check_told(mapping, known)
    inside = known.communes_at(lon, lat)

    def place(number: int, told: dict[str, str]) -> str | None:
        if told.get("commune"):
            if told["commune"] not in codes:
                raise BadRow(_("unknown commune “%(name)s”") % {"name": told["commune"][:60]})
            return codes[told["commune"]]
        if mapping.commune:
            return codes[mapping.commune]
        if elsewhere:
            return None
        if not np.isfinite(lon[number]):
            raise BadRow(_("no commune and no position"))
        if inside[number] < 0:
            raise BadRow(_("the point lies outside the territory"))
        near = known.near(float(lon[number]), float(lat[number]), BORDER_M)
        if len(near) > 1:
            names = ", ".join(commune.name for commune in near)
            raise BadRow(
                _("the point lies on the border of %(names)s: name the commune in a column") % {"names": names}
            )
        return str(known.communes[inside[number]].insee)

    return place


def _check_told(mapping: Mapping, known: Locator) -> None:
    """Raises Refused when nothing can tell the communes of our own requests."""
    if not (known.communes or mapping.commune or mapping.columns.commune or Origin(mapping.origin) == Origin.SAMPLE):
        raise Refused(
            _("No outline of the communes is loaded: nothing tells in which one a request lies."),
            _("Load them (mitoyen communes load --polygons), or name a column of communes in the mapping."),
            code="no_polygons",
        )


def _moment(mapping: Mapping) -> Callable[[str], dt.datetime]:
    """Reads a day or a moment; a local one without offset; noon stands for a day."""
    zone = ZoneInfo(settings.TIME_ZONE)
    latest = timezone.now() + dt.timedelta(days=1)

    @lru_cache(maxsize=20_000)
    def moment(text: str) -> dt.datetime:
        try:
            read = dt.datetime.strptime(text.strip(), mapping.dates)
        except ValueError:
            raise BadRow(_("“%(text)s” is not a date of the form %(form)s") % _shown(text, mapping.dates)) from None
        if not mapping.has_hours:
            read = dt.datetime.combine(read.date(), NOON)
        read = (read if read.tzinfo else read.replace(tzinfo=zone)).astimezone(dt.UTC)
        if read.date() < FIRST_DAY or read > latest:
            raise BadRow(_("%(day)s can’t be the day of a request") % {"day": read.date().isoformat()})
        return read

    return moment


def _shown(text: str, form: str) -> dict[str, str]:
    return {"text": text[:40], "form": form}


def _row(  # noqa: PLR0917 - what the whole file shares, then the row
    mapping: Mapping,
    moment: Callable[[str], dt.datetime],
    line: int,
    key: str,
    told: dict[str, str],
    point: tuple[float, float],
    commune: str | None,
) -> Row:
    category = mapping.categories.get(told.get("category", ""), "")
    if "category" in told and not category:
        raise BadRow(_("no category for “%(told)s”: add it to the mapping") % {"told": told["category"][:60]})
    if np.isinf(point).any():
        raise BadRow(_("the position can’t be read, or lies outside of %(crs)s") % {"crs": mapping.crs})
    there = not np.isnan(point).any()
    received = moment(told["received"])
    answered, closed = (moment(told[role]) if told.get(role) else None for role in ("answered", "closed"))
    if (answered and answered < received) or (closed and closed < (answered or received)):
        raise BadRow(_("it was answered or closed before it was received"))
    return Row(
        line=line,
        key=key,
        received=received,
        category=category,
        told=told.get("category", ""),
        longitude=round(float(point[0]), 6) if there else None,
        latitude=round(float(point[1]), 6) if there else None,
        commune=commune,
        words=clean(told.get("words", ""))[:4000],
        place=clean(told.get("place", ""))[:300],
        answered=answered or closed,
        closed=closed,
    )


def _key(told: dict[str, str]) -> str:
    """The source's identifier; without one, a fingerprint of what the row says."""
    if "id" in told:
        if not told["id"] or len(told["id"]) > 190:
            raise BadRow(_("no identifier"))
        return told["id"]
    said = "\x1f".join(f"{role}={value}" for role, value in sorted(told.items()))
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _again(row: Row, number: int) -> Row:
    """The same row told once more, kept as a request of its own under a key of its own."""
    return Row(**{name: getattr(row, name) for name in row.__slots__} | {"key": f"{row.key}:{number}"})
