"""Public pages: the same for everyone, made once, kept in this process, asked again only when data change.

A page is keyed by address, language and the data's version, and made again after a minute in any case. It holds no
secret and no token, so it may be compressed (nothing for BREACH to read) and it sets no cookie.
"""

import functools
import gzip
import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.http import http_date, parse_etags
from django.utils.translation import get_language

from mitoyen.evaluate import published

P = ParamSpec("P")

KEPT_PAGES = 600
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


_pages: OrderedDict[tuple[str, str, str], Page] = OrderedDict()
_writing = threading.Lock()
_version: tuple[float, str] = (-VERSION_SECONDS, "")


def clear() -> None:
    """Forget every page and the data's version."""
    global _version  # noqa: PLW0603 - one value a process, replaced whole
    _pages.clear()
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
    """Serve `view` from memory. Addresses with a query are made each time; other statuses than 200 pass as they are."""

    @functools.wraps(view)
    def served(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = args[0]
        assert isinstance(request, HttpRequest)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if request.GET:
            response = view(*args, **kwargs)
            return response if _is_other(response) else _answer(request, _page(response, None))
        key = (request.path, get_language() or "", _data_version())
        page = _pages.get(key)
        if page is None or time.monotonic() - page.made > KEPT_SECONDS:
            response = view(*args, **kwargs)
            if _is_other(response):
                return response
            page = _page(response, page)
            _keep(key, page)
        return _answer(request, page)

    return served


def _is_other(response: HttpResponse) -> bool:
    return response.status_code != 200 or response.streaming


def _page(response: HttpResponse, before: Page | None) -> Page:
    """What is sent, and since when it reads so: `before` is the page as it was made the last time."""
    body = response.content
    etag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    made_at = before.made_at if before is not None and before.etag == etag else time.time()
    packed = gzip.compress(body, 6, mtime=0)
    return Page(body, packed, etag, response.headers["Content-Type"], time.monotonic(), made_at)


def _keep(key: tuple[str, str, str], page: Page) -> None:
    with _writing:
        _pages[key] = page
        _pages.move_to_end(key)
        while len(_pages) > KEPT_PAGES:
            _pages.popitem(last=False)


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
