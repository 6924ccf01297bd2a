"""A new mail into a request, or into the questions that it leaves open; and the answers to those questions."""

import datetime as dt
import re
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mitoyen.channels.mail import numbered, quoting
from mitoyen.channels.mail.incoming import Mail
from mitoyen.channels.mail.models import Dialogue
from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.manifests.service_schema import Question
from mitoyen.services import photos, placing, receiving, timeline
from mitoyen.services.answers import BadAnswer
from mitoyen.services.contacts import Reach, read_contact
from mitoyen.services.enums import Channel, Way
from mitoyen.services.long_words import pieces
from mitoyen.services.models import Photo, Request
from mitoyen.services.parity import leaving
from mitoyen.services.receiving import NotComplete, Submission
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Commune
from mitoyen.territory.spelling import bare

KEPT_FOR = dt.timedelta(days=14)
LONGEST_WISH = 300
DEFAULT = "report_problem"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Subjects that say nothing which the body doesn't.
EMPTY_SUBJECTS = frozenset(
    {"", "demande", "une demande", "ma demande", "signalement", "un signalement", "signaler", "signaler un probleme",
     "probleme", "un probleme", "bonjour", "sans objet", "pas d objet", "aucun objet", "no subject", "mairie", "urgent",
     "request", "report", "report a problem", "problem", "hello", "formulaire", "form", "message", "question"}
)  # fmt: skip


def service_for(name: str) -> Service | None:
    """The service that an address names; without a name, reporting a problem, or the only one there is."""
    installed = services.installed()
    if name:
        return installed.get(name)
    return installed.get(DEFAULT) or (next(iter(installed.values())) if len(installed) == 1 else None)


def start(mail: Mail, service: Service, language: str, kept: list[Photo]) -> Dialogue:
    """What a new mail says, as far as it goes. Not yet a request: see `settle`."""
    now = timezone.now()
    dialogue = Dialogue(
        service=service.manifest.name,
        language=language,
        address=mail.sender,
        name=mail.name,
        subject=mail.subject,
        in_reply_to=mail.message_id,
        photos=[photo.pk for photo in kept] if _photo_question(service) else [],
        started_at=now,
        until=now + KEPT_FOR,
    )
    found, rest = numbered.labelled(service, quoting.written(mail.text), language)
    for name, told in found.items():
        _take(dialogue, service, service.manifest.question(name), told)
    _take_words(dialogue, service, _with_subject(mail.subject, rest))
    dialogue.save()
    return dialogue


def go_on(dialogue: Dialogue, mail: Mail, service: Service, kept: list[Photo]) -> None:
    """What a reply answers of the questions asked last."""
    own = quoting.written(mail.text)
    told = numbered.numbered(own, mail.text, len(dialogue.asked))
    for number, text in told.items():
        _take(dialogue, service, service.manifest.question(dialogue.asked[number - 1]), text)
    if not told and own:
        # Words without a number answer nothing that was asked; they are kept all the same.
        _take_words(dialogue, service, own)
    dialogue.photos += [photo.pk for photo in kept] if _photo_question(service) else []
    dialogue.in_reply_to = mail.message_id
    dialogue.subject = mail.subject or dialogue.subject
    dialogue.save()


def settle(dialogue: Dialogue, service: Service) -> Request | None:
    """The request, once nothing that the service needs is missing; None, with `asked` filled, while something is."""
    submission = _submission(dialogue, service)
    try:
        request = receiving.receive(submission)
    except NotComplete as missing:
        names = [question.name for question in service.manifest.questions if question.name in missing.faults]
        dialogue.asked, dialogue.rounds = names, dialogue.rounds + 1
        dialogue.save()
        return None
    for piece in pieces(dialogue.more, timeline.LONGEST):
        timeline.add_words(request, piece, Channel.MAIL)
    # The request has it all now: of the dialogue only that its address leads there is kept.
    dialogue.request, dialogue.raw, dialogue.more, dialogue.spot, dialogue.which = request, {}, "", None, []
    dialogue.address = dialogue.name = dialogue.subject = ""
    dialogue.photos = []
    dialogue.save()
    return request


def questions(dialogue: Dialogue, service: Service) -> str:
    """The mail that asks what is missing, numbered, in the person's language."""
    with translation.override(dialogue.language):
        faults = receiving.faults_of(_submission(dialogue, service))
        lines = [_("We received your message. Before it goes to the right team, please tell us:"), ""]
        for number, name in enumerate(dialogue.asked, 1):
            lines += [*_asked(dialogue, service, service.manifest.question(name), number, faults.get(name, "")), ""]
        lines.append(_("Reply to this message: write the number, then your answer. For example:"))
        lines += _example(dialogue, service)
        day = date_format(timezone.localtime(dialogue.until), "j F Y")
        lines += ["", _("Without your answer by %(day)s, we erase your message.") % {"day": day}]
        phone = str(settings.MITOYEN["contact_phone"])
        if phone:
            lines.append(_("You would rather speak with someone? Call %(phone)s.") % {"phone": phone})
        return "\n".join(lines)


@transaction.atomic
def forget_old() -> int:
    """Erase what was never completed by its term, photos included; how many. That is counted as left."""
    old = list(Dialogue.objects.filter(until__lt=timezone.now(), request=None))
    for dialogue in old:
        for photo in Photo.objects.filter(pk__in=dialogue.photos, request=None):
            photos.forget(photo)
        leaving.left(dialogue.service, Channel.MAIL, dialogue.started_at)
        dialogue.delete()
    return len(old)


def _submission(dialogue: Dialogue, service: Service) -> Submission:
    names = [question.name for question in service.manifest.questions if question.type == "venue"]
    wish = " ".join(str(dialogue.raw.get(name, "")) for name in names).strip()
    return Submission(
        service=service,
        channel=Channel.MAIL,
        raw=dialogue.raw,
        spot=Spot(**dialogue.spot) if dialogue.spot else None,
        photos=list(Photo.objects.filter(pk__in=dialogue.photos, request=None)),
        reach=_reach(dialogue, service),
        language=dialogue.language,
        token=dialogue.token,
        wish=wish[:LONGEST_WISH],
        handed_to=_commune_in(wish) if wish else "",
    )


def _reach(dialogue: Dialogue, service: Service) -> Reach:
    try:
        return read_contact(service, Way.MAIL, dialogue.address, dialogue.name)
    except BadAnswer:
        return Reach()


def _take(dialogue: Dialogue, service: Service, question: Question, told: str) -> None:
    if question.type == "place":
        _take_place(dialogue, question, told)
    elif question.type == "photo":
        _take_words(dialogue, service, told)
    elif question.type == "venue":
        dialogue.raw[question.name] = " ".join(told.split())
    else:
        dialogue.raw[question.name] = numbered.choice(service, question, told, dialogue.language)


def _take_place(dialogue: Dialogue, question: Question, told: str) -> None:
    at = numbered.letter(told)
    if at is not None and 0 <= at < len(dialogue.which):
        dialogue.spot, dialogue.which = dialogue.which[at], []
        return
    placed = placing.place(question, told)
    if not placed.spot and not placed.which:
        # "the bench by the school, Avrillé": the commune at the end is known, the words before it are theirs.
        words, commune = _commune_named(told)
        placed = placing.place(question, words, commune)
    dialogue.spot = asdict(placed.spot) if placed.spot else None
    dialogue.which = [asdict(spot) for spot in placed.which]
    dialogue.raw[question.name] = told[:300]


def _commune_named(told: str) -> tuple[str, str]:
    """The words before the commune that they end with, and its INSEE code; both empty when they name none."""
    named = {bare(commune.name): commune.insee for commune in Commune.objects.only("insee", "name")}
    # From the left, so that the longest name wins: "Saint-Léger" isn't "Léger".
    for at in [0, *(found.end() for found in re.finditer(r"[\s,;(-]+", told))]:
        insee = named.get(bare(told[at:]))
        if insee:
            return re.sub(r"[\s,;(-]+(?:à|a|in|at)?$", "", told[:at]), insee
    return "", ""


def _commune_in(told: str) -> str:
    """The INSEE code of the one commune that these words name; empty for none, and for several."""
    said = f" {bare(told)} "
    found = [code for code, name in Commune.objects.values_list("insee", "name") if f" {bare(name)} " in said]
    return found[0] if len(found) == 1 else ""


def _take_words(dialogue: Dialogue, service: Service, words: str) -> None:
    """Words into the question that takes words; what it can't hold, or has already, is kept to be added."""
    if not words:
        return
    question = next((one for one in service.manifest.questions if one.type == "words"), None)
    if question is None or str(dialogue.raw.get(question.name, "")).strip():
        dialogue.more = f"{dialogue.more}\n\n{words}".strip()
        return
    first = pieces(words, question.longest)[0]
    dialogue.raw[question.name] = first
    dialogue.more = f"{dialogue.more}\n\n{words[len(first) :].strip()}".strip()


def _with_subject(subject: str, words: str) -> str:
    said = bare(subject)
    if said in EMPTY_SUBJECTS or said in bare(words):
        return words
    return f"{subject}\n{words}".strip()


def _photo_question(service: Service) -> bool:
    return any(question.type == "photo" for question in service.manifest.questions)


def _asked(dialogue: Dialogue, service: Service, question: Question, number: int, fault: str) -> list[str]:
    spoken = dialogue.language
    lines = [f"{number}. {service.text(f'questions.{question.name}.label', spoken)}"]
    told = service.texts.get(spoken, {}).get(f"questions.{question.name}.help", "")
    if told:
        lines.append(f"   {told}")
    if question.type == "venue":
        lines.append("   " + _("Write the commune, and the days and hours that suit you. We tell you the time."))
    given: Any = dialogue.raw.get(question.name)
    if question.type == "place" and dialogue.which:
        lines.append("   " + _("“%(place)s” may be several places. Which one?") % {"place": given})
        labels = [spot["label"] for spot in dialogue.which]
    else:
        if given and question.type == "place":
            fault = _("We don’t know this place. Add the name of the commune.")
        if given and fault:
            lines.append("   " + _("You wrote “%(answer)s”. %(fault)s") % {"answer": _short(given), "fault": fault})
        labels = [service.text(f"choices.{question.name}.{choice}", spoken) for choice in question.choices]
    return lines + [f"   {LETTERS[at]}) {label}" for at, label in enumerate(labels[:26])]


def _example(dialogue: Dialogue, service: Service) -> list[str]:
    lines = []
    for number, name in enumerate(dialogue.asked, 1):
        question = service.manifest.question(name)
        lettered = question.choices or (question.type == "place" and dialogue.which)
        if lettered:
            example = "a"
        elif question.type == "place":
            example = _("12 rue des Lices, Angers")
        elif question.type == "venue":
            example = _("Avrillé, Tuesday morning or Thursday")
        else:
            example = _("your answer")
        lines.append(f"{number}. {example}")
    return lines


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
