"""The label of a single object: what its kind's label says, and which one it is, where, and what it measures itself.

A kind whose readings may tell about people (a home's water meter) has none: nobody may learn from it who lives where.
Nor is such a page kept in memory or found by search engines: there are as many as there are objects.
"""

from dataclasses import replace

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from mitoyen.connect.devices.places import commune_of
from mitoyen.history.models import Datastream
from mitoyen.manifests.load import Usage
from mitoyen.manifests.schema import Label
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Thing
from mitoyen.www.portal import label_pdf, labels
from mitoyen.www.portal.labels import SIZES, Part

# The longest place that leaves the rest on one A6; its page has it whole.
PRINTED = 90


def page(request: HttpRequest, kind: str, slug: str) -> HttpResponse:
    """What the label says of this object: its code leads here."""
    usage, label, thing = _found(kind, slug)
    context = {
        "kind": kind,
        "thing": thing,
        "title": labels.kind_name(usage, label),
        "where": where(thing),
        "usage": usage.text("usage.title", labels.language()),
        "parts": parts(usage, label, thing),
        "standard": label_pdf.STANDARD,
        "sizes": [(size, size.upper()) for size in SIZES],
        "generated": thing.origin == Origin.GENERATED,
    }
    response = render(request, "portal/label_object.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


def printed(request: HttpRequest, kind: str, slug: str, size: str) -> HttpResponse:
    """The label to print, with a code that opens this object's page."""
    usage, label, thing = _found(kind, slug)
    if size not in SIZES:
        raise Http404(size)
    path = reverse("portal:label-object", args=[kind, slug])
    address = str(settings.MITOYEN["public_url"]).rstrip("/") + path
    territory = str(settings.MITOYEN["territory_name"])
    place = Truncator(where(thing)).chars(PRINTED)
    told = label_pdf.Told(labels.kind_name(usage, label), territory, parts(usage, label, thing), address, place)
    return labels.as_pdf(told, size, f"{slug}-{size}.pdf")


def has_label(thing: Thing) -> bool:
    """Whether the object may have a label of its own."""
    found = labels.labels().get(thing.kind)
    return found is not None and found[1].personal_data == "none" and commune_of(thing) is not None


def where(thing: Thing) -> str:
    """Which object it is and where it stands, as one would say it on the phone."""
    commune = commune_of(thing)
    carrier = thing.part_of.name if thing.part_of is not None else ""
    address = thing.place.address if thing.place is not None else ""
    said = [thing.name]
    for one in (address or carrier, commune.name if commune is not None else ""):
        if one and not any(one in known for known in said):
            said.append(one)
    return ", ".join(said)


def parts(usage: Usage, label: Label, thing: Thing) -> list[Part]:
    """The kind's lines; the first also says what is measured at this very object."""
    first, *others = labels.parts(usage, label)
    known = {stream.property for stream in usage.manifest.datastreams}
    measured = Datastream.objects.filter(thing=thing).order_by("observed_property")
    names = [
        usage.text(f"properties.{name}", labels.language())
        for name in measured.values_list("observed_property", flat=True)
        if name in known
    ]
    if names:
        here = _("Here: %(measures)s.") % {"measures": ", ".join(names)}
        first = replace(first, answer=f"{first.answer} {here}")
    return [first, *others]


def _found(kind: str, slug: str) -> tuple[Usage, Label, Thing]:
    usage, label = labels.found(kind)
    things = Thing.objects.select_related("commune", "place", "part_of__commune")
    things = things.defer("commune__geometry", "part_of__commune__geometry")
    thing = get_object_or_404(things, slug=slug, kind=kind)
    if not has_label(thing):
        raise Http404(slug)
    return usage, label, thing
