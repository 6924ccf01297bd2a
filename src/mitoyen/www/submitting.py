"""Reads what someone hands in through a page, keeps what was typed, and asks again for what isn't sure.

The inhabitant's form and the counter's screen both go through here, and from here through `services.receiving`: the
same answers end in the same record.
"""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Service
from mitoyen.manifests.service_schema import Question
from mitoyen.services import appointments, nearby, photos, placing, receiving, timeline
from mitoyen.services.answers import BadAnswer, clean
from mitoyen.services.appointments import Slot
from mitoyen.services.contacts import Reach, read_contact
from mitoyen.services.enums import Channel
from mitoyen.services.models import Photo, Request
from mitoyen.services.receiving import NotComplete, Submission
from mitoyen.services.wording import language
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Commune
from mitoyen.territory.spelling import number_and_rest
from mitoyen.www import questions

PICK, KEPT, SAME = "place-pick", "photo-kept", "same-request"
SECONDS_KEPT = 24 * 3600
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several places, requests or times to choose from."""

    value: str
    label: str
    chosen: bool = False


@dataclass
class Draft:
    """What was typed so far: nothing of it is lost while something is still asked."""

    service: Service
    raw: dict[str, str | list[str]] = field(default_factory=dict)
    token: uuid.UUID = field(default_factory=uuid.uuid4)
    faults: dict[str, str] = field(default_factory=dict)
    place_text: str = ""
    place_commune: str = ""
    spot: Spot | None = None
    picked: str = ""
    which: tuple[Choice, ...] = ()
    photos: list[Photo] = field(default_factory=list)
    slot: Slot | None = None
    by_agent: bool = False
    """An agent types it for someone: a wish may be noted where no time suits."""
    wish: str = ""
    handed_to: str = ""
    way: str = ""
    value: str = ""
    name: str = ""
    reach: Reach = field(default_factory=Reach)
    same: tuple[Choice, ...] = ()
    same_value: str = ""
    same_as: Request | None = None

    @property
    def fields(self) -> list[questions.Field]:
        """The questions as they are shown."""
        return questions.fields(self.service, self.raw, self.faults)

    @property
    def communes(self) -> list[Choice]:
        """The communes to choose from beside the words for a place."""
        found = Commune.objects.order_by("slug").values_list("insee", "name")
        return [Choice(insee, name, insee == self.place_commune) for insee, name in found]

    @property
    def kept_photos(self) -> list[tuple[str, Photo]]:
        """Photos that are in already: signed, so that nobody claims another's."""
        return [(signing.dumps(photo.pk, salt=KEPT), photo) for photo in self.photos]

    @property
    def communes_with_slots(self) -> list[tuple[str, list[Choice], bool]]:
        """The next free times by commune, where there are several and none is known; whether one is chosen."""
        found = [] if self.place_commune else appointments.by_commune(self.service.manifest.name)
        chosen = self.slot.key if self.slot else ""
        named = [
            (name, [Choice(slot.key, f"{slot.when()}, {slot.where()}", slot.key == chosen) for slot in slots])
            for name, slots in found
        ]
        return [(name, slots, any(slot.chosen for slot in slots)) for name, slots in named] if len(named) > 1 else []

    @property
    def slots(self) -> list[Choice]:
        """The next free times."""
        found = appointments.free(self.service.manifest.name, self.place_commune)
        chosen = self.slot.key if self.slot else ""
        return [Choice(slot.key, f"{slot.when()}, {slot.where()}", slot.key == chosen) for slot in found]

    @property
    def is_sure(self) -> bool:
        """Nothing is wrong, and nothing is left to choose."""
        return not self.faults and not self.which and not self.same


def blank(service: Service, request: HttpRequest, *, by_agent: bool = False) -> Draft:
    """An empty form; `?objet=` names the thing, `?commune=` the commune that it is about."""
    draft = Draft(service, place_text=clean(request.GET.get("objet", ""))[:200], by_agent=by_agent)
    draft.place_commune = _known_commune(request.GET.get("commune", ""))
    if draft.place_text:
        draft.place_commune = ""
    return draft


def read(
    service: Service, request: HttpRequest, *, offer_same: bool = True, by_agent: bool = False, handed_to: str = ""
) -> Draft:
    """What a form posted, checked as far as it goes."""
    data = request.POST
    draft = Draft(service, token=_token(data.get("token", "")), by_agent=by_agent, handed_to=handed_to)
    for question in service.manifest.questions:
        values = [str(value) for value in data.getlist(f"q-{question.name}")]
        draft.raw[question.name] = values if question.type == "choices" else (values[0] if values else "")
        if question.type == "place":
            _read_place(draft, question, data)
        elif question.type == "photo":
            _read_photos(draft, question, request)
        elif question.type == "venue":
            _read_slot(draft, question, data)
    _read_contact(draft, data)
    _check_answers(draft)
    if offer_same and not draft.faults and not draft.which:
        _offer_same(draft, data)
    return draft


def hand_in(draft: Draft, channel: Channel, taken_by: str = "", **more: Any) -> Request | None:
    """Keep the request; None, with the faults in the draft, when something is missing or was taken meanwhile.

    `more`: what else a `Submission` says, as the day on which a sheet arrived.
    """
    submission = replace(_submission(draft, channel, taken_by), **more)
    try:
        request = receiving.receive(submission)
    except NotComplete as error:
        draft.faults.update(error.faults)
        return None
    except Refused as refusal:
        draft.faults["form"] = str(refusal)
        return None
    if draft.same_as is not None and request.joined_to_id is None and request.pk != draft.same_as.pk:
        # What it was to be joined to may have ended meanwhile: then it stands alone.
        with suppress(Refused):
            timeline.join(request, draft.same_as, taken_by)
    return request


def _submission(draft: Draft, channel: Channel, taken_by: str) -> Submission:
    return Submission(
        service=draft.service,
        channel=channel,
        raw=draft.raw,
        spot=draft.spot,
        photos=draft.photos,
        slot=draft.slot,
        wish=draft.wish,
        handed_to=draft.handed_to,
        reach=draft.reach,
        language=language(),
        token=draft.token,
        taken_by=taken_by,
    )


def _check_answers(draft: Draft) -> None:
    """The same check as at the end, so that everything that is wrong is said at once."""
    found = receiving.faults_of(_submission(draft, Channel.WEB, ""))
    for name, fault in found.items():
        if not (draft.which and draft.service.manifest.question(name).type == "place"):
            draft.faults.setdefault(name, fault)


def _token(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()


def _known_commune(insee: str) -> str:
    return insee if insee and Commune.objects.filter(insee=insee[:5]).exists() else ""


def _read_place(draft: Draft, question: Question, data: QueryDict) -> None:
    draft.place_text = clean(str(draft.raw[question.name]))[:300]
    draft.place_commune = _known_commune(data.get("place-commune", ""))
    picked = _picked(draft.place_text, data.get(PICK, ""))
    if picked is not None:
        draft.spot, draft.picked = picked, data.get(PICK, "")
        return
    if not draft.place_text and draft.place_commune and not question.things:
        commune = Commune.objects.get(insee=draft.place_commune)
        draft.spot = Spot(commune.name, commune.insee)
        return
    placed = placing.place(question, draft.place_text, draft.place_commune)
    draft.spot = placed.spot
    number, _rest = number_and_rest(draft.place_text)
    draft.which = tuple(Choice(_signed(draft.place_text, spot), _told(spot, number)) for spot in placed.which)
    if placed.which and draft.place_commune:
        # The person knows the spot better than the address base: their own words are among the choices.
        commune = Commune.objects.get(insee=draft.place_commune)
        own = Spot(f"{draft.place_text}, {commune.name}", commune.insee, exact=False)
        draft.which += (Choice(_signed(draft.place_text, own), _("As I wrote it: %(place)s") % {"place": own.label}),)
    if placed.fault:
        draft.faults[question.name] = placed.fault


def _told(spot: Spot, number: str) -> str:
    without = number and not spot.label.startswith(f"{number} ")
    return _("%(place)s (without the number)") % {"place": spot.label} if without else spot.label


def _signed(text: str, spot: Spot) -> str:
    return signing.dumps([text, asdict(spot)], salt=PICK, compress=True)


def _picked(text: str, value: str) -> Spot | None:
    """The place chosen among those offered, as long as the words for it are still the same."""
    try:
        asked, spot = signing.loads(value, salt=PICK, max_age=SECONDS_KEPT)
    except signing.BadSignature:
        return None
    return Spot(**spot) if asked == text else None


def _read_photos(draft: Draft, question: Question, request: HttpRequest) -> None:
    for value in request.POST.getlist(KEPT)[: photos.MOST]:
        try:
            number = signing.loads(value, salt=KEPT, max_age=SECONDS_KEPT)
        except signing.BadSignature:
            continue
        draft.photos += list(Photo.objects.filter(pk=number, request=None))
    sent: Sequence[UploadedFile[bytes]] = [file for file in request.FILES.getlist(f"q-{question.name}") if file]
    if len(draft.photos) + len(sent) > photos.MOST:
        draft.faults[question.name] = _("At most %(most)d photos.") % {"most": photos.MOST}
        return
    if getattr(request, "left_out", ()):
        draft.faults[question.name] = _("This photo is too large. Take it again in a smaller size.")
    for file in sent:
        try:
            draft.photos.append(photos.keep(file.read()))
        except Refused as refusal:
            draft.faults[question.name] = str(refusal)


def _read_slot(draft: Draft, question: Question, data: QueryDict) -> None:
    draft.place_commune = draft.place_commune or _known_commune(data.get("place-commune", ""))
    key = data.get(f"q-{question.name}", "")
    draft.slot = appointments.slot_of(draft.service.manifest.name, key) if key else None
    if key and draft.slot is None:
        draft.faults[question.name] = _("This time was taken meanwhile. Choose another one.")
    if draft.by_agent and not key:
        draft.wish = " ".join(clean(data.get(f"q-{question.name}-wish", "")).split())[:300]


def _read_contact(draft: Draft, data: QueryDict) -> None:
    draft.way, draft.value, draft.name = (data.get(f"contact-{part}", "") for part in ("way", "value", "name"))
    try:
        draft.reach = read_contact(draft.service, draft.way, draft.value, draft.name)
    except BadAnswer as error:
        draft.faults["contact"] = str(error)


def _offer_same(draft: Draft, data: QueryDict) -> None:
    category, spot = draft.service.manifest.category, draft.spot
    if category is None or spot is None:
        return
    chosen = draft.same_value = data.get(SAME, "")
    if chosen == OTHER:
        return
    code = str(draft.raw.get(category.name, ""))
    found = nearby.likely_same(draft.service.manifest.name, code, spot.longitude, spot.latitude, spot.thing)
    by_value = {signing.dumps(request.pk, salt=SAME): request for request in found}
    if chosen:
        draft.same_as = _same(chosen, found)
    if found and draft.same_as is None:
        draft.same = tuple(Choice(value, _same_label(request)) for value, request in by_value.items())


def _same(value: str, found: list[Request]) -> Request | None:
    try:
        number: Any = signing.loads(value, salt=SAME, max_age=SECONDS_KEPT)
    except signing.BadSignature:
        return None
    return next((request for request in found if request.pk == number), None)


def _same_label(request: Request) -> str:
    """What a stranger may read of someone's request: where and when, never the words."""
    place = next((value["label"] for value in request.answers.values() if isinstance(value, dict)), "")
    told = {"place": place, "day": f"{request.received_at:%d/%m/%Y}"}
    return _("%(place)s, reported on %(day)s") % told
