"""Public pages: the same for everyone, made once, kept in this process, asked again only when data change.

A page is keyed by address, language and the data's version, and made again after a minute in any case. It holds no
secret and no token, so it may be compressed (nothing for BREACH to read) and it sets no cookie.

Of an address' query only what the page knows counts: the rest is taken away before the page is made, so that nobody
gets round what is kept, crowds it out or writes into it with words of their own. `numbered` pages know `page`, and are
kept apart from the others; `searched` ones know `q`, and are made for each search.
"""

import functools
import gzip
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeAlias

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.utils.http import http_date, parse_etags
from django.utils.translation import get_language

from mitoyen.evaluate import published

P = ParamSpec("P")

PAGE, FIRST, SEARCH = "page", "1", "q"
LONGEST = 80
"""Of what is said in a query; the rest is cut off."""

KEPT_PAGES = 600
KEPT_NUMBERED = 100
"""First pages of lists are kept with the others; of the next ones, so many."""
KEPT_SECONDS = 60.0
VERSION_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Page:
    body: bytes
    packed: bytes
    etag: str
    content_type: str
    made: float
    made_at: float


Key: TypeAlias = tuple[str, str, str, str]

_pages: OrderedDict[Key, Page] = OrderedDict()
_numbered: OrderedDict[Key, Page] = OrderedDict()
_writing = threading.Lock()
_version: tuple[float, str] = (-VERSION_SECONDS, "")


def clear() -> None:
    """Forget every page and the data's version."""
    global _version  # noqa: PLW0603 - one value a process, replaced whole
    _pages.clear()
    _numbered.clear()
    _version = (-VERSION_SECONDS, "")


def _data_version() -> str:
    global _version  # noqa: PLW0603 - one value a process, replaced whole
    asked, version = _version
    now = time.monotonic()
    if now - asked >= VERSION_SECONDS:
        version = str(published.data_version())
        _version = (now, version)
    return version


def public(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Serve `view` from memory, whatever its address' query says; other statuses than 200 pass as they are."""
    return _served(view, "")


def numbered(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """The same for a list in pages. `view` answers 404 to what is not a page of its list: it is never kept."""
    return _served(view, PAGE)


def searched(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """The same for a page that searches: kept while nothing is searched for."""
    return _served(view, SEARCH)


def _served(view: Callable[P, HttpResponse], known: str) -> Callable[P, HttpResponse]:
    @functools.wraps(view)
    def served(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = args[0]
        assert isinstance(request, HttpRequest)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        said = _said(request, known)
        if said and known == SEARCH:
            response = view(*args, **kwargs)
            return response if _is_other(response) else _answer(request, _page(response, None))
        kept, most = (_numbered, KEPT_NUMBERED) if said else (_pages, KEPT_PAGES)
        key = (request.path, get_language() or "", _data_version(), said)
        page = kept.get(key)
        if page is None or time.monotonic() - page.made > KEPT_SECONDS:
            response = view(*args, **kwargs)
            if _is_other(response):
                return response
            page = _page(response, page)
            _keep(kept, most, key, page)
        return _answer(request, page)

    return served


def _said(request: HttpRequest, known: str) -> str:
    """What the query says for `known`, and nothing else left in it: not for the view, nor for the links it writes."""
    said = request.GET.get(known, "").strip()[:LONGEST] if known else ""
    if (known, said) == (PAGE, FIRST):
        said = ""
    query = QueryDict(mutable=True)
    if said:
        query[known] = said
    request.GET = query  # type: ignore[assignment]
    request.META["QUERY_STRING"] = query.urlencode()
    return said


def _is_other(response: HttpResponse) -> bool:
    return response.status_code != 200 or response.streaming


def _page(response: HttpResponse, before: Page | None) -> Page:
    """What is sent, and since when it reads so: `before` is the page as it was made the last time."""
    body = response.content
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    made_at = before.made_at if before is not None and before.etag == etag else time.time()
    packed = gzip.compress(body, 6, mtime=0)
    return Page(body, packed, etag, response.headers["Content-Type"], time.monotonic(), made_at)


def _keep(kept: OrderedDict[Key, Page], most: int, key: Key, page: Page) -> None:
    with _writing:
        kept[key] = page
        kept.move_to_end(key)
        while len(kept) > most:
            kept.popitem(last=False)


def _answer(request: HttpRequest, page: Page) -> HttpResponse:
    known = parse_etags(request.headers.get("If-None-Match", ""))
    response: HttpResponse
    if page.etag in known or page.etag.removeprefix("W/") in known:
        response = HttpResponse(status=304)
    else:
        packed = "gzip" in request.headers.get("Accept-Encoding", "")
        response = HttpResponse(page.packed if packed else page.body, content_type=page.content_type)
        if packed:
            response["Content-Encoding"] = "gzip"
    response["ETag"] = page.etag
    response["Last-Modified"] = http_date(page.made_at)
    response["Cache-Control"] = "public, no-cache"
    response["Vary"] = "Accept-Encoding"
    return response
