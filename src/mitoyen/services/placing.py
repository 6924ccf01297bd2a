"""Where a request is about: the commune and the point, from words or from a point; never guessed."""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.manifests.service_schema import Question
from mitoyen.services.answers import clean
from mitoyen.territory.finding import Spot, spots
from mitoyen.territory.locate import locator
from mitoyen.territory.models import Commune, Thing

# Nearer than this to another commune, the point may lie in either: polygons and phones are no better.
BORDER_M = 25.0


@dataclass(frozen=True, slots=True)
class Placed:
    """What a place was understood as. Either `spot` is sure, or `which` lists what it may be, or `fault` says why it is
    neither."""

    spot: Spot | None = None
    which: tuple[Spot, ...] = ()
    fault: str = ""


def place(question: Question, text: str, commune: str = "") -> Placed:
    """From words: sure when one place is called exactly so, in the commune chosen if there is one; otherwise "which of
    these?".

    Words that name nothing known stay as they were written once the commune is chosen: the person knows better than
    the address base.
    """
    text = clean(text)[:300]
    if not text:
        return Placed()
    found = spots(text, commune, tuple(question.things))
    if len(found) == 1 and found[0].exact and commune in ("", found[0].commune):
        return _sure_of_commune(found[0])
    if found:
        return Placed(which=tuple(found))
    if commune:
        known = Commune.objects.filter(insee=commune).first()
        return Placed(Spot(f"{text}, {known.name}", commune, exact=False)) if known else Placed(fault=_unknown())
    return Placed(fault=_unknown())


def place_at(longitude: float, latitude: float, text: str = "") -> Placed:
    """From a point (degrees): asks on a border, refuses outside the territory."""
    label = clean(text)[:300] or _("the point given")
    # Nowhere on Earth, or where no metre can be told from a degree.
    if not (math.isfinite(longitude) and abs(longitude) <= 180 and abs(latitude) < 89):
        return Placed(fault=_outside())
    return _sure_of_commune(Spot(label, "", longitude, latitude))


def place_of_thing(thing: Thing) -> Placed:
    """From a thing that was pointed at."""
    name = f"{thing.name}, {thing.commune.name}" if thing.commune else thing.name
    return _sure_of_commune(Spot(name, thing.commune_id or "", thing.longitude, thing.latitude, thing.slug))


def chosen(spot: Spot, commune: str) -> Spot:
    """The spot in the commune that the person chose on a border."""
    return replace(spot, commune=commune)


def as_answer(spot: Spot) -> dict[str, Any]:
    """What is kept of a place among the answers."""
    return {name: value for name, value in asdict(spot).items() if name != "exact" and value not in ("", None)}


def _sure_of_commune(spot: Spot) -> Placed:
    """A named spot keeps its commune. A bare point takes the one around it, or is asked about near a border."""
    if spot.commune or spot.longitude is None or spot.latitude is None:
        return Placed(spot)
    near = locator().near(spot.longitude, spot.latitude, BORDER_M)
    if not near:
        return Placed(fault=_outside())
    if len(near) > 1:
        return Placed(which=tuple(replace(spot, label=f"{spot.label} ({c.name})", commune=c.insee) for c in near))
    return Placed(replace(spot, commune=near[0].insee))


def _outside() -> str:
    return _("This point lies outside the territory’s communes.")


def _unknown() -> str:
    return _("We don’t know this place. Add the name of the commune, or choose it in the list.")
