"""Long lists in pages: `?page=2` and on. What is not a page of the list does not exist."""

from collections.abc import Sequence
from typing import Any

from django.core.paginator import EmptyPage, Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from mitoyen.www.portal.cache import FIRST, PAGE

MOST_DIGITS = 6


def page_of(request: HttpRequest, rows: Sequence[Any] | QuerySet[Any], size: int) -> Page[Any]:
    """The page that the query names, the first one by default. Raises Http404 for any other text than the number, as
    we write it, of a page of the list: each page has one address, and is kept once. Two queries for a QuerySet."""
    said = request.GET.get(PAGE, FIRST)
    if not (said.isascii() and said.isdigit()) or said.startswith("0") or len(said) > MOST_DIGITS:
        raise Http404(_("There is no such page."))
    try:
        return Paginator(rows, size).page(int(said))
    except EmptyPage as error:
        raise Http404(_("There is no such page.")) from error
