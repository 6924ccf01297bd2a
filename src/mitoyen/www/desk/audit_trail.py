"""The audit trail, for those who may read it, and what is kept about people."""

import json

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from mitoyen.ledger.models import AuditEntry
from mitoyen.www.desk.page import page

A_PAGE = 50
HIDDEN = {"sha256", "hash", "fingerprint"}
ACTS = {
    "request.taken_in": _("took a request in"),
    "request.answered": _("answered a request"),
    "request.closed": _("closed a request"),
    "request.reopened": _("opened a request again"),
    "request.passed_on": _("passed a request on"),
    "request.moved": _("moved a request to another commune"),
    "request.joined": _("joined two requests"),
    "request.released": _("let a request go on"),
    "request.refused": _("set a request aside"),
    "request.noted": _("noted something on a request"),
    "alert.decide": _("decided on an alert"),
    "alerts.account": _("counted the alerts that opened and closed in a day"),
    "alert_rule.tuned": _("tuned an alert rule in a commune"),
    "alert_rule.untuned": _("put an alert rule back as declared"),
    "alert_telling.set": _("chose which alerts they are told of by mail"),
    "work_order.opened": _("opened a work order"),
    "work_order.given": _("gave a work order to somebody"),
    "work_order.moved": _("said how far a work order is"),
    "crew.joined": _("said that a contractor works for a partner"),
    "crew.left": _("said that a contractor no longer works for a partner"),
    "personal_data.erased": _("erased personal data"),
    "requests.imported": _("brought requests in from a file"),
    "announcement.made": _("told those who asked to be told"),
    "team.reached": _("said how a team is reached"),
    "request.appointment": _("gave an appointment"),
    "venue.opened": _("opened a place to meet"),
    "venue.closed": _("closed a place to meet"),
    "venue.hours_added": _("added hours of a place to meet"),
    "venue.hours_removed": _("removed hours of a place to meet"),
    "paper.dropped": _("dropped scanned forms"),
    "costs.taken": _("put in what a request costs"),
    "paper.read": _("had scanned forms read"),
    "paper.set_aside": _("set a sheet aside"),
    "paper.taken_up": _("took a sheet up again"),
    "paper.erased": _("destroyed pictures of sheets at their term"),
    "letters.printed": _("printed letters"),
    "letters.posted": _("posted letters"),
    "letters.put_back": _("put letters back"),
    "call.reached": _("reached someone by phone"),
    "call.missed": _("called and nobody answered"),
    "call.given_up": _("gave a call up"),
    "addresses.loaded": _("loaded the address base"),
    "batch.commit": _("brought readings in"),
    "batch.undo": _("took a batch back"),
    "journal.accept": _("took the journal as it stood"),
    "mapping.keep": _("kept how files of a sort are read"),
    "figures.publish": _("published figures"),
    "finding.decide": _("decided on a finding"),
    "finding.reopen": _("saw a finding again"),
    "findings.refresh": _("looked for findings"),
    "action.record": _("recorded an action"),
    "action.change": _("changed an action"),
    "action.remove": _("took an action back"),
    "closure.record": _("recorded closed days"),
    "closure.remove": _("removed closed days"),
    "thing.describe": _("described a building"),
    "device.deployed": _("put a meter in"),
    "device.swapped": _("changed a meter"),
    "device.swap_undone": _("took a meter swap back"),
    "devices.imported": _("took devices into the register"),
    "devices.import_undone": _("took an import of devices back"),
    "devices.codec_added": _("kept a codec"),
    "devices.codec_given": _("gave a device model its codec"),
    "devices.fields_confirmed": _("said what a device's fields mean"),
    "devices.factor_set": _("put a factor right over the past"),
    "devices.replaced": _("replaced a device"),
    "devices.replacement_undone": _("took a device's replacement back"),
    "devices.message_discarded": _("set an unreadable message aside"),
    "devices.messages_read_again": _("had unreadable messages read again"),
    "account.opened": _("opened an account"),
    "account.closed": _("closed an account"),
    "account.reopened": _("opened an account again"),
    "account.password_reset": _("replaced a password"),
    "account.second_factors_removed": _("removed second factors"),
    "role.given": _("gave a role"),
    "role.taken": _("took a role away"),
    "account.locked": _("was locked out after failed sign-ins"),
    "account.password_changed": _("changed their password"),
    "account.second_factor_added": _("set a second factor up"),
    "account.second_factor_removed": _("removed a second factor"),
    "account.second_factor_renewed": _("made new recovery codes"),
    "things.imported": _("brought buildings or meters in"),
    "communes.polygons_loaded": _("loaded the communes' outlines"),
    "partner.recorded": _("recorded a partner"),
    "partner.changed": _("changed a partner"),
    "agreement.recorded": _("recorded an agreement"),
    "agreement.ended": _("ended an agreement"),
    "communes.loaded": _("loaded the communes"),
    "place.recorded": _("recorded a place"),
    "place.changed": _("changed a place"),
    "thing.placed": _("said where a thing stands"),
    "usage.on": _("switched a usage on"),
    "usage.off": _("switched a usage off"),
    "gate.key_made": _("made a key for devices to send with"),
    "gate.key_revoked": _("took a key for devices out"),
    "open311.key_made": _("made a key for an application that hands requests in"),
    "person.demo": _("made an account of the demonstration"),
    "demo.build": _("built the demonstration"),
}


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
    rows = [(entry, ACTS.get(entry.action, entry.action), detail_of(entry)) for entry in shown]
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
    return [
        (str(key), _text(value))
        for key, value in content.items()
        if value not in (None, "", [], {}) and key not in HIDDEN
    ]


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else text[:299] + "…"
