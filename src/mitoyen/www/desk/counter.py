"""The counter and the telephone: one screen, one column, no mouse. The same questions and the same checks as on the
web, on behalf of whoever stands there or calls; then a receipt with the code."""

from django.http import HttpRequest, HttpResponse

from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.services import codes, wording
from mitoyen.services.enums import Channel, Way
from mitoyen.services.models import Request
from mitoyen.www import submitting
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.page import email_of, page, to

CHANNELS = {"guichet": Channel.COUNTER, "telephone": Channel.PHONE}


def choose(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Which service? A key each; or the code of a request that someone comes back with."""
    spoken = wording.language()
    named = [(service.manifest.name, service.text("service.title", spoken)) for service in _services()]
    context = {"services": [(number, *one) for number, one in enumerate(named, 1)], "canal": _canal(request)}
    return page(request, "counter.html", "counter", context)


def form(request: HttpRequest, service: Service) -> HttpResponse:
    """The questions; on POST the request kept, and the receipt."""
    canal = _canal(request)
    if request.method == "GET":
        return _form(request, service, submitting.blank(service, request, by_agent=True), canal)
    draft = submitting.read(service, request, by_agent=True, handed_to=scope.own_commune(rules.person_of(request)))
    kept = submitting.hand_in(draft, CHANNELS[canal], email_of(request)) if draft.is_sure else None
    if kept is None:
        return _form(request, service, draft, canal)
    return to(request, "receipt", kept.pk)


def receipt(request: HttpRequest, one: Request) -> HttpResponse:
    """What the person takes away: the code, what was asked, by when they are answered, how to follow."""
    context = {
        "one": one,
        "code": codes.shown(one.code),
        "title": wording.title(one),
        "answers": wording.answers(one),
        "spelled": " ".join(one.code[:3]) + ", " + " ".join(one.code[3:6]) + ", " + " ".join(one.code[6:]),
        "by_phone": one.channel == Channel.PHONE,
    }
    return page(request, "receipt.html", "counter", context)


def _services() -> list[Service]:
    return sorted(services.installed().values(), key=lambda service: service.manifest.name != "report_problem")


def _canal(request: HttpRequest) -> str:
    asked = request.POST.get("canal") or request.GET.get("canal") or ""
    return asked if asked in CHANNELS else "guichet"


def _form(request: HttpRequest, service: Service, draft: submitting.Draft, canal: str) -> HttpResponse:
    contact = service.manifest.contact
    context = {
        "draft": draft,
        "service": service.manifest,
        "title": service.text("service.title", wording.language()),
        "contact": contact,
        "ways": [(way.value, way.label) for way in Way if way != Way.NONE or contact == "optional"],
        "canal": canal,
        "by_phone": CHANNELS[canal] == Channel.PHONE,
    }
    status = 422 if request.method == "POST" and draft.faults else 200
    return page(request, "counter_form.html", "counter", context, status=status)
