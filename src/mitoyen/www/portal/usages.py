"""What a usage shows of a commune: kWh spared by its lighting, its water balance… in the usage's own words.

One page for all usages: the manifest names the figures, its texts say what they mean and how they are counted.
"""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Usage
from mitoyen.manifests.personal import personal_kinds
from mitoyen.manifests.registry import installed
from mitoyen.operate import showing
from mitoyen.operate.models import ShownFigures
from mitoyen.operate.wording import Facts, shown
from mitoyen.territory.models import Commune
from mitoyen.www import numbers
from mitoyen.www.portal.cache import public

STREAMS_LISTED = 8


@dataclass(frozen=True, slots=True)
class Section:
    """One of the usage's `shows` as the page says it; beside columns and cells, whether they are numbers."""

    name: str
    title: str
    sentence: str
    method: str
    numbers: list[dict[str, str]]
    columns: list[tuple[str, bool]]
    rows: list[list[tuple[str, bool]]]
    heard: float | None
    streams: list[tuple[str, str]]
    more_streams: int


@public
def usage(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Two queries. 404 where the usage shows nothing of this commune."""
    commune = get_object_or_404(Commune.objects.defer("geometry"), slug=slug)
    known = installed().get(name)
    kept = showing.of_commune(commune.insee, name) if known is not None else []
    if known is None or not kept:
        raise Http404(_("Nothing is shown here."))
    language = (get_language() or "fr")[:2]
    context = {
        "door": "communes",
        "commune": commune,
        "title": known.text("usage.title", language),
        "summary": known.text("usage.summary", language),
        "sections": [_section(known, one, language) for one in kept],
        "generated": any(one.generated for one in kept),
        "made_at": max(one.made_at for one in kept),
    }
    return render(request, "portal/usage.html", context)


def shown_in(commune: Commune) -> list[tuple[str, str]]:
    """(title, address) of each usage that shows something of a commune. One query."""
    language = (get_language() or "fr")[:2]
    names = dict.fromkeys(one.usage for one in showing.of_commune(commune.insee))
    usages = installed()
    return [
        (usages[name].text("usage.title", language), reverse("portal:usage", args=[commune.slug, name]))
        for name in names
    ]


def _section(usage: Usage, kept: ShownFigures, language: str) -> Section:
    content = kept.content
    show = next(one for one in usage.manifest.shows if one.name == kept.show)
    prefix = f"shows.{kept.show}"
    told: dict[str, Any] = {**content.get("facts", {}), "first": content["first"], "last": content["last"]}
    facts = Facts({name: shown(name, value, usage, language) for name, value in told.items()})
    streams, rows = content.get("datastreams", []), content.get("rows", [])
    if show.together == "thing" and personal_kinds() & set(show.kinds):
        # Figures that were made before such rows were left out.
        streams, rows = [], []
    names = (stream.property for stream in usage.manifest.datastreams)
    properties = {name: usage.text(f"properties.{name}", language) for name in names}
    return Section(
        name=kept.show,
        title=usage.text(f"{prefix}.title", language),
        sentence=usage.text(f"{prefix}.sentence", language).format_map(facts),
        method=usage.text(f"{prefix}.method", language),
        numbers=[
            {
                "label": usage.text(f"{prefix}.numbers.{one['name']}", language),
                "value": numbers.amount(one["value"], one["unit"]),
                # An interval without width says nothing.
                "between": numbers.between(one["low"], one["high"], one["unit"]) if one["low"] != one["high"] else "",
            }
            for one in content["numbers"]
            if one["name"] in show.numbers
        ],
        columns=[
            (usage.text(f"{prefix}.columns.{one}", language), all(not isinstance(row[at], str) for row in rows))
            for at, one in enumerate(show.columns)
        ],
        rows=[[(_cell(cell, properties), not isinstance(cell, str)) for cell in row] for row in rows],
        heard=content.get("heard"),
        streams=[(one, reverse("portal:datastream", args=one.split("/", 1))) for one in streams[:STREAMS_LISTED]],
        more_streams=max(0, len(streams) - STREAMS_LISTED),
    )


def _cell(cell: str | float | None, properties: dict[str, str]) -> str:
    """A text (a property by its title), or a number: whole where it is or is large, with the hundredths that its method
    rounded it to, else with tenths."""
    if isinstance(cell, str):
        return properties.get(cell, cell)
    size = abs(cell) if cell is not None else 0.0
    if size >= 20 or size == round(size):
        return numbers.number(cell)
    return numbers.number(cell, 2 if size == round(size, 2) != round(size, 1) else 1)
