"""Real files beside the generated readings: each thing is marked as a sample and lies outside the territory.

Files are known by their place and name in the folder, as collected from their public sources (see docs/demo.md).
"""

import csv
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from mitoyen.connect import imports
from mitoyen.connect.options import Options
from mitoyen.demo.places import BY
from mitoyen.history import rollups
from mitoyen.history.enums import BatchState
from mitoyen.history.models import Batch
from mitoyen.ledger.refusal import Refused
from mitoyen.services.importing.taking import import_requests
from mitoyen.services.models import Source
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.register import thing_for
from mitoyen.territory.shapes import load_polygons

CAMBRIDGE_STATION = "station-bedford"
_METER = re.compile(r"(b\d+)_(electricity|gas)_\d{4}\.csv")
_WEATHER = re.compile(r"weather_bedford_\d{4}\.csv")


@dataclass(frozen=True, slots=True)
class Sample:
    """One file and how to read it."""

    file: Path
    options: Options


def load(folder: Path, progress: Callable[[int, int], None]) -> int:
    """Import what is known in `folder`; returns how many readings are new. Files imported before change nothing.

    Raises Refused when the folder holds none of the known files, or when one can't be read as it should.
    """
    samples = list(_samples(folder))
    polygons = sorted((folder / "geo").glob("communes-*.geojson"))
    requests = sorted((folder / "requests").glob("zuerich-zueri-wie-neu*.csv"))
    if not samples and not polygons and not requests:
        raise Refused(
            _("%(folder)s holds no file that the demo knows.") % {"folder": folder},
            next_step=_("docs/demo.md lists them; import any other file with mitoyen import."),
            code="nothing_known",
        )
    for file in polygons:
        source = f"{file.parent.name}/{file.name}"
        if not Commune.objects.filter(geometry_source=source).exists():
            load_polygons(file, source, BY)
    for file in requests:
        if not Source.objects.filter(digest=_sha256(file)).exists():
            import_requests(file, BY)
    fresh = [sample for sample in samples if not _known(sample.file)]
    _places(folder, fresh)
    written = 0
    with rollups.put_off():
        for done, sample in enumerate(fresh):
            progress(done, len(fresh))
            written += imports.run(sample.file, sample.options, BY).accepted
    return written


def _known(file: Path) -> bool:
    """Whether this very file is live already: a second start doesn't read it again."""
    return Batch.objects.filter(sha256=_sha256(file), state=BatchState.LIVE).exists()


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _samples(folder: Path) -> Iterator[Sample]:
    for file in sorted((folder / "energy" / "cambridge").glob("*.csv")):
        source = f"energy/cambridge/{file.name}"
        meter = _METER.fullmatch(file.name)
        if meter:
            yield Sample(file, _hourly(meter[1], meter[2], source))
        elif _WEATHER.fullmatch(file.name):
            yield Sample(file, Options(thing=CAMBRIDGE_STATION, tz="UTC", origin=Origin.SAMPLE, source=source))
    for file in sorted((folder / "energy" / "enedis").glob("load-curve*.csv")):
        source = f"energy/enedis/{file.name}"
        yield Sample(
            file,
            Options(thing="courbe-de-charge", observed_property="electricity", origin=Origin.SAMPLE, source=source),
        )


def _hourly(thing: str, observed_property: str, source: str) -> Options:
    """The archive's hours: amounts in kWh, stamped in UTC at their start."""
    return Options(
        thing=thing,
        observed_property=observed_property,
        unit="kWh",
        kind="delta",
        tz="UTC",
        stamps="start",
        origin=Origin.SAMPLE,
        source=source,
    )


def _places(folder: Path, samples: list[Sample]) -> None:
    """The things that the files are about, with what is known of them. Outside the territory: no commune."""
    areas = _floor_areas(folder / "energy" / "cambridge" / "building_floor_roof_areas.csv")
    for slug in sorted({sample.options.thing for sample in samples}):
        if slug == CAMBRIDGE_STATION:
            _describe(slug, "weather_station", "Station météo de Bedford (mesures réelles)", {}, "energy/cambridge")
        elif slug in areas:
            attributes = {"floor_area_m2": areas[slug], "country": "GB", "weather_station": CAMBRIDGE_STATION}
            _describe(slug, "building", f"Bâtiment {slug}, université de Cambridge", attributes, "energy/cambridge")
        else:
            _describe(slug, "building", "Courbe de charge d'exemple (export du distributeur)", {}, "energy/enedis")


def _describe(slug: str, kind: str, name: str, attributes: dict[str, object], source: str) -> None:
    thing: Thing = thing_for(slug, kind=kind, origin=Origin.SAMPLE)
    thing.name, thing.attributes, thing.source = name, thing.attributes | attributes, source
    thing.save(update_fields=["name", "attributes", "source"])


def _floor_areas(file: Path) -> dict[str, float]:
    if not file.exists():
        return {}
    with file.open(encoding="utf-8") as rows:
        return {row["Building ID"]: float(row["GIA (m2)"]) for row in csv.DictReader(rows)}
