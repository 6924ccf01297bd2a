"""POST Service Request: from the standard's arguments to a submission like that of every other channel."""

import math
import re
import time
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from mitoyen.gate.keys import owner_of
from mitoyen.ledger.refusal import Refused
from mitoyen.services import codes, photos, placing, receiving, throttle, timeline, wording
from mitoyen.services.answers import BadAnswer, clean
from mitoyen.services.contacts import MOBILE, Reach, phone, read_contact
from mitoyen.services.enums import Channel, FactKind, Way
from mitoyen.services.long_words import pieces
from mitoyen.services.models import Photo, Request
from mitoyen.services.placing import Placed
from mitoyen.services.receiving import Submission
from mitoyen.services.wording import language
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.spelling import bare
from mitoyen.www.open311.answers import Fault
from mitoyen.www.open311.catalogue import Offer, offer
from mitoyen.www.open311.fetching import NotFetched, fetch

KEYS = "open311.keys"
LONGEST_DESCRIPTION = 4000
# The same words again within ten minutes are a client that did not hear our answer.
SAME_WITHIN_S = 600
ATTRIBUTE = re.compile(r"^attribute\[([a-z0-9_]{1,60})\](\[\])?$")
TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True, slots=True)
class Posted:
    """The request kept, and what to say of it."""

    request: Request
    notice: str


def post(request: HttpRequest) -> Posted:
    """Raises Fault."""
    data = request.POST
    owner = _owner(data)
    wanted = offer(data.get("service_code", "")) if data.get("service_code") else None
    if wanted is None:
        raise Fault(400, _("service_code was not provided."))
    words = clean(data.get("description", ""))
    if len(words) > LONGEST_DESCRIPTION:
        raise Fault(400, _("description: at most %(most)d characters.") % {"most": LONGEST_DESCRIPTION})
    spot = _spot(wanted, data)
    reach = _reach(wanted, data)
    raw, rest = _raw(wanted, data, words)
    submission = Submission(
        service=wanted.service,
        channel=Channel.OPEN311,
        raw=raw,
        spot=spot,
        reach=reach,
        language=language(),
        token=_token(owner, data),
    )
    _check(submission)
    known = Request.objects.filter(submission=submission.token).first()
    if known is not None:
        return Posted(known, _notice(known, ""))
    submission.photos, unfetched = _photo(wanted, data.get("media_url", ""))
    try:
        kept = receiving.receive(submission)
        for piece in rest:
            timeline.add_words(kept, piece, Channel.OPEN311)
    except Refused as refusal:
        raise Fault(400, str(refusal)) from refusal
    throttle.count("open311", owner)
    return Posted(kept, _notice(kept, unfetched))


def _owner(data: QueryDict) -> str:
    """Whose key it is. Raises Fault (403, as the standard has it)."""
    key = data.get("api_key", "")
    owner = owner_of(settings.MITOYEN_HOME / KEYS, f"Bearer {key}") if key else None
    if owner is None:
        raise Fault(403, _("api_key is missing or not known: the request was not taken."))
    if throttle.is_over("open311", owner):
        raise Fault(400, _("Too many requests came with this key within the hour. Try later."))
    return owner


def _token(owner: str, data: QueryDict) -> uuid.UUID:
    """The same for the same fields, however they are packed: a form in parts has another boundary each time."""
    said = sorted((name, data.getlist(name)) for name in data)
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.SECRET_KEY}|{owner}|{int(time.time()) // SAME_WITHIN_S}|{said!r}")


def _check(submission: Submission) -> None:
    faults = receiving.faults_of(submission)
    if faults:
        raise Fault(400, *(f"{name}: {told}" for name, told in faults.items()))


def _raw(wanted: Offer, data: QueryDict, words: str) -> tuple[dict[str, str | list[str]], list[str]]:
    """Raw answers by question; and the words that the question can't hold."""
    raw: dict[str, str | list[str]] = {wanted.category.name: wanted.choice}
    types = {question.name: question.type for question in wanted.attributes}
    for name in data:
        found = ATTRIBUTE.match(name)
        if found and found[1] in types:
            values = [str(value) for value in data.getlist(name)]
            many = types[found[1]] == "choices"
            # A datetime is ISO 8601: the day is what we ask for.
            one = values[-1][:10] if types[found[1]] == "date" else values[-1]
            raw[found[1]] = values if many else one
    if wanted.words is None:
        return raw, pieces(words, LONGEST_DESCRIPTION)
    first, *rest = pieces(words, wanted.words.longest) or [""]
    raw[wanted.words.name] = first
    return raw, rest


def _spot(wanted: Offer, data: QueryDict) -> Spot:
    """The place; what isn't sure is refused with what it may be, never guessed. Raises Fault."""
    words = clean(data.get("address_string", ""))[:300]
    if data.get("lat") or data.get("long"):
        placed = placing.place_at(*_point(data), words)
        if placed.which and words:
            placed = _named_among(placed, words)
    elif data.get("address_id"):
        kinds = wanted.place.things
        thing = (
            Thing.objects.filter(slug=data.get("address_id", "")[:200], kind__in=kinds)
            .select_related("commune")
            .first()
        )
        placed = placing.place_of_thing(thing) if thing else Placed(fault=_("address_id was not found."))
    elif words:
        placed = placing.place(wanted.place, words)
    else:
        raise Fault(400, _("No location was provided: send lat and long, or address_string, or address_id."))
    if placed.spot is not None:
        return placed.spot
    if placed.which:
        told = {"places": " / ".join(spot.label for spot in placed.which)}
        raise Fault(400, _("This place may be several: %(places)s. Name the commune in address_string.") % told)
    raise Fault(400, placed.fault or _("This place is not known."))


def _point(data: QueryDict) -> tuple[float, float]:
    """Longitude, latitude."""
    try:
        longitude, latitude = float(data.get("long", "")), float(data.get("lat", ""))
    except ValueError:
        raise Fault(400, _("lat and long are both needed, in degrees (WGS 84).")) from None
    if not (math.isfinite(longitude) and math.isfinite(latitude) and abs(latitude) <= 90 and abs(longitude) <= 180):
        raise Fault(400, _("lat and long are both needed, in degrees (WGS 84)."))
    return longitude, latitude


def _named_among(placed: Placed, words: str) -> Placed:
    """On a border, the commune that the words name."""
    said = f" {bare(words)} "
    communes = Commune.objects.filter(insee__in=[spot.commune for spot in placed.which])
    named = [commune for commune in communes if f" {bare(commune.name)} " in said]
    if len(named) != 1:
        return placed
    return Placed(next(spot for spot in placed.which if spot.commune == named[0].insee))


def _reach(wanted: Offer, data: QueryDict) -> Reach:
    """Who asks, unless they rather don't say. Raises Fault."""
    if data.get("anonymous", "").lower() in TRUE:
        return Reach()
    way, value = Way.NONE, ""
    if data.get("email"):
        way, value = Way.MAIL, data.get("email", "")
    elif data.get("phone"):
        value = data.get("phone", "")
        way = Way.SMS if MOBILE.match(phone(clean(value)) or "") else Way.PHONE
    name = f"{data.get('first_name', '')} {data.get('last_name', '')}".strip()
    try:
        return read_contact(wanted.service, way, value, " ".join(name.split()))
    except BadAnswer as error:
        raise Fault(400, str(error)) from error


def _photo(wanted: Offer, url: str) -> tuple[list[Photo], str]:
    """The photo; or why there is none. A report isn't lost for its picture."""
    if not url or not any(question.type == "photo" for question in wanted.service.manifest.questions):
        return [], ""
    try:
        return [photos.keep(fetch(url))], ""
    except (NotFetched, Refused):
        return [], _("The photo could not be taken from media_url.")


def _notice(kept: Request, unfetched: str) -> str:
    told = _("Follow-up code: %(code)s. An answer is promised by %(day)s.") % {
        "code": codes.shown(kept.code),
        "day": f"{kept.promised_for:%d/%m/%Y}",
    }
    received = kept.facts.filter(kind=FactKind.RECEIVED).first()
    same = wording.similar(received) if received else ""
    return " ".join(part for part in (told, same, unfetched) if part)
