"""Which column of a file of things is what: given on the command line, kept in a TOML file for the next one."""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import tomlkit
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused
from mitoyen.territory.spelling import plain

ID_NAMES = ("id", "identifiant", "code", "ref", "reference", "gid", "fid", "objectid", "uuid", "numero")
NAME_NAMES = ("name", "nom", "libelle", "label", "designation", "intitule")
COMMUNE_NAMES = ("commune", "insee", "code_insee", "codeinsee", "insee_com", "com_insee", "nom_commune")
LON_NAMES = ("lon", "lng", "long", "longitude")
LAT_NAMES = ("lat", "latitude")


@dataclass(frozen=True, slots=True)
class Mapping:
    """The roles of columns, each by its name; "" leaves it to the file's own names.

    `commune` is a column, or the INSEE code or name of the one commune of the whole file. `attributes` gives columns
    another name, as a usage declares it (floor_area_m2 = "SURFACE"); the others keep theirs.
    """

    kind: str = ""
    source: str = ""
    id: str = ""
    name: str = ""
    commune: str = ""
    part_of: str = ""
    lon: str = ""
    lat: str = ""
    crs: str = ""
    layer: str = ""
    attributes: dict[str, str] = field(default_factory=dict)


def read_mapping(path: Path) -> Mapping:
    """A mapping kept before. Raises Refused when the file is none."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        mapping = Mapping(**content)
        texts = [value for name, value in asdict(mapping).items() if name != "attributes"]
        if not all(isinstance(text, str) for text in (*texts, *mapping.attributes.values())):
            raise TypeError(_("every value must be a text"))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        known = ", ".join(f.name for f in fields(Mapping))
        raise Refused(
            _("%(file)s is not a mapping of things: %(error)s") % {"file": path.name, "error": error},
            _("Known entries: %(names)s.") % {"names": known},
            code="bad_mapping",
        ) from error
    return mapping


def write_mapping(path: Path, mapping: Mapping) -> None:
    """Keep a mapping for the next file of its sort; what is empty is left out."""
    content = {name: value for name, value in asdict(mapping).items() if value}
    path.write_text(tomlkit.dumps(content), encoding="utf-8")


def settled(mapping: Mapping, columns: Sequence[str], *, has_points: bool) -> Mapping:
    """The mapping with every role settled on a real column: as given, else by the usual names of such columns.

    A commune column is only looked for when there is no point to locate. Raises Refused for a column that is not there.
    """
    commune = mapping.commune
    if commune and (column := _column(commune, columns)):
        commune = column
    return replace(
        mapping,
        kind=mapping.kind or "building",
        id=given_column(mapping.id, columns) or usual_column(ID_NAMES, columns),
        name=given_column(mapping.name, columns) or usual_column(NAME_NAMES, columns),
        commune=commune or ("" if has_points else usual_column(COMMUNE_NAMES, columns)),
        part_of=given_column(mapping.part_of, columns),
        lon=given_column(mapping.lon, columns) or ("" if has_points else usual_column(LON_NAMES, columns)),
        lat=given_column(mapping.lat, columns) or ("" if has_points else usual_column(LAT_NAMES, columns)),
        attributes={name: given_column(column, columns) for name, column in mapping.attributes.items()},
    )


def with_options(mapping: Mapping, **options: Any) -> Mapping:
    """The mapping with what the command line says on top of it."""
    given = {name: value for name, value in options.items() if value}
    attributes = {**mapping.attributes, **given.pop("attributes", {})}
    return replace(mapping, **given, attributes=attributes)


def given_column(name: str, columns: Sequence[str]) -> str:
    """The column that was named, case and accents aside; "" for no name. Raises Refused when there is none."""
    if not name:
        return ""
    column = _column(name, columns)
    if column is None:
        raise Refused(
            _("There is no column %(name)r.") % {"name": name},
            _("The file has: %(columns)s.") % {"columns": ", ".join(columns[:60])},
            code="no_column",
        )
    return column


def _column(name: str, columns: Sequence[str]) -> str | None:
    if name in columns:
        return name
    return next((column for column in columns if plain(column) == plain(name)), None)


def usual_column(names: Sequence[str], columns: Sequence[str]) -> str:
    """The first column that has one of these usual names (plain, with underscores); "" without."""
    by_name = {plain(column).replace(" ", "_"): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), "")
