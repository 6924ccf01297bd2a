"""The national address base: its CSV file (`adresses-49.csv`) into streets and numbers of the territory's communes."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory import finding, spelling
from mitoyen.territory.models import Address, Commune, Street

NEEDED = ("numero", "rep", "nom_voie", "code_postal", "code_insee", "lon", "lat")
LARGEST = 2_000_000_000
MOST_GROUNDS = 1000
LONGEST = 160
# How the base says "no number": the point of the street or hamlet itself.
NO_NUMBER = ("", "0", "99999")
Numbers = dict[str, tuple[float, float]]


@dataclass
class Loaded:
    """What a file of addresses held. `elsewhere`: rows of communes outside the territory, left out on purpose."""

    streets: int = 0
    numbers: int = 0
    elsewhere: int = 0
    repeated: int = 0
    refused: list[Ground] = field(default_factory=list)


@dataclass
class _Street:
    name: str
    postcode: str
    numbers: Numbers = field(default_factory=dict)


def load_addresses(path: Path, by: str) -> Loaded:
    """Replace the streets and numbers of every commune that the file speaks of. Safe to re-run.

    Raises Refused when the file isn't the address base's CSV (its columns are named) or holds nothing of the territory.
    """
    codes = {code: commune for commune in Commune.objects.all() for code in (commune.insee, *commune.former_codes)}
    loaded = Loaded()
    streets: dict[tuple[str, str], _Street] = {}
    for line, row in _rows(path):
        commune = codes.get(row["code_insee"].strip())
        if commune is None:
            loaded.elsewhere += 1
            continue
        _add(streets, commune, row, line, loaded)
    if not streets:
        raise Refused(
            _("This file holds no address of the territory’s communes."),
            next_step=_("Load the communes first (mitoyen communes load), or take the file of the right département."),
            grounds=loaded.refused[:MOST_GROUNDS],
            code="no_address",
        )
    _store(streets)
    loaded.streets = len(streets)
    loaded.numbers = sum(len(street.numbers) for street in streets.values())
    counts = {"streets": loaded.streets, "numbers": loaded.numbers, "refused": len(loaded.refused)}
    audit.record(by, "addresses.loaded", path.name, **counts)
    return loaded


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    opener = gzip.open if path.suffix == ".gz" else Path.open
    try:
        with opener(path, "rb") as raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, delimiter=";", restval="", restkey="more")
            missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise Refused(
                    _("This isn’t the national address base’s CSV file: it lacks %(columns)s.")
                    % {"columns": ", ".join(missing)},
                    next_step=_("Take “adresses-<département>.csv” (or .csv.gz) as adresse.data.gouv.fr gives it."),
                    code="not_addresses",
                )
            read = 0
            for row in reader:
                read += sum(len(value) for value in row.values() if isinstance(value, str))
                if read > LARGEST:
                    raise Refused(_("The file is larger than an address base can be."), code="too_large")
                yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error, EOFError, OSError, zlib.error) as error:
        raise Refused(
            _("The file can’t be read as CSV in UTF-8: %(error)s") % {"error": error},
            next_step=_("Download it again; a download that stopped halfway looks like this."),
            code="unreadable",
        ) from error


def _add(
    streets: dict[tuple[str, str], _Street], commune: Commune, row: dict[str, str], line: int, loaded: Loaded
) -> None:
    name, key = _named(commune, row)
    try:
        point = float(row["lon"]), float(row["lat"])
    except ValueError:
        point = (181.0, 91.0)
    if not key or not (abs(point[0]) <= 180 and abs(point[1]) <= 90):
        reason = _("no street name") if not key else _("no position in degrees")
        loaded.refused.append(Ground("bad_row", reason, line))
        return
    street = streets.setdefault((commune.insee, key), _Street(name, row["code_postal"].strip()[:5]))
    figures = row["numero"].strip()
    figures = "" if figures in NO_NUMBER else figures.lstrip("0")
    number = " ".join((figures, row["rep"].strip().lower())).strip()[:16]
    if number in street.numbers:
        loaded.repeated += 1
    street.numbers.setdefault(number, point)


def _named(commune: Commune, row: dict[str, str]) -> tuple[str, str]:
    """A street's name and key. Communes that merged have several streets of one name: where the base says in which
    former commune it lies, that belongs to both."""
    name = " ".join(row["nom_voie"].split())[:LONGEST]
    key = spelling.key(name)
    before = (row.get("nom_ancienne_commune") or "").strip()
    if not before and row["code_insee"].strip() != commune.insee:
        before = (row.get("nom_commune") or "").strip()
    old = spelling.key(before)
    if not key or not old or old == spelling.key(commune.name):
        return name, key
    return f"{name} ({before})"[:LONGEST], f"{key}{finding.WITHIN}{old}"[:LONGEST]


def _store(streets: dict[tuple[str, str], _Street]) -> None:
    with transaction.atomic():
        Street.objects.filter(commune__in={insee for insee, _key in streets}).delete()
        made = Street.objects.bulk_create(
            [
                Street(
                    commune_id=insee,
                    key=key,
                    name=street.name,
                    postcode=street.postcode,
                    longitude=_middle(street.numbers, 0),
                    latitude=_middle(street.numbers, 1),
                )
                for (insee, key), street in streets.items()
            ],
            batch_size=2000,
        )
        Address.objects.bulk_create(
            (
                Address(street=stored, number=number, longitude=lon, latitude=lat)
                for stored, street in zip(made, streets.values(), strict=True)
                for number, (lon, lat) in street.numbers.items()
                if number
            ),
            batch_size=5000,
        )


def _middle(numbers: Numbers, axis: int) -> float:
    """The middle number's position: on the street, which a mean may not be."""
    return sorted(point[axis] for point in numbers.values())[len(numbers) // 2]
