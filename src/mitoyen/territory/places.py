"""Places: an address that things share, such as a school's grounds with its buildings and meters."""

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Commune, Place, Thing
from mitoyen.territory.register import check_slug, slug_from


def record_place(
    name: str, commune: Commune, by: str, *, slug: str = "", address: str = "", point: tuple[float, float] | None = None
) -> Place:
    """Make a place, or change the one of this slug. `point`: degrees, longitude first.

    Raises Refused for a bad name or point, and for a slug that names a place of another commune.
    """
    slug = slug or slug_from(f"{name} {commune.name}")
    check_slug(slug)
    lon, lat = point or (None, None)
    if point is not None and not (abs(point[0]) <= 180 and abs(point[1]) <= 90):
        raise Refused(_("This point is nowhere on Earth."), code="not_on_earth")
    with transaction.atomic():
        known = Place.objects.filter(slug=slug).first()
        if known is not None and known.commune_id != commune.insee:
            raise Refused(_("%(place)s is a place of another commune.") % {"place": slug}, code="place_elsewhere")
        values = {"name": name.strip()[:120], "address": address.strip()[:240], "longitude": lon, "latitude": lat}
        place, created = Place.objects.update_or_create(slug=slug, defaults={**values, "commune": commune})
        audit.record(by, "place.recorded" if created else "place.changed", slug, commune=commune.insee, **values)
    return place


def put(thing: Thing, place: Place, by: str) -> None:
    """Say that a thing stands at a place; it takes the place's commune. Raises Refused when it has another."""
    if thing.commune_id not in (None, place.commune_id):
        raise Refused(
            _("%(thing)s stands in another commune than %(place)s.") % {"thing": thing.slug, "place": place.slug},
            code="thing_elsewhere",
        )
    with transaction.atomic():
        thing.place, thing.commune_id = place, place.commune_id
        thing.save(update_fields=["place", "commune"])
        audit.record(by, "thing.placed", thing.slug, place=place.slug)
