"""The register of communes and things: found by their code or name, made when missing."""

import csv
import re
from importlib.resources import files
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.spelling import plain

_KIND = re.compile(r"[a-z][a-z0-9_]{0,59}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,119}")


def load_communes(by: str = "mitoyen communes load") -> int:
    """Make or refresh the communes from `data/communes.csv`, keeping polygons. Returns how many there are."""
    with (files("mitoyen.territory") / "data" / "communes.csv").open(encoding="utf-8") as file:
        wanted = {row["insee"]: _facts(row) for row in csv.DictReader(file)}
    with transaction.atomic():
        names = next(iter(wanted.values())).keys()
        known = {row.pop("insee"): row for row in Commune.objects.values("insee", *names)}
        changed = [insee for insee, facts in wanted.items() if known.get(insee) != facts]
        for insee in changed:
            Commune.objects.update_or_create(insee=insee, defaults=wanted[insee])
        if changed:
            audit.record(by, "communes.loaded", "territory", communes=changed)
    return len(wanted)


def _facts(row: dict[str, str]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "slug": row["slug"],
        "population": int(row["population"]),
        "longitude": float(row["lon"]),
        "latitude": float(row["lat"]),
        "tile_column": int(row["tile_column"]),
        "tile_row": int(row["tile_row"]),
        "postcodes": row["postcodes"].split(),
        "former_codes": row["former_codes"].split(),
    }


def commune_named(text: str) -> Commune:
    """The commune with this INSEE code, former code, name or slug, case and accents aside. Raises Refused."""
    wanted = plain(text)
    for commune in Commune.objects.defer("geometry"):
        if wanted in (commune.insee.lower(), plain(commune.name), commune.slug, *commune.former_codes):
            return commune
    if not Commune.objects.exists():
        raise Refused(_("No commune is known yet."), _("Run: mitoyen communes load"), code="no_communes")
    raise Refused(
        _("%(name)r is not a commune of the territory.") % {"name": text},
        _("Give its INSEE code (5 digits) or its name; `mitoyen communes list` shows them."),
        code="unknown_commune",
    )


def thing_for(slug: str, *, commune: Commune | None = None, kind: str = "building", origin: str = Origin.REAL) -> Thing:
    """The thing of this name, made when missing. Without a commune a new thing lies outside the territory.

    A thing that had no commune gets the one given. Raises Refused for a name that can't be one, and for a thing that
    stands in another commune.
    """
    check_slug(slug)
    thing, created = Thing.objects.get_or_create(
        slug=slug, defaults={"name": slug, "kind": kind, "commune": commune, "origin": origin}
    )
    if created or commune is None or thing.commune_id == commune.insee:
        return thing
    if thing.commune_id is not None:
        raise Refused(
            _("%(thing)s stands in %(commune)s, not in %(other)s.")
            % {"thing": slug, "commune": thing.commune, "other": commune},
            _("Leave the commune out, or give the thing another name."),
            code="thing_elsewhere",
        )
    thing.commune = commune
    thing.save(update_fields=["commune"])
    return thing


def check_slug(slug: str) -> None:
    """Raise Refused unless `slug` can name a thing: lower-case letters, digits, - and _, 120 at most."""
    if not _SLUG.fullmatch(slug):
        raise Refused(
            _("%(name)r can't name a thing.") % {"name": slug[:60]},
            _("Use lower-case letters, digits, - and _, for instance %(example)s.")
            % {"example": slug_from(slug) or "ecole-jean-zay"},
            code="bad_name",
        )


def check_kind(kind: str) -> None:
    """Raise Refused unless `kind` can be a kind of thing, as usages declare them: building, meter, street_lamp…"""
    if not _KIND.fullmatch(kind):
        raise Refused(
            _("%(kind)r can't be a kind of thing.") % {"kind": kind[:60]},
            _("Use lower-case letters and _, for instance street_lamp."),
            code="bad_kind",
        )


def slug_from(text: str, length: int = 120) -> str:
    """A name for addresses: « École Jean-Zay » gives `ecole-jean-zay`; empty when nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", plain(text)).strip("-")[:length].rstrip("-")
