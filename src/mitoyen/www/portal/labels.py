"""Labels of things: what is measured here, why, who sees it, how long it is kept, whom to ask. A page and a print."""

import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Usage
from mitoyen.manifests.registry import installed
from mitoyen.manifests.schema import Label
from mitoyen.www.portal import label_pdf, label_pictograms
from mitoyen.www.portal.cache import public

SIZES = {"a6": (105.0, 148.0), "a5": (148.0, 210.0)}


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a label: its category's pictogram, its question, its answer."""

    category: str
    question: str
    answer: str

    @property
    def picture(self) -> SafeString:
        return label_pictograms.inline(self.category)


@public
def listed(request: HttpRequest) -> HttpResponse:
    """Every kind of thing that has a label."""
    rows = sorted(
        (kind_name(usage, label), label.kind, usage.text("usage.title", language()))
        for usage, label in labels().values()
    )
    return render(request, "portal/labels.html", {"rows": rows})


@public
def page(request: HttpRequest, kind: str) -> HttpResponse:
    """What the label says, as a page: its code leads here."""
    usage, label = found(kind)
    context = {
        "kind": kind,
        "title": kind_name(usage, label),
        "usage": usage.text("usage.title", language()),
        "parts": parts(usage, label),
        "standard": label_pdf.STANDARD,
        "sizes": [(size, size.upper()) for size in SIZES],
    }
    return render(request, "portal/label.html", context)


def printed(request: HttpRequest, kind: str, size: str) -> HttpResponse:
    """The label to print, with a code that opens its page."""
    usage, label = found(kind)
    if size not in SIZES:
        raise Http404(size)
    address = str(settings.MITOYEN["public_url"]).rstrip("/") + reverse("portal:label", args=[kind])
    told = label_pdf.Told(
        kind_name(usage, label), str(settings.MITOYEN["territory_name"]), parts(usage, label), address
    )
    return as_pdf(told, size, f"{kind}-{size}.pdf")


def as_pdf(told: label_pdf.Told, size: str, name: str) -> HttpResponse:
    """A label as the browser shows it, to print."""
    response = HttpResponse(label_pdf.label(told, SIZES[size], language()), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}"'
    response["X-Robots-Tag"] = "noindex"
    return response


def labels() -> dict[str, tuple[Usage, Label]]:
    """The labels of the installed usages, by kind of thing; the first to declare a kind's label has it."""
    known: dict[str, tuple[Usage, Label]] = {}
    for usage in installed().values():
        for label in usage.manifest.labels:
            known.setdefault(label.kind, (usage, label))
    return known


def parts(usage: Usage, label: Label) -> list[Part]:
    """What a label says, in its order."""
    spoken = language()
    text = f"labels.{label.kind}"
    made = [
        Part("measures", _("What does it measure?"), usage.text(f"{text}.measures", spoken)),
        Part(label.purpose, _("Why?"), usage.text(f"{text}.why", spoken)),
    ]
    if label.personal_data == "some":
        made.append(Part("personal", _("Does it know who I am?"), usage.text(f"{text}.personal", spoken)))
    else:
        made.append(Part("nobody", _("Does it know who I am?"), _("No. It records nothing about people.")))
    made.append(Part("seen", _("Who sees it?"), " ".join(_READERS[one]() for one in label.seen_by)))
    made.append(Part("kept", _("How long is it kept?"), _kept(label.kept_days)))
    made.append(Part("ask", _("Whom can I ask?"), label.contact or _contact()))
    return made


_READERS = {
    "agents": lambda: _("The town’s agents in charge."),
    "contractor": lambda: _("The firm that repairs, for what it repairs."),
    "everyone": lambda: _("Everyone, on this site’s open data."),
}


def _kept(days: int) -> str:
    if days >= 36_525:
        return _("For ever: the past helps to compare.")
    years = round(days / 365.25)
    if years >= 1:
        return ngettext("%(n)d year.", "%(n)d years.", years) % {"n": years}
    return ngettext("%(n)d day.", "%(n)d days.", days) % {"n": days}


def _contact() -> str:
    told: list[Any] = [settings.MITOYEN["contact_phone"], settings.MITOYEN["contact_address"]]
    return " · ".join(str(one) for one in told if one) or _("Your town hall, at the counter or by telephone.")


def kind_name(usage: Usage, label: Label) -> str:
    """The kind of thing, as a title."""
    name = usage.text(f"kinds.{label.kind}", language())
    return name[:1].upper() + name[1:]


def found(kind: str) -> tuple[Usage, Label]:
    """The label of a kind. Raises Http404."""
    known = labels().get(kind) if re.fullmatch(r"[a-z0-9_]+", kind) else None
    if known is None:
        raise Http404(kind)
    return known


def language() -> str:
    """The page's own: fr or en."""
    return (get_language() or "fr")[:2]
