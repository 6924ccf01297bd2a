"""Messages that couldn't be read: why, from where, how often; read again once that is mended, or set aside."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.connect.devices.enums import QuarantineState
from mitoyen.connect.devices.models import Quarantined
from mitoyen.connect.uplinks import rereading, telling
from mitoyen.ledger import audit
from mitoyen.www.desk.page import email_of, page, to

A_PAGE = 30
SHOWN_CHARACTERS = 300


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Those that wait, the latest first."""
    found = Quarantined.objects.filter(state=QuarantineState.WAITING).order_by("-last_at")
    shown = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    rows = [
        (one, telling.reason(one.reason), bytes(one.content)[:SHOWN_CHARACTERS].decode("utf-8", "replace"))
        for one in shown
    ]
    return page(request, "devices_messages.html", "devices", shown=shown, rows=rows)


def act(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Read all of them again, or set one aside."""
    number = request.POST.get("aside", "")
    if number.isdigit():
        found = Quarantined.objects.filter(pk=int(number), state=QuarantineState.WAITING)
        if found.update(state=QuarantineState.DISCARDED):
            audit.record(email_of(request), "devices.message_discarded", number)
        return to(request, "devices-messages", said=_("The message is set aside; it goes with the others in time."))
    if "again" in request.POST:
        made = rereading.reread(write=True)
        audit.record(email_of(request), "devices.messages_read_again", "", readable=made.readable, waiting=made.waiting)
        said = ngettext(
            "%(n)d message of %(all)d could be read this time.", "%(n)d messages of %(all)d could be read this time.",
            made.readable,
        )  # fmt: skip
        return to(request, "devices-messages", said=said % {"n": made.readable, "all": made.waiting})
    return to(request, "devices-messages")
