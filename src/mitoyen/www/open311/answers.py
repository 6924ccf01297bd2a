"""How the endpoint answers: the same content as XML or JSON (Spark convention), and errors in the standard's form."""

import functools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from xml.etree import ElementTree

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

Content: TypeAlias = "Mapping[str, Content] | Sequence[Content] | str | int | float | bool | None"
TYPES = {"json": "application/json; charset=utf-8", "xml": "text/xml; charset=utf-8"}
# What XML 1.0 can't hold, even escaped.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# The name of what a list holds, by the list's name.
ITEMS = {
    "services": "service",
    "service_requests": "request",
    "attributes": "attribute",
    "values": "value",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
}


class Fault(Exception):
    """An answer that ends the request: the HTTP status, and what is wrong in words for the user."""

    def __init__(self, status: int, *descriptions: str) -> None:
        super().__init__(*descriptions)
        self.status, self.descriptions = status, descriptions


View: TypeAlias = Callable[..., tuple[str, Content]]


def endpoint(*methods: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """A view that returns the root element's name and its content; it needs no form token, for no cookie counts."""

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @functools.wraps(view)
        def answered(request: HttpRequest, form: str, **arguments: Any) -> HttpResponse:
            status = 200
            try:
                if request.method not in methods:
                    raise Fault(400, _("Use %(methods)s here.") % {"methods": ", ".join(methods)})
                _check_jurisdiction(request)
                root, content = view(request, **arguments)
            except Fault as fault:
                status, root = fault.status, "errors"
                content = [{"code": fault.status, "description": told} for told in fault.descriptions]
            response = HttpResponse(_written(form, root, content), content_type=TYPES[form], status=status)
            response["Cache-Control"] = "no-store"
            if request.method != "POST":
                response["Access-Control-Allow-Origin"] = "*"
            return response

        return answered

    return decorate


def jurisdiction() -> str:
    """Our jurisdiction_id: the portal's host, as the standard suggests."""
    return (urlsplit(str(settings.MITOYEN["public_url"])).hostname or "").removeprefix("www.")


def base() -> str:
    """The portal's address."""
    return str(settings.MITOYEN["public_url"]).rstrip("/")


def _check_jurisdiction(request: HttpRequest) -> None:
    given = request.GET.get("jurisdiction_id") or request.POST.get("jurisdiction_id") or ""
    if given and given.lower().removeprefix("www.") != jurisdiction():
        raise Fault(404, _("jurisdiction_id was not found: this endpoint serves %(own)s.") % {"own": jurisdiction()})


def _written(form: str, root: str, content: Content) -> bytes:
    if form == "json":
        return json.dumps(content, ensure_ascii=False).encode()
    text = ElementTree.tostring(_element(root, content), "unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def _element(name: str, content: Content) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, Mapping):
        element.extend(_element(key, value) for key, value in content.items())
    elif isinstance(content, bool):
        element.text = "true" if content else "false"
    elif isinstance(content, str):
        element.text = NOT_XML.sub("", content)
    elif isinstance(content, Sequence):
        element.extend(_element(ITEMS[name], value) for value in content)
    elif content is not None:
        element.text = str(content)
    return element
