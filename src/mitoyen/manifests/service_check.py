"""Checks a service's folder: that its parts fit each other, and that every channel can carry it."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from mitoyen.ledger import gsm7
from mitoyen.manifests.load import LANGUAGES, Fault, ManifestError, Service, load
from mitoyen.manifests.service_schema import Question, ServiceManifest
from mitoyen.manifests.shared_checks import MANIFEST, texts, told_twice, unknown, versions

CHOOSING = frozenset({"choice", "choices"})
# A request is about one place, has one set of photos and one appointment.
ONCE = ("place", "photo", "venue")
# What would open someone's request, or say where someone will be.
NEVER_PUBLIC = frozenset({"code", "venue"})
# What a form calls its own parts.
TAKEN_NAMES = frozenset({"contact", "form"})
# What a person answers in one sitting on a small phone, and what fits two sheets of paper in large print.
MOST_QUESTIONS = 12
MOST_CHOICES = {"sms": 9, "paper": 12}
MOST_SMS_PARTS = 3
LONGEST_PAPER_LABEL = 120
LONGEST_PAPER_CHOICE = 60
NOTHING: frozenset[str] = frozenset()


def check(folder: Path) -> list[Fault]:
    """Every fault of a service's folder, empty when it is fit for use. Never raises on a bad manifest."""
    if not folder.is_dir():
        return [Fault(str(folder), "", _("no such folder."))]
    try:
        service = load(folder, ServiceManifest)
    except ManifestError as error:
        return [error.fault]
    return list(faults(service))


def faults(service: Service) -> Iterator[Fault]:
    """Faults of a service that could be read."""
    manifest = service.manifest
    yield from versions(manifest)
    yield from told_twice(_names(manifest))
    yield from _references(manifest)
    yield from _teams(manifest)
    yield from _told_about(manifest)
    yield from _once(manifest)
    for number, question in enumerate(manifest.questions):
        yield from _question(question, f"$.questions[{number}]")
    yield from _kept(manifest)
    yield from _easy(manifest)
    found = list(texts(service.texts, needed_texts(manifest), dict.fromkeys(optional_texts(manifest))))
    yield from found
    if not found:
        for carry in CHANNELS:
            yield from carry(service)


def needed_texts(manifest: ServiceManifest) -> dict[str, frozenset[str]]:
    """Dotted keys that each language must have; no text of a service quotes a fact."""
    keys = ["service.title", "service.summary", *(["easy.summary"] if manifest.easy_to_read else [])]
    for question in manifest.questions:
        keys.append(f"questions.{question.name}.label")
        if question.required:
            keys.append(f"questions.{question.name}.why")
        keys += [f"choices.{question.name}.{choice}" for choice in question.choices]
    keys += [f"teams.{team.name}" for team in manifest.teams]
    keys += [f"data.{data.what}" for data in manifest.data]
    keys += [f"told_about.{topic}" for topic in manifest.told_about]
    return dict.fromkeys(keys, NOTHING)


def optional_texts(manifest: ServiceManifest) -> frozenset[str]:
    """Dotted keys that a language may have: help, a shorter wording for SMS, the easy-to-read version."""
    keys = {"easy.summary"}
    for question in manifest.questions:
        keys |= {f"questions.{question.name}.{part}" for part in ("help", "sms", "why")}
        keys.add(f"easy.{question.name}")
    return frozenset(keys)


def sms_prompt(service: Service, question: Question, language: str) -> str:
    """A question as one short message: its wording, and its choices by number."""
    told = service.texts[language]
    wording = told.get(f"questions.{question.name}.sms") or service.text(f"questions.{question.name}.label", language)
    choices = [
        f"{number} {service.text(f'choices.{question.name}.{choice}', language)}"
        for number, choice in enumerate(question.choices, 1)
    ]
    return gsm7.plain("\n".join([wording, *choices]))


def _names(manifest: ServiceManifest) -> dict[str, list[str]]:
    return {
        "questions": [question.name for question in manifest.questions],
        "teams": [team.name for team in manifest.teams],
        "data": [data.what for data in manifest.data],
        "told_about": list(manifest.told_about),
        **{f"questions[{n}].choices": list(question.choices) for n, question in enumerate(manifest.questions)},
    }


def _references(manifest: ServiceManifest) -> Iterator[Fault]:
    yield from unknown(manifest.public, {q.name for q in manifest.questions}, "$.public", _("question"))
    routing = [question for question in manifest.questions if question.routes]
    if len(routing) > 1:
        yield Fault(MANIFEST, "$.questions", _("only one question can find the handler; keep one `routes`."))
    categories = set(routing[0].choices) if routing else set()
    for number, team in enumerate(manifest.teams):
        yield from unknown(team.categories, categories, f"$.teams[{number}].categories", _("category"))


def _teams(manifest: ServiceManifest) -> Iterator[Fault]:
    """The first that fits takes it: one takes everything, and is the last."""
    whole = [number for number, team in enumerate(manifest.teams) if not team.categories and not team.communes]
    if whole and whole[0] < len(manifest.teams) - 1:
        yield Fault(MANIFEST, f"$.teams[{whole[0]}]", _("takes everything, so later teams get nothing; put it last."))
    if not whole:
        yield Fault(
            MANIFEST,
            "$.teams",
            _("nobody handles what no team names; add a last team without categories and communes."),
        )


def _told_about(manifest: ServiceManifest) -> Iterator[Fault]:
    """Each topic can be asked for, by someone who can be reached."""
    asked = {choice for question in manifest.questions if question.type == "choices" for choice in question.choices}
    for topic in manifest.told_about:
        if topic not in asked:
            message = _("“%(name)s” is no choice of a question of the type choices: nobody could ask for it.")
            yield Fault(MANIFEST, "$.told_about", message % {"name": topic})
    if manifest.told_about and manifest.contact == "none":
        yield Fault(MANIFEST, "$.contact", _("nobody can be told without a contact; ask for one."))


def _once(manifest: ServiceManifest) -> Iterator[Fault]:
    counts = Counter(str(question.type) for question in manifest.questions)
    for kind in ONCE:
        if counts[kind] > 1:
            message = _("a request has one answer of the type %(type)s; keep one question.")
            yield Fault(MANIFEST, "$.questions", message % {"type": kind})


def _easy(manifest: ServiceManifest) -> Iterator[Fault]:
    if manifest.easy_to_read is None:
        return
    try:
        dt.date.fromisoformat(manifest.easy_to_read.on)
    except ValueError:
        yield Fault(MANIFEST, "$.easy_to_read.on", _("is no day; write it as 2026-11-25."))


def _question(question: Question, where: str) -> Iterator[Fault]:
    if question.name in TAKEN_NAMES:
        yield Fault(MANIFEST, f"{where}.name", _("is a name that forms use themselves; choose another."))
    if question.routes and question.personal:
        yield Fault(
            MANIFEST, f"{where}.personal", _("what finds the handler is kept to be counted; it can't be personal.")
        )
    yield from _limits(question, where)
    if question.type in CHOOSING and len(question.choices) < 2:
        yield Fault(MANIFEST, f"{where}.choices", _("needs two choices at least; the question has nothing to choose."))
    if question.type not in CHOOSING and question.choices:
        yield Fault(MANIFEST, f"{where}.choices", _("is only for the types choice and choices; remove it."))
    if question.routes and (question.type != "choice" or not question.required):
        yield Fault(MANIFEST, f"{where}.routes", _("only a required choice can find the handler."))
    if question.things and question.type != "place":
        yield Fault(MANIFEST, f"{where}.things", _("is only for the type place; remove it."))


def _limits(question: Question, where: str) -> Iterator[Fault]:
    for key, limit in {"least": question.least, "most": question.most}.items():
        if limit is not None and (question.type != "number" or not math.isfinite(limit)):
            yield Fault(MANIFEST, f"{where}.{key}", _("is a number, and only for the type number; correct it."))
    if question.least is not None and question.most is not None and question.least > question.most:
        yield Fault(MANIFEST, f"{where}.least", _("is above the most that is allowed; correct one of them."))


def _kept(manifest: ServiceManifest) -> Iterator[Fault]:
    """Everything personal has a term and a basis."""
    kept = {data.what for data in manifest.data}
    asked = {"answers": True, "contact": manifest.contact != "none"}
    asked["photos"] = any(question.type == "photo" for question in manifest.questions)
    for what, is_asked in asked.items():
        if is_asked and what not in kept:
            message = _("says nothing of the %(what)s that the service asks for; give basis and months.")
            yield Fault(MANIFEST, "$.data", message % {"what": what})
    secret = {question.name for question in manifest.questions if question.type in NEVER_PUBLIC}
    for name in sorted(secret & set(manifest.public)):
        message = _("“%(name)s” is a code or an appointment: it can't be public.")
        yield Fault(MANIFEST, "$.public", message % {"name": name})
    public = {question.name for question in manifest.questions if question.personal} & set(manifest.public)
    for name in sorted(public):
        yield Fault(MANIFEST, "$.public", _("“%(name)s” is personal: it can't be public.") % {"name": name})


def _sms(service: Service) -> Iterator[Fault]:
    yield from _without_photo(service, "SMS")
    for number, question in enumerate(service.manifest.questions):
        where = f"$.questions[{number}].choices"
        yield from _few_enough(question, MOST_CHOICES["sms"], "SMS", where)
        for language in LANGUAGES:
            cost = gsm7.cost(sms_prompt(service, question, language))
            if cost.parts > MOST_SMS_PARTS:
                message = _("takes %(parts)d short messages (%(why)s); write a shorter `sms` text, 3 at most.")
                why = _("because of “%(letters)s”") % {"letters": cost.forced_by} if cost.ucs2 else _("it is long")
                told = {"parts": cost.parts, "why": why}
                yield Fault(f"texts/{language}.toml", f"questions.{question.name}.label", message % told)


def _paper(service: Service) -> Iterator[Fault]:
    yield from _without_photo(service, _("paper"))
    for number, question in enumerate(service.manifest.questions):
        yield from _few_enough(question, MOST_CHOICES["paper"], _("paper"), f"$.questions[{number}].choices")
        for language in LANGUAGES:
            file = f"texts/{language}.toml"
            longest = {f"questions.{question.name}.label": LONGEST_PAPER_LABEL}
            longest |= {f"choices.{question.name}.{choice}": LONGEST_PAPER_CHOICE for choice in question.choices}
            for key, most in longest.items():
                if len(service.text(key, language)) > most:
                    message = _("is too long for a line of the printed form; %(most)d characters at most.")
                    yield Fault(file, key, message % {"most": most})


def _voice(service: Service) -> Iterator[Fault]:
    """Read aloud at the counter or on the phone."""
    yield from _without_photo(service, _("the phone"))
    if len(service.manifest.questions) > MOST_QUESTIONS:
        message = _("asks %(count)d questions; nobody keeps up over the phone, %(most)d at most.")
        told = {"count": len(service.manifest.questions), "most": MOST_QUESTIONS}
        yield Fault(MANIFEST, "$.questions", message % told)


CHANNELS: tuple[Callable[[Service], Iterator[Fault]], ...] = (_sms, _paper, _voice)


def _without_photo(service: Service, channel: str) -> Iterator[Fault]:
    for number, question in enumerate(service.manifest.questions):
        if question.type == "photo" and question.required:
            message = _("%(channel)s carries no photo; a photo can't be required.") % {"channel": channel}
            yield Fault(MANIFEST, f"$.questions[{number}].required", message)


def _few_enough(question: Question, most: int, channel: str, where: str) -> Iterator[Fault]:
    if len(question.choices) > most:
        message = _("%(channel)s carries %(most)d choices at most, there are %(count)d.")
        yield Fault(MANIFEST, where, message % {"channel": channel, "most": most, "count": len(question.choices)})
