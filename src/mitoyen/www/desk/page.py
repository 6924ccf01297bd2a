"""Answers of the desk: a template with the desk's own menu, in which nobody sees a door that is closed to them."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Person
from mitoyen.www.desk import rules

FIRST = (
    ("home", _("Today"), rules.sees_desk),
    ("now", _("Now"), rules.sees_alerts),
    ("requests", _("Requests"), rules.sees_requests),
    ("counter", _("Counter"), rules.takes_in),
    ("findings", _("What to do Monday"), rules.sees_desk),
    ("orders", _("Works"), rules.sees_orders),
    ("imports", _("Import"), rules.imports_somewhere),
    ("buildings", _("Buildings"), rules.sees_desk),
)
OTHERS = (
    ("paper", _("Paper"), rules.takes_in),
    ("letters", _("Letters"), rules.takes_in),
    ("calls", _("To call"), rules.takes_in),
    ("teams", _("Teams"), rules.arranges),
    ("venues", _("Places to meet"), rules.arranges),
    ("announcements", _("Telling people"), rules.announces),
    ("devices", _("Devices"), rules.sees_desk),
    ("actions", _("Actions"), rules.sees_desk),
    ("corrections", _("Corrections"), rules.sees_desk),
    ("closures", _("Closed days"), rules.sees_desk),
    ("batches", _("What came in"), rules.sees_desk),
    ("places", _("Places"), rules.sees_desk),
    ("partners", _("Partners"), rules.sees_desk),
    ("accounts", _("Accounts"), rules.manages_accounts),
    ("gate-keys", _("Keys of machines"), rules.manages_keys),
    ("audit", _("Audit trail"), rules.reads_audit),
    ("erasing", _("Erasing"), rules.sees_erasing),
    ("privacy", _("Personal data"), rules.sees_desk),
)


@dataclass(frozen=True, slots=True)
class Entry:
    label: str
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class Menu:
    first: list[Entry]
    others: list[Entry]
    other_here: bool


def page(
    request: HttpRequest,
    template: str,
    section: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render `desk/<template>` with the menu, `section` marked as the current one."""
    shown = {**(context or {}), **more, "desk_nav": _menu(rules.person_of(request), section)}
    return render(request, f"desk/{template}", shown, status=status)


def to(request: HttpRequest, name: str, *arguments: object, said: str = "") -> HttpResponseRedirect:
    """Go to a page of the desk after a write (so that a reload writes nothing again), with a word of what was done."""
    if said:
        messages.success(request, said)
    return HttpResponseRedirect(reverse(f"desk:{name}", args=arguments))


def email_of(request: HttpRequest) -> str:
    """Who acts, as the audit trail and the batches name them."""
    return rules.person_of(request).email


def say_refusal(request: HttpRequest, refusal: Refused) -> None:
    """Bad news first: what was refused and what to do, on the next page."""
    grounds = " ".join(ground.message for ground in refusal.grounds[:5])
    messages.error(request, " ".join(part for part in (str(refusal), grounds) if part))


def _menu(person: Person, section: str) -> Menu:
    def entries(table: Any) -> list[Entry]:
        return [
            Entry(str(label), reverse(f"desk:{name}"), name == section)
            for name, label, may in table
            if may(person, None)
        ]

    others = entries(OTHERS)
    return Menu(entries(FIRST), others, any(entry.here for entry in others))
