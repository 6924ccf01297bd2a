"""What everyone may read of requests: those of a service that publishes, once a moderator or an agent has read them."""

import hashlib
import hmac

from django.conf import settings
from django.core import signing
from django.core.paginator import Paginator
from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from mitoyen.ledger import pictures
from mitoyen.manifests.load import Service
from mitoyen.services import throttle, wording
from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.models import Fact, Request, Support
from mitoyen.territory.enums import Origin
from mitoyen.www.portal.services import service_named

A_PAGE = 25
PHOTO = "photo"
PHOTO_FOR = 3600


@require_GET
def listed(request: HttpRequest, name: str) -> HttpResponse:
    """The requests of a service, newest first; ideas with their supports first."""
    service = _publishing(name)
    found = _public(service).select_related("commune").annotate(supported=Count("supports"))
    order = ("-supported", "-received_at") if service.manifest.supported else ("-received_at",)
    shown = Paginator(found.order_by(*order), A_PAGE).get_page(request.GET.get("page"))
    rows = [(one, wording.public_answers(one), State(one.state).label) for one in shown]
    title = service.text("service.title", wording.language())
    context = {
        "door": "services",
        "name": name,
        "title": title,
        "rows": rows,
        "page": shown,
        "service": service.manifest,
        "made_up": any(one.origin == Origin.GENERATED for one in shown),
    }
    return render(request, "portal/requests.html", context)


@never_cache
@require_GET
def one(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """One request: what it says, what was answered, who may support it."""
    return _one(request, _publishing(name), number)


@never_cache
@csrf_protect
@require_http_methods(["POST"])
def support(request: HttpRequest, name: str, number: int) -> HttpResponse:
    """Support an idea, once from the same address and browser; nothing that names the person is kept."""
    service = _publishing(name)
    found = _found(service, number)
    who = str(request.META.get("REMOTE_ADDR", ""))
    if not service.manifest.supported or found.state in (State.CLOSED, State.REFUSED):
        raise Http404
    if throttle.is_over("support", who):
        return _one(request, service, number, _("Too many supports came from here within the hour. Try later."))
    by = hmac.new(
        settings.SECRET_KEY.encode(),
        # With the request's number, so that nobody sees which ideas one person supports.
        f"{found.pk}|{who}|{request.headers.get('User-Agent', '')}".encode(),
        hashlib.sha256,
    ).hexdigest()
    try:
        with transaction.atomic():
            Support.objects.create(request=found, by=by, channel=Channel.WEB, at=timezone.now())
    except IntegrityError:
        return _one(request, service, number, _("You already support this idea."))
    throttle.count("support", who)
    return HttpResponseRedirect(reverse("portal:service-request", args=[name, number]))


@require_GET
def moderation(request: HttpRequest) -> HttpResponse:
    """The public log of moderation: what was set aside, when and why; never the words, never who."""
    facts = Fact.objects.filter(kind__in=(FactKind.REFUSED, FactKind.APPEALED, FactKind.RELEASED))
    shown = Paginator(facts.select_related("request").order_by("-at", "-id"), A_PAGE).get_page(request.GET.get("page"))
    rows = [(fact, wording.title(fact.request), wording.moderated(fact)) for fact in shown]
    return render(request, "portal/moderation.html", {"door": "services", "rows": rows, "page": shown})


@require_GET
def photo(request: HttpRequest, signed: str) -> HttpResponse:
    """A photo under a signed address that holds for an hour: whoever may see the page that names it."""
    try:
        digest, small = signing.loads(signed, salt=PHOTO, max_age=PHOTO_FOR)
    except signing.BadSignature as error:
        raise Http404 from error
    path = pictures.thumbnail_of(digest) if small else pictures.path_of(digest)
    if not path.is_file():
        raise Http404
    response = HttpResponse(path.read_bytes(), content_type="image/jpeg")
    response["Cache-Control"] = "private, max-age=3600"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _one(request: HttpRequest, service: Service, number: int, fault: str = "") -> HttpResponse:
    found = _found(service, number)
    answered = found.facts.filter(kind__in=(FactKind.ANSWERED, FactKind.CLOSED), between_agents=False)
    context = {
        "door": "services",
        "name": service.manifest.name,
        "title": service.text("service.title", wording.language()),
        "one": found,
        "state": State(found.state).label,
        "answers": wording.public_answers(found),
        "facts": [(fact, wording.sentence(fact, found)) for fact in answered],
        "supports": found.supports.count(),
        "may_support": service.manifest.supported and found.state not in (State.CLOSED, State.REFUSED),
        "fault": fault,
        "made_up": found.origin == Origin.GENERATED,
    }
    return render(request, "portal/request.html", context, status=422 if fault else 200)


def _publishing(name: str) -> Service:
    service = service_named(name)
    if not service.manifest.public:
        raise Http404(name)
    return service


def _public(service: Service) -> QuerySet[Request]:
    """What was read, of our own communes: a sample from elsewhere has a page of its own."""
    kept = Request.objects.filter(service=service.manifest.name).exclude(origin=Origin.SAMPLE)
    return kept.exclude(state__in=(State.HELD, State.REFUSED))


def _found(service: Service, number: int) -> Request:
    found = _public(service).select_related("commune").filter(pk=number).first()
    if found is None:
        raise Http404
    return found
