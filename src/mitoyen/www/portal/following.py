""" "Suivre ma demande": the code opens the timeline, never the identity. It is posted, so that no log keeps it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from mitoyen.ledger.refusal import Refused
from mitoyen.services import following, subscriptions, timeline
from mitoyen.services.answers import clean
from mitoyen.services.enums import Channel
from mitoyen.services.following import TooManyTries
from mitoyen.services.models import Request
from mitoyen.territory.enums import Origin
from mitoyen.www.portal.ways import ways

Act = Callable[[Request, str], object]
ACTS: dict[str, Act] = {
    "add": lambda request, words: timeline.add_words(request, words, Channel.WEB),
    "reopen": lambda request, words: timeline.reopen(request, words, channel=Channel.WEB),
    "stop": lambda request, _words: subscriptions.end(request, Channel.WEB),
    "contest": lambda request, words: timeline.appeal(request, words, Channel.WEB),
}


@never_cache
@csrf_protect
@require_http_methods(["GET", "POST"])
def follow(request: HttpRequest) -> HttpResponse:
    """Ask for the code; with one, the timeline and what the person may do: complete, open again, contest."""
    if request.method == "GET":
        return _ask(request)
    typed = request.POST.get("code", "")
    try:
        found = following.find(typed, str(request.META.get("REMOTE_ADDR", "")))
    except TooManyTries:
        fault = _("Too many wrong codes came from here. Try again in an hour, or call: a person finds your request.")
        return _ask(request, typed, fault, status=429)
    if found is None:
        return _ask(request, typed, _("No request has this code. Check it, character by character."), status=422)
    return _story(request, found)


def _story(request: HttpRequest, found: Request) -> HttpResponse:
    act, words = request.POST.get("act", ""), clean(request.POST.get("words", ""))
    fault = done = ""
    if act in ACTS:
        try:
            ACTS[act](found, words)
        except Refused as refusal:
            fault = str(refusal)
        else:
            words, done = "", _("It is added to your request.")
        found.refresh_from_db()
    context = {"door": "services", "story": following.story(found), "fault": fault, "done": done, "words": words}
    context["other_ways"] = ways()
    context["made_up"] = found.origin == Origin.GENERATED
    return render(request, "portal/story.html", context, status=422 if fault else 200)


def _ask(request: HttpRequest, typed: str = "", fault: str = "", status: int = 200) -> HttpResponse:
    context = {"door": "services", "typed": typed[:40], "fault": fault, "other_ways": ways()}
    return render(request, "portal/follow.html", context, status=status)
