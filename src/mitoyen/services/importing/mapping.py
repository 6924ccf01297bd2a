"""How a file's columns become requests: a TOML mapping (docs/services.md explains each key), given or recognised."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from django.utils.translation import gettext as _
from msgspec import Meta, Struct

from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.manifests.schema import Slug

SourceName = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class Columns(Struct, forbid_unknown_fields=True):
    """Names of the file's columns. `east` and `north` may be missing where the file has geometries of its own."""

    received: str
    category: str = ""
    east: str = ""
    north: str = ""
    id: str = ""
    words: str = ""
    place: str = ""
    commune: str = ""
    answered: str = ""
    closed: str = ""

    def named(self) -> list[str]:
        """Every column that the mapping speaks of."""
        return [name for name in msgspec.structs.astuple(self) if name]


class Recognised(Struct, forbid_unknown_fields=True):
    """The columns, all of them, by which a file is known to be this source's."""

    columns: list[str]


class Mapping(Struct, forbid_unknown_fields=True):
    """One source. `categories`: what the file calls them -> the service's own. `dates`: the form of a day or moment;
    one without offset is local. `commune`: INSEE code of all rows, when no column and no polygon tells it."""

    name: SourceName
    title: str
    service: Slug
    columns: Columns
    origin: Literal["real", "sample", "generated"] = "real"
    licence: str = ""
    page: str = ""
    crs: str = "EPSG:4326"
    dates: str = "%Y-%m-%d"
    commune: str = ""
    categories: dict[str, str] = {}
    recognised: Recognised | None = None

    @property
    def has_hours(self) -> bool:
        """Whether the source tells the hour, or only the day."""
        return "%H" in self.dates


def read_mapping(path: Path) -> Mapping:
    """The mapping in a file. Raises Refused, with the key at fault."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Mapping)
    except (OSError, ValueError) as error:
        raise Refused(
            _("%(file)s is not a mapping of requests: %(error)s") % {"file": path.name, "error": error},
            _("docs/services.md lists its keys."),
            code="bad_mapping",
        ) from error


def recognised(columns: Sequence[str]) -> Mapping:
    """The built-in mapping of a file with exactly these columns. Raises Refused when there is none."""
    for mapping in built_in():
        if mapping.recognised and set(mapping.recognised.columns) == set(columns):
            return mapping
    raise Refused(
        _("No mapping is known for this file. It has the columns %(columns)s.") % {"columns": ", ".join(columns[:60])},
        _("Write one (docs/services.md) and name it with --map."),
        code="no_mapping",
    )


def built_in() -> list[Mapping]:
    """Those that come with Mitoyen."""
    folder = files("mitoyen.services.importing") / "maps"
    kept = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return [msgspec.toml.decode(file.read_bytes(), type=Mapping) for file in kept]


def service_of(mapping: Mapping) -> Service:
    """The service that the mapping names; raises Refused when it can't take what the mapping gives it."""
    found = services.installed().get(mapping.service)
    if found is None:
        raise Refused(_("The service “%(name)s” is not installed.") % {"name": mapping.service}, code="bad_mapping")
    known = found.manifest.category.choices if found.manifest.category else []
    unknown = sorted(set(mapping.categories.values()) - set(known))
    if unknown or bool(known) != bool(mapping.columns.category):
        raise Refused(
            _("The mapping’s categories are not those of the service “%(name)s”.") % {"name": mapping.service},
            _("It has: %(known)s.") % {"known": ", ".join(known) or "–"},
            code="bad_mapping",
        )
    return found
