"""The audit trail, for those who may read it, and what is kept about people."""

import json

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse

from mitoyen.ledger.models import AuditEntry
from mitoyen.www.desk.page import page

A_PAGE = 50


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The entries, newest first; `qui` keeps one actor's, `sur` those about a subject."""
    who, about = request.GET.get("qui", "").strip(), request.GET.get("sur", "").strip()
    entries = AuditEntry.objects.order_by("-number")
    if who:
        entries = entries.filter(actor__icontains=who)
    if about:
        entries = entries.filter(subject__icontains=about)
    pages = Paginator(entries, A_PAGE)
    shown = pages.get_page(request.GET.get("page"))
    rows = [(entry, detail_of(entry)) for entry in shown]
    return page(request, "audit.html", "audit", rows=rows, shown=shown, who=who, about=about)


def privacy(request: HttpRequest, _nothing: None) -> HttpResponse:
    """What this installation keeps about people, why and how long."""
    return page(request, "privacy.html", "privacy")


def help_page(request: HttpRequest, _nothing: None) -> HttpResponse:
    """How the desk works, in one page."""
    return page(request, "help.html", "help")


def detail_of(entry: AuditEntry) -> list[tuple[str, str]]:
    """The entry's detail as pairs of text; nothing for what can't be read."""
    try:
        content = json.loads(entry.detail)
    except ValueError:
        return []
    if not isinstance(content, dict):
        return []
    return [(str(key), _text(value)) for key, value in content.items() if value not in (None, "", [], {})]


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:299] + "…"
