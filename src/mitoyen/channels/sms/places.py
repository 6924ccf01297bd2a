"""Places in a dialogue: what words mean, and the commune asked for when they mean nothing known."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from mitoyen.manifests.service_schema import Question
from mitoyen.services import placing
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Commune
from mitoyen.territory.spelling import bare, number_and_rest

MOST = 6


@dataclass(frozen=True, slots=True)
class Understood:
    """Sure, several, or nothing known: then the commune is asked for, unless the point lies outside."""

    spot: Spot | None = None
    which: tuple[Spot, ...] = ()
    fault: str = ""
    needs_commune: bool = False


def understood(question: Question, text: str) -> Understood:
    """What the words for a place mean."""
    if not bare(text):
        return Understood(fault=placing.place(question, "?").fault)
    placed = placing.place(question, text)
    if placed.spot is not None or placed.which:
        return Understood(placed.spot, placed.which[:MOST])
    commune = _commune_at_the_end(text)
    if commune is not None:
        # Told in the same breath: no need to ask for it.
        return Understood(in_commune(question, text, commune))
    return Understood(fault=placed.fault, needs_commune=True)


def in_commune(question: Question, text: str, commune: Commune) -> Spot:
    """The person's own words, in the commune that they named; as on the web when they insist on them."""
    placed = placing.place(question, text, commune.insee)
    if placed.spot is not None:
        return placed.spot
    return Spot(f"{text}, {commune.name}", commune.insee, exact=False)


def commune_named(text: str) -> Commune | None:
    """By its name, or by a postcode that is its own."""
    said = bare(text)
    communes = list(Commune.objects.all())
    named = [commune for commune in communes if bare(commune.name) == said or said in commune.postcodes]
    return named[0] if len(named) == 1 else None


def _commune_at_the_end(text: str) -> Commune | None:
    said = bare(text)
    named = [commune for commune in Commune.objects.all() if said.endswith(f" {bare(commune.name)}")]
    return max(named, key=lambda commune: len(commune.name), default=None)


def ask_commune() -> str:
    """When the words for a place mean nothing known."""
    return _("In which commune is it?")


def label(text: str, spot: Spot) -> str:
    """A place among others; said when the number that was given isn't known there."""
    number, _rest = number_and_rest(text)
    without = number and not spot.exact and not spot.label.startswith(f"{number} ")
    return _("%(place)s (without the number)") % {"place": spot.label} if without else spot.label
