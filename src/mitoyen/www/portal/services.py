"""Door 3: the services, each with its form. No account, no script; what was typed is never lost."""

from dataclasses import dataclass

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from mitoyen.channels.paper import forms
from mitoyen.channels.sms import example
from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services as installed
from mitoyen.services import codes, throttle
from mitoyen.services.enums import Channel, Way
from mitoyen.services.models import Request
from mitoyen.services.order import in_order
from mitoyen.services.wording import language
from mitoyen.www import submitting
from mitoyen.www.portal.cache import public
from mitoyen.www.portal.ways import ways
from mitoyen.www.uploads import FewPhotos

RECEIVED = "request-received"
RECEIVED_FOR = 24 * 3600


@dataclass(frozen=True, slots=True)
class Door:
    """One service as the door shows it."""

    name: str
    title: str
    summary: str
    easy: str
    days: int
    has_public: bool


@public
def doors(request: HttpRequest) -> HttpResponse:
    """Every service, "follow my request", and how to reach a person, as large as the rest."""
    shown = [_door(service) for service in in_order()]
    return render(request, "portal/services.html", {"door": "services", "doors": shown, "other_ways": ways()})


@public
def by_sms(request: HttpRequest) -> HttpResponse:
    """How it goes by SMS: an exchange played by the dialogue itself, nothing of it kept."""
    return render(request, "portal/by_sms.html", {"door": "services", "turns": example.exchange()})


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
def form(request: HttpRequest, name: str) -> HttpResponse:
    """One service's form, photos included; the check against forged forms comes once they have a place to go."""
    service = service_named(name)
    if request.method == "POST" and any(question.type == "photo" for question in service.manifest.questions):
        request.upload_handlers = [FewPhotos(request)]
    return csrf_protect(_form)(request, service)


def _form(request: HttpRequest, service: Service) -> HttpResponse:
    """It asks again, with everything kept, until nothing is unsure; then the code."""
    name = service.manifest.name
    if request.method == "GET":
        return _page(request, service, submitting.blank(service, request))
    if request.POST.get("website"):
        # A field that people don't see was filled in: a robot. It is told nothing, and nothing of it is kept.
        return HttpResponseRedirect(reverse("portal:services"))
    who = str(request.META.get("REMOTE_ADDR", ""))
    left_out = _too_many_photos(request, who)
    draft = submitting.read(service, request)
    if left_out:
        draft.faults["form"] = _("Too many photos came from here within the hour. Send it without, or try later.")
    if throttle.is_over("submission", who):
        draft.faults["form"] = _(
            "Too many requests came from here within the hour. Try later, or call: by phone you are served at once."
        )
    if not draft.is_sure:
        return _page(request, service, draft)
    kept = submitting.hand_in(draft, Channel.WEB, who=who)
    if kept is None:
        return _page(request, service, draft)
    return HttpResponseRedirect(reverse("portal:service-received", args=[name, signing.dumps(kept.pk, salt=RECEIVED)]))


def _too_many_photos(request: HttpRequest, who: str) -> bool:
    """Photos are kept before the form is whole, so that they aren't sent twice: nobody fills the disk with them."""
    sent = sum(len(files) for _name, files in request.FILES.lists())
    if not sent:
        return False
    if throttle.is_over("photo", who):
        request.FILES.clear()
        return True
    throttle.count("photo", who, sent)
    return False


@never_cache
@require_GET
def received(request: HttpRequest, name: str, signed: str) -> HttpResponse:
    """The follow-up code, to note or to print; the address holds for a day."""
    try:
        number = signing.loads(signed, salt=RECEIVED, max_age=RECEIVED_FOR)
    except signing.BadSignature as error:
        raise Http404 from error
    kept = Request.objects.filter(pk=number, service=name).first()
    if kept is None:
        raise Http404
    context = {
        "door": "services",
        "service": _door(service_named(name)),
        "code": codes.shown(kept.code),
        "kept": kept,
        "photos": kept.photos.count(),
        "other_ways": ways(),
    }
    return render(request, "portal/service_received.html", context)


@never_cache
@require_GET
def blank(request: HttpRequest, name: str, *, large: bool = False) -> HttpResponse:
    """The blank form to print, with a number of its own. Asked for too often, it is not made again for a while."""
    service, who = service_named(name), str(request.META.get("REMOTE_ADDR", ""))
    if throttle.is_over("printed_form", who):
        return render(request, "portal/too_many.html", {"door": "services", "service": _door(service)}, status=429)
    throttle.count("printed_form", who)
    content = forms.printed(service, language(), large=large)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["X-Robots-Tag"] = "noindex"
    return response


def service_named(name: str) -> Service:
    """Raises Http404 for one that isn't installed."""
    found = installed.installed().get(name)
    if found is None:
        raise Http404(name)
    return found


def _page(request: HttpRequest, service: Service, draft: submitting.Draft) -> HttpResponse:
    context = {
        "door": "services",
        "service": _door(service),
        "draft": draft,
        "contact": service.manifest.contact,
        "ways": [(way.value, way.label) for way in Way if way != Way.NONE or service.manifest.contact == "optional"],
        "data": _data(service),
        "other_ways": ways(service),
    }
    status = 422 if request.method == "POST" and draft.faults else 200
    return render(request, "portal/service.html", context, status=status)


def _data(service: Service) -> list[tuple[str, int]]:
    """What is kept, why and for how many months, in words."""
    return [(service.text(f"data.{kept.what}", language()), kept.months) for kept in service.manifest.data]


def _door(service: Service) -> Door:
    manifest, spoken = service.manifest, language()
    return Door(
        name=manifest.name,
        title=service.text("service.title", spoken),
        summary=service.text("service.summary", spoken),
        easy=service.texts.get(spoken, {}).get("easy.summary", "") if manifest.easy_to_read else "",
        days=manifest.answer_days,
        has_public=bool(manifest.public),
    )
