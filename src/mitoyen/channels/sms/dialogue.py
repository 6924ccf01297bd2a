"""The dialogue: one question at a time, answered by number or by words, until the recap is confirmed.

What is answered is kept as a form would post it and read by the same rules, so that the request handed in is the one
that the web form would have made.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import asdict

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.channels.sms import handing_in, places, words
from mitoyen.channels.sms.enums import Step
from mitoyen.channels.sms.models import Dialogue
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.manifests.service_check import sms_prompt
from mitoyen.manifests.service_schema import Question
from mitoyen.services import answers, appointments, throttle
from mitoyen.services.answers import BadAnswer
from mitoyen.services.enums import Channel
from mitoyen.services.order import in_order
from mitoyen.services.parity import leaving
from mitoyen.services.receiving import NotComplete
from mitoyen.services.wording import language
from mitoyen.territory.finding import Spot

KEPT_FOR = dt.timedelta(days=7)
WRONG_BEFORE_PHONE = 3
MOST_SLOTS = 5
# Shorter words are in any sentence.
SHORTEST_NAME = 4
NOT_ASKED = frozenset({"photo"})


class Over(Exception):
    """The dialogue ends with these words, which may be none."""


class GivenUp(Over):
    """The person doesn't want to go on."""


class Again(Exception):
    """The answer can't be taken; says why. The same question is asked again."""


def begin(number: str, spoken: str) -> Dialogue:
    """A new dialogue; an old one of this number is forgotten."""
    forget(Dialogue.objects.filter(number=number))
    return Dialogue(number=number, language=spoken)


def open_with(row: Dialogue, text: str) -> str:
    """The first word may name a service: then that one starts. Anything else gets the menu."""
    found = _service_named(text)
    told = menu() if found is None else _enter(row, found)
    _save(row)
    return told


@transaction.atomic
def forget(rows: QuerySet[Dialogue]) -> int:
    """Remove dialogues that were left; how many. Which service was begun is counted, and nothing else."""
    for service, at in rows.exclude(service="").values_list("service", "updated_at"):
        leaving.left(service, Channel.SMS, at)
    return rows.delete()[0]


def move_on(row: Dialogue, text: str) -> str:
    """Take the answer to what was asked last; what to say next."""
    try:
        told = _next(row, text)
    except Over as over:
        if isinstance(over, GivenUp) and row.service:
            leaving.left(row.service, Channel.SMS)
        row.delete()
        return str(over)
    except Again as again:
        row.wrong += 1
        offer = phone_offer() if row.wrong >= WRONG_BEFORE_PHONE else ""
        told = "\n".join(part for part in (str(again), offer, _asked_last(row)) if part)
    _save(row)
    return told


def ask_again(row: Dialogue) -> str:
    """What was asked last, once more."""
    told = _asked_last(row)
    _save(row)
    return told


def menu() -> str:
    """Every service by number."""
    return "\n".join([_("What can we do for you? Answer with a number."), words.numbered(_titles())])


def asks_for_code(row: Dialogue) -> bool:
    """Whether the question asked is for a code."""
    service = _service(row)
    return bool(service and row.step == Step.QUESTION and service.manifest.question(row.question).type == "code")


def word_for(service: Service) -> str:
    """The word that starts a service when it is written first: the longest of its title that does; empty: none."""
    at = in_order().index(service)
    title = re.findall(r"\w+", service.text("service.title", language()))
    return max((word for word in title if _service_named(word) == at), key=len, default="")


def phone_offer() -> str:
    """That one may call instead; nothing where the installation has no number."""
    phone = str(settings.MITOYEN["contact_phone"])
    return _("You can also call %(phone)s.") % {"phone": phone} if phone else ""


def _next(row: Dialogue, text: str) -> str:
    said = words.said(text)
    if said in words.CANCEL:
        raise GivenUp(_forgotten())
    if said in words.MENU or (row.service and _service(row) is None):
        row.service, row.step, row.question, row.correcting = "", Step.MENU, "", False
        row.answers, row.spot, row.slot, row.place_text, row.same_as = {}, {}, "", "", None
        return menu()
    return STEPS[Step(row.step)](row, text)


def _asked_last(row: Dialogue) -> str:
    service = _service(row)
    if service is None:
        return menu()
    if row.step == Step.CONFIRM:
        return handing_in.recap(service, row)
    if row.step == Step.COMMUNE:
        return places.ask_commune()
    if row.step in (Step.WHICH, Step.SAME):
        return _offer(row)
    return _prompt(row, service, service.manifest.question(row.question))


def _service_named(text: str) -> int | None:
    """A first message that is one telling word of a title, or starts with a title's first word."""
    first, *rest = words.said(text).split() or [""]
    if len(first) < SHORTEST_NAME or first.isdigit():
        return None
    titles = _titles()
    if not rest:
        return words.pick(first, titles)
    starts = [at for at, title in enumerate(titles) if words.said(title).split()[0] == first]
    return starts[0] if len(starts) == 1 else None


def _forgotten() -> str:
    return _("It is forgotten. Write any word to begin again.")


def _choose_service(row: Dialogue, text: str) -> str:
    found = words.pick(text, _titles())
    if found is None:
        raise Again(_("Answer with one of the numbers."))
    return _enter(row, found)


def _enter(row: Dialogue, chosen: int) -> str:
    service = in_order()[chosen]
    row.service = service.manifest.name
    told = _("%(title)s. MENU: start over, STOP: end.") % {"title": service.text("service.title", language())}
    return f"{told}\n{_ask_next(row, service)}"


def _ask_next(row: Dialogue, service: Service) -> str:
    """The question after the one just answered; after the last, what may be the same; then the recap."""
    asked = asked_of(service)
    names = [question.name for question in asked]
    at = names.index(row.question) + 1 if row.question in names else 0
    row.wrong, row.offered = 0, []
    if at < len(asked) and not row.correcting:
        row.step, row.question = Step.QUESTION, names[at]
        return _prompt(row, service, asked[at])
    return _check_same(row, service)


def _prompt(row: Dialogue, service: Service, question: Question) -> str:
    """A question as it is sent; for an appointment, with its free times."""
    told = sms_prompt(service, question, language())
    if question.type == "yes_no":
        told += " " + _("1 yes, 2 no")
    if question.type == "venue":
        return _with_slots(row, service, told)
    if not question.required and "0" not in told:
        told += "\n" + (_("(SKIP if you don’t know)") if question.type == "number" else _("(0 to skip)"))
    return told


def _with_slots(row: Dialogue, service: Service, told: str) -> str:
    commune = str(row.offered[0]["commune"]) if row.offered and "commune" in row.offered[0] else ""
    slots = appointments.free(service.manifest.name, commune, MOST_SLOTS)
    row.offered = [{"commune": commune}, *({"key": slot.key} for slot in slots)]
    if not slots:
        return " ".join(part for part in (_("No time is free there now."), _other_commune(), phone_offer()) if part)
    labels = [f"{slot.when()}, {slot.where()}" for slot in slots]
    return "\n".join([told, words.numbered(labels), _other_commune()])


def _other_commune() -> str:
    return _("Or write the name of a commune.")


def _answer_question(row: Dialogue, text: str) -> str:
    service = _needed(row)
    question = service.manifest.question(row.question)
    if _skips(question, text):
        _forget_answer(row, question)
        return _ask_next(row, service)
    if question.type == "place":
        return _place(row, service, question, text)
    if question.type == "venue":
        return _venue(row, service, question, text)
    try:
        raw = _raw(service, question, text)
        answers.read_one(question, raw)
    except BadAnswer as error:
        raise Again(str(error)) from None
    row.answers = {**row.answers, question.name: raw}
    return _ask_next(row, service)


def _skips(question: Question, text: str) -> bool:
    """Zero is a number where one is asked for."""
    skip = words.SKIP - {"0"} if question.type == "number" else words.SKIP
    return not question.required and words.said(text) in skip


def _forget_answer(row: Dialogue, question: Question) -> None:
    row.answers = {name: value for name, value in row.answers.items() if name != question.name}
    if question.type == "place":
        row.spot, row.place_text = {}, ""
    if question.type == "venue":
        row.slot = ""


def _raw(service: Service, question: Question, text: str) -> str | list[str]:
    """What the form would have posted. Raises BadAnswer for what is none of the choices."""
    if question.type in ("choice", "choices"):
        labels = [service.text(f"choices.{question.name}.{choice}", language()) for choice in question.choices]
        several = words.pick_several(text, labels) if question.type == "choices" else None
        one = words.pick(text, labels, loosely=True) if question.type == "choice" else None
        if several is not None:
            return [question.choices[at] for at in several]
        if one is not None:
            return question.choices[one]
        raise BadAnswer(_("Answer with one of the numbers."))
    if question.type == "rating":
        # "4/5", "4 sur 5"
        return text.strip()[:1]
    if question.type in ("yes_no", "date", "code"):
        return text.strip(" .!\n")
    return text


def _place(row: Dialogue, service: Service, question: Question, text: str) -> str:
    found = places.understood(question, text)
    row.place_text = text[:300]
    if found.spot is not None:
        return _placed(row, service, found.spot)
    if found.which:
        row.step, row.offered, row.wrong = Step.WHICH, [asdict(spot) for spot in found.which], 0
        return _offer(row)
    if found.needs_commune:
        row.step, row.wrong = Step.COMMUNE, 0
        return places.ask_commune()
    raise Again(found.fault)


def _placed(row: Dialogue, service: Service, spot: Spot) -> str:
    row.spot, row.step = asdict(spot), Step.QUESTION
    return _ask_next(row, service)


def _which(row: Dialogue, text: str) -> str:
    service = _needed(row)
    question = service.manifest.question(row.question)
    spots = [Spot(**offered) for offered in row.offered]
    if words.said(text) == "0":
        row.step, row.wrong = Step.COMMUNE, 0
        return places.ask_commune()
    found = words.pick(text, [spot.label for spot in spots])
    if found is not None:
        return _placed(row, service, spots[found])
    if words.NUMBER.fullmatch(text.strip()):
        raise Again(_("Answer with one of the numbers."))
    # Other words for the place.
    return _place(row, service, question, text)


def _commune(row: Dialogue, text: str) -> str:
    service = _needed(row)
    question = service.manifest.question(row.question)
    commune = places.commune_named(text)
    if commune is not None:
        return _placed(row, service, places.in_commune(question, row.place_text, commune))
    if places.understood(question, text).needs_commune:
        raise Again(_("We don’t know this commune."))
    # Better words for the place.
    return _place(row, service, question, text)


def _venue(row: Dialogue, service: Service, question: Question, text: str) -> str:
    keys = [str(offered["key"]) for offered in row.offered if "key" in offered]
    found = words.NUMBER.fullmatch(text.strip())
    if found is None:
        commune = places.commune_named(text)
        if commune is None:
            raise Again(_("Answer with one of the numbers."))
        row.offered = [{"commune": commune.insee}]
        return _prompt(row, service, question)
    if not 1 <= int(found[1]) <= len(keys):
        raise Again(_("Answer with one of the numbers."))
    slot = appointments.slot_of(service.manifest.name, keys[int(found[1]) - 1])
    if slot is None:
        raise Again(_("This time was taken meanwhile. Choose another one."))
    row.slot = slot.key
    return _ask_next(row, service)


def _check_same(row: Dialogue, service: Service) -> str:
    found = handing_in.likely_same(service, row)
    if not found or row.same_as is not None:
        return _recap(row, service)
    row.step, row.offered = Step.SAME, [{"request": request.pk, "label": label} for request, label in found]
    return _offer(row)


def _same(row: Dialogue, text: str) -> str:
    service = _needed(row)
    if words.said(text) in words.NO | {"0"}:
        row.same_as = 0
        return _recap(row, service)
    found = words.pick(text, [str(offered["label"]) for offered in row.offered])
    if found is None:
        raise Again(_("Answer with one of the numbers."))
    row.same_as = int(row.offered[found]["request"])
    return _recap(row, service)


def _offer(row: Dialogue) -> str:
    """The list that was made for the last question."""
    labels = [str(offered["label"]) for offered in row.offered]
    if row.step == Step.SAME:
        return "\n".join(
            [_("Is it one of these, reported already?"), words.numbered(labels), _("0 No, something else")]
        )
    labels = [places.label(row.place_text, Spot(**offered)) for offered in row.offered]
    return "\n".join([_("Which of these?"), words.numbered(labels), _("0 None: as I wrote it")])


def _recap(row: Dialogue, service: Service) -> str:
    row.step, row.correcting, row.offered, row.wrong = Step.CONFIRM, False, [], 0
    return handing_in.recap(service, row)


def _confirm(row: Dialogue, text: str) -> str:
    service, said = _needed(row), words.said(text)
    if said in words.NO:
        raise GivenUp(_forgotten())
    if said in words.YES:
        return _hand_in(row, service)
    number = words.NUMBER.fullmatch(text.strip())
    asked = asked_of(service)
    if number is None or not 1 <= int(number[1]) <= len(asked):
        raise Again(_("Answer YES or NO."))
    question = asked[int(number[1]) - 1]
    row.step, row.question, row.correcting, row.same_as = Step.QUESTION, question.name, True, None
    return _prompt(row, service, question)


def _hand_in(row: Dialogue, service: Service) -> str:
    if throttle.is_over("submission", row.number):
        raise Again(_("Too many requests came from this number within the hour. Try later, or call."))
    try:
        told = handing_in.hand_in(service, row)
    except NotComplete as error:
        name = next(iter(error.faults))
        return _back_to(row, service, name, error.faults[name])
    except Refused as refusal:
        venue = next(question.name for question in service.manifest.questions if question.type == "venue")
        row.slot = ""
        return _back_to(row, service, venue, str(refusal))
    raise Over(told)


def _back_to(row: Dialogue, service: Service, name: str, fault: str) -> str:
    row.step, row.question, row.correcting = Step.QUESTION, name, True
    return f"{fault}\n{_prompt(row, service, service.manifest.question(name))}"


def asked_of(service: Service) -> list[Question]:
    """The questions that an SMS can ask: all but photos."""
    return [question for question in service.manifest.questions if question.type not in NOT_ASKED]


def _titles() -> list[str]:
    return [service.text("service.title", language()) for service in in_order()]


def _service(row: Dialogue) -> Service | None:
    found: Service | None = services.installed().get(row.service)
    return found


def _needed(row: Dialogue) -> Service:
    found: Service = services.installed()[row.service]
    return found


def _save(row: Dialogue) -> None:
    row.updated_at = timezone.now()
    row.expires_at = row.updated_at + KEPT_FOR
    row.save()


STEPS: dict[Step, Callable[[Dialogue, str], str]] = {
    Step.MENU: _choose_service,
    Step.QUESTION: _answer_question,
    Step.WHICH: _which,
    Step.COMMUNE: _commune,
    Step.SAME: _same,
    Step.CONFIRM: _confirm,
}
