"""How every page of the desk is opened: signed in, allowed, and unable to write when it only reads.

`urls.py` lists the pages; each names the rule (a function of `territory.perms`, or one built on it in `rules.py`)
that says who may open it. There is no other way in.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import FileUploadHandler
from django.db import connection
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from mitoyen.territory.models import Person

READING = ("SELECT", "WITH", "EXPLAIN", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "SHOW", "SET")


class WroteWhileReading(Exception):
    """A page that only reads tried to write: a fault of the page, never of its visitor."""


def nothing() -> None:
    """The subject of a page whose address names no object."""


@dataclass(frozen=True, slots=True)
class Page:
    """One address of the desk.

    `subject` finds what the address names (raises Http404), `may(person, subject)` says who may open it,
    `view(request, subject)` answers. A page writes on POST alone.
    """

    name: str
    route: str
    view: Callable[[HttpRequest, Any], HttpResponse]
    may: Callable[[Person, Any], bool]
    subject: Callable[..., Any] = nothing
    methods: tuple[str, ...] = ("GET",)
    receives: Callable[[HttpRequest], FileUploadHandler] | None = None
    """For a page that takes files: makes the handler that takes them in, only once the visitor may open the page."""

    def url(self) -> URLPattern:
        if self.receives is None:
            return path(self.route, self.answer, name=self.name)
        # The check against forged forms reads the form, files included: it comes after permission.
        return path(self.route, csrf_exempt(self.answer), name=self.name)

    def answer(self, request: HttpRequest, **named: Any) -> HttpResponse:
        """Checked in this order: signed in, method, subject, permission."""
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path(), reverse("account_login"))
        method = "GET" if request.method == "HEAD" else str(request.method)
        if method not in self.methods:
            # Someone reloads a form that was refused, or asks for it in the other language: back to the page it is on.
            return HttpResponseRedirect("..") if method == "GET" else HttpResponseNotAllowed(self.methods)
        prefetch_related_objects([request.user], "roles")
        found = self.subject(**named)
        if not self.may(request.user, found):
            raise PermissionDenied
        if method == "POST" and self.receives is not None:
            request.upload_handlers = [self.receives(request)]
            return csrf_protect(self.view)(request, found)
        if method == "POST":
            return self.view(request, found)
        with reading_only():
            return self.view(request, found)


@contextmanager
def reading_only() -> Iterator[None]:
    """Raises WroteWhileReading at the first statement that would change the state database."""

    def refuse_writes(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.lstrip(" (\n").upper().startswith(READING):
            raise WroteWhileReading(sql[:80])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(refuse_writes):
        yield
