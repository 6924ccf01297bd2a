"""Style sheet, logo and scripts under addresses that hold their own hash: cached for ever, compressed once.

`{% asset "mitoyen/style.css" %}` names the style sheet, which is all of `PARTS` in one answer; any other static file
under `mitoyen/` keeps its own name.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

STYLE = "mitoyen/style.css"
PARTS = ("tokens", "base", "components", "charts", "portal", "print")
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes
    digest: str
    content_type: str


@lru_cache(maxsize=64)
def asset(name: str) -> Asset:
    """The file `name` with its hash. Raises FileNotFoundError for what is not one of ours."""
    if not name.startswith("mitoyen/"):
        raise FileNotFoundError(name)
    names = [f"mitoyen/{part}.css" for part in PARTS] if name == STYLE else [name]
    body = b"".join(_content(part) for part in names)
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    content_type = f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed
    return Asset(body, gzip.compress(body, 9, mtime=0), hashlib.sha256(body).hexdigest()[:12], content_type)


def _content(name: str) -> bytes:
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_bytes()


def address(name: str) -> str:
    """Where `name` is served, hash included."""
    return reverse("asset", args=(asset(name).digest, name))


def serve(request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """The file, compressed where the visitor takes it. An older hash gets today's file, not cached."""
    try:
        found = asset(name)
    except FileNotFoundError as error:
        raise Http404(name) from error
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    response = HttpResponse(found.packed if packed else found.body, content_type=found.content_type)
    if packed:
        response["Content-Encoding"] = "gzip"
    response["Vary"] = "Accept-Encoding"
    response["Cache-Control"] = FOR_EVER if digest == found.digest else "no-cache"
    return response
