"""Door 5: the data. Every datastream of every building, with its downloads a year, and the licence."""

from collections import Counter

import numpy as np
from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from mitoyen.history import read
from mitoyen.history.models import Datastream
from mitoyen.territory.models import Commune, Thing
from mitoyen.www.portal import forecasts, words
from mitoyen.www.portal.cache import numbered, public
from mitoyen.www.portal.open_streams import open_streams
from mitoyen.www.portal.paging import page_of
from mitoyen.www.portal.queries import NOT_BUILDINGS

OUTSIDE = "hors-territoire"
LISTED, IN_A_FILE = 100, 500
"""Datastreams on a page for people, and on one for programs."""
LICENCE = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"


@public
def catalogue(request: HttpRequest) -> HttpResponse:
    """Five queries: datastreams by commune and property, the communes and their shapes' sources, the samples."""
    counts = Counter(dict(open_streams().values_list("thing__commune").annotate(n=Count("id")).order_by()))
    properties = open_streams().values_list("observed_property").annotate(n=Count("id")).order_by("-n")
    communes = Commune.objects.defer("geometry")
    context = {
        "door": "data",
        "communes": [(commune, counts[commune.insee]) for commune in communes if counts[commune.insee]],
        "outside": counts[None],
        "properties": [(words.property_name(code), count) for code, count in properties],
        "total": sum(counts.values()),
        "shapes": sorted({commune.geometry_source for commune in communes if commune.geometry_source}),
        "samples": _samples(),
        "generated": Datastream.objects.filter(thing__origin="generated").exists(),
    }
    return render(request, "portal/data.html", context)


@numbered
def of_commune(request: HttpRequest, slug: str) -> HttpResponse:
    """The datastreams of one commune, or of what lies outside the territory, in pages. Three queries."""
    commune = None if slug == OUTSIDE else get_object_or_404(Commune.objects.defer("geometry"), slug=slug)
    found = open_streams().filter(thing__commune=commune).select_related("thing", "thing__part_of")
    page = page_of(request, found, LISTED)
    context = {
        "door": "data",
        "commune": commune,
        "page": page,
        "streams": [(stream, words.property_name(stream.observed_property)) for stream in page],
        "samples": [] if commune or page.number > 1 else _samples(),
        "generated": any(stream.thing.origin == "generated" for stream in page),
    }
    return render(request, "portal/data_commune.html", context)


@public
def datastream(request: HttpRequest, thing: str, observed_property: str) -> HttpResponse:
    """One datastream: what it is, what comes next, and its years to download."""
    streams = open_streams().select_related("thing", "thing__part_of", "thing__commune")
    stream = get_object_or_404(streams, thing__slug=thing, observed_property=observed_property)
    context = {
        "door": "data",
        "stream": stream,
        "property": words.property_name(stream.observed_property),
        "forecast": forecasts.of(stream),
        "years": _years(stream),
        "building": _building_of(stream),
        "sample": stream.thing.origin == "sample",
        "generated": stream.thing.origin == "generated",
    }
    return render(request, "portal/datastream.html", context)


def _samples() -> list[Thing]:
    """Buildings from elsewhere, loaded as real examples. One query."""
    found = Thing.objects.filter(origin="sample", commune=None, part_of=None).exclude(kind__in=NOT_BUILDINGS)
    return list(found.order_by("name"))


def _building_of(stream: Datastream) -> Thing | None:
    whole = stream.thing.part_of or stream.thing
    return None if whole.kind in NOT_BUILDINGS else whole


def _years(stream: Datastream) -> list[int]:
    """Years in which it was read, the latest first."""
    extent = read.extent(stream)
    if extent is None:
        return []
    # A reading bears the end of its interval: midnight of New Year still belongs to the year before.
    first, last = (int(str(moment - np.timedelta64(1, "us"))[:4]) for moment in extent)
    return list(range(last, first - 1, -1))


@numbered
def catalogue_json(request: HttpRequest) -> HttpResponse:
    """Every datastream, for programs, in pages: `next` is the address of the one that follows, null on the last."""
    streams = open_streams().select_related("thing", "thing__part_of")
    page = page_of(request, streams, IN_A_FILE)
    following = f"{_base()}/donnees/catalogue.json?page={page.number + 1}" if page.has_next() else None
    content = {
        "licence": LICENCE,
        "total": page.paginator.count,
        "next": following,
        "datastreams": [_row(stream) for stream in page],
    }
    return JsonResponse(content, json_dumps_params={"ensure_ascii": False})


def _row(stream: Datastream) -> dict[str, object]:
    return {
        "datastream": stream.name,
        "thing": stream.thing.name,
        "part_of": stream.thing.part_of.slug if stream.thing.part_of else None,
        "commune": stream.thing.commune_id,
        "observed_property": stream.observed_property,
        "unit": stream.unit,
        "kind": stream.kind,
        "origin": stream.thing.origin,
        "page": f"{_base()}/donnees/mesures/{stream.thing.slug}/{stream.observed_property}/",
    }


def _base() -> str:
    return str(settings.MITOYEN["public_url"]).rstrip("/")
