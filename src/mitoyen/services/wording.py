"""Facts of a timeline in plain words, for the person and for the desk."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.services import codes
from mitoyen.services.answers import number_shown
from mitoyen.services.enums import FactKind, State
from mitoyen.services.models import Fact, Request
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune


def language() -> str:
    """The language spoken now, as manifests name it."""
    return (get_language() or "fr")[:2]


def service_of(request: Request) -> Service | None:
    """None when the package that declared it is gone."""
    found: Service | None = services.installed().get(request.service)
    return found


def title(request: Request) -> str:
    """The service's name, and the category where there is one."""
    service = service_of(request)
    if service is None:
        return request.service
    told = service.text("service.title", language())
    category = service.manifest.category
    if category is None or request.category not in category.choices:
        return told
    return f"{told} – {service.text(f'choices.{category.name}.{request.category}', language())}"


def team(request: Request, name: str = "") -> str:
    """A team's name; its slug when the manifest that named it is gone."""
    service = service_of(request)
    slug = name or request.team
    try:
        return service.text(f"teams.{slug}", language()) if service else slug
    except KeyError:
        return slug


def answers(request: Request) -> list[tuple[str, str]]:
    """Each question's label and its answer in words, in the manifest's order."""
    service = service_of(request)
    if service is None:
        return [(name, str(value)) for name, value in request.answers.items()]
    told = []
    for question in service.manifest.questions:
        if question.name in request.answers:
            label = service.text(f"questions.{question.name}.label", language())
            told.append((label, _answer(service, question.name, request.answers[question.name])))
    return told


def public_answers(request: Request) -> list[tuple[str, str]]:
    """Only the answers that the manifest makes public."""
    service = service_of(request)
    if service is None:
        return []
    told = []
    for name in service.manifest.public:
        if name in request.answers:
            label = service.text(f"questions.{name}.label", language())
            told.append((label, _answer(service, name, request.answers[name])))
    return told


def moderated(fact: Fact) -> str:
    """What a moderator decided, for the public log: the reason, never the words."""
    if fact.kind == FactKind.REFUSED:
        return _("set aside: %(reason)s") % {"reason": reason(str(fact.detail.get("reason", "")))}
    return str(FactKind(fact.kind).label)


def sentence(fact: Fact, request: Request) -> str:
    """What happened, for the person who asked."""
    told = SENTENCES[FactKind(fact.kind)](fact, request)
    return f"{told} {fact.words}".strip() if fact.words else told


def _answer(service: Service, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, dict):
        return str(value.get("label", ""))
    if isinstance(value, list):
        return ", ".join(_answer(service, name, item) for item in value)
    question = service.manifest.question(name)
    if question.choices and value in question.choices:
        return service.text(f"choices.{name}.{value}", language())
    shown = SHOWN.get(question.type)
    return shown(value) if shown else str(value)


def _day(value: Any) -> str:
    try:
        return f"{dt.date.fromisoformat(str(value)):%d/%m/%Y}"
    except ValueError:
        return str(value)


# As people write them; every other type is its own words.
SHOWN: dict[str, Callable[[Any], str]] = {
    "rating": lambda value: _("%(mark)s out of 5") % {"mark": value},
    "number": number_shown,
    "date": _day,
    "code": lambda value: codes.shown(str(value)),
}


def _received(fact: Fact, request: Request) -> str:
    day = {"day": f"{request.promised_for:%d/%m/%Y}"}
    told = _("We received it. You get an answer by %(day)s at the latest.") % day
    return " ".join(part for part in (told, similar(fact)) if part)


def similar(fact: Fact) -> str:
    """That a similar request was there before, when the person could not be asked; where to read it, when it is
    public."""
    number = fact.detail.get("near")
    near = Request.objects.filter(pk=number).first() if number else None
    if near is None:
        return ""
    told = [_("A similar request was made close by."), _public_page(near)]
    told.append(_("If it is the same thing, an agent joins them: nothing is lost, you keep your code and are told."))
    return " ".join(part for part in told if part)


def _public_page(request: Request) -> str:
    """Where anyone may read it; empty when nobody may."""
    service = service_of(request)
    if service is None or not service.manifest.public or request.origin == Origin.SAMPLE:
        return ""
    if request.state in (State.HELD, State.REFUSED):
        return ""
    page = reverse("portal:service-request", args=[request.service, request.pk])
    return _("Follow it here: %(address)s") % {"address": f"{str(settings.MITOYEN['public_url']).rstrip('/')}{page}"}


def _passed_on(fact: Fact, request: Request) -> str:
    return _("It is now with: %(team)s.") % {"team": team(request, str(fact.detail.get("to", "")))}


def _moved(fact: Fact, _request: Request) -> str:
    commune = Commune.objects.filter(insee=str(fact.detail.get("to", ""))).first()
    told = {"commune": commune.name if commune else ""}
    return _("It concerns %(commune)s: that commune takes it over. Your code stays the same.") % told


def _refused(fact: Fact, _request: Request) -> str:
    told = {"reason": reason(str(fact.detail.get("reason", "")))}
    return _("It was set aside: %(reason)s. You can contest this with your code.") % told


def _appointment(fact: Fact, _request: Request) -> str:
    return _("Your appointment: %(when)s, %(where)s.") % {
        "when": fact.detail.get("when", ""),
        "where": fact.detail.get("where", ""),
    }


def reason(code: str) -> str:
    """A reason of moderation in words."""
    return {
        "not_ours": _("it is about something that the communes don’t handle"),
        "insult": _("it insults or threatens someone"),
        "personal_data": _("it names or shows someone"),
        "advertising": _("it is advertising"),
        "off_topic": _("it has nothing to do with the service"),
        "repeated": _("it repeats a request already made"),
    }.get(code, code)


Say = Callable[[Fact, Request], str]
SENTENCES: dict[FactKind, Say] = {
    FactKind.RECEIVED: _received,
    FactKind.HELD: lambda _f, _r: _("Someone reads it before it goes on."),
    FactKind.RELEASED: lambda _f, _r: _("It was read and goes on."),
    FactKind.REFUSED: _refused,
    FactKind.APPEALED: lambda _f, _r: _("The decision is contested. Someone else reads it again."),
    FactKind.PASSED_ON: _passed_on,
    FactKind.MOVED: _moved,
    FactKind.ANSWERED: lambda _f, _r: _("Answer:"),
    FactKind.CLOSED: lambda _f, _r: _("It is finished."),
    FactKind.REOPENED: lambda _f, _r: _("It is open again."),
    FactKind.JOINED: lambda _f, _r: _("Others reported the same thing. All are handled together; your code stays."),
    FactKind.ADDED: lambda _f, _r: _("Completed:"),
    FactKind.NOTED: lambda _f, _r: _("Note between agents:"),
    FactKind.APPOINTMENT: _appointment,
    FactKind.STOPPED: lambda _f, _r: _("You are no longer told."),
    FactKind.UNREACHED: lambda _f, _r: _("We could not reach you the way you chose."),
    FactKind.ERASED: lambda fact, _r: (
        _("Personal data were erased, as you asked.")
        if fact.detail.get("asked")
        else _("Personal data were erased at their term.")
    ),
}
