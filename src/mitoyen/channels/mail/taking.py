"""Takes one mail in, whole or not at all: only what is committed is acknowledged, and the same mail twice is one."""

import hashlib
import re

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from mitoyen.channels.mail import addresses, asking, bounces, incoming, quoting
from mitoyen.channels.mail.addresses import Tag
from mitoyen.channels.mail.incoming import Harmful, Mail
from mitoyen.channels.mail.machines import Writer, writer_of
from mitoyen.channels.mail.models import Dialogue, Outcome, Taken
from mitoyen.channels.mail.writing import DIALOGUE, REQUEST, TEAM
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.load import Service
from mitoyen.services import codes, following, photos, subscriptions, throttle, timeline, unreached, wording
from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.services.long_words import pieces
from mitoyen.services.models import Contact, Handler, Photo, Request
from mitoyen.services.thanks import only, only_thanks
from mitoyen.territory.spelling import bare

IN_A_SUBJECT = re.compile(r"(?<![A-Z0-9])(?:[A-Z0-9]{3}[- .]?){2}[A-Z0-9]{3}(?![A-Z0-9])", re.IGNORECASE)
# Words that ask where a request stands, and nothing else.
ASKS = frozenset(
    {"ou", "en", "est", "suivi", "suivre", "ma", "mon", "demande", "dossier", "code", "etat", "de", "la", "le", "elle",
     "t", "bonjour", "bonsoir", "merci", "svp", "s", "il", "vous", "plait", "cordialement", "status", "where", "is",
     "my", "request", "follow", "hello", "please", "thanks", "thank", "you", "the"}
)  # fmt: skip
STOPS = frozenset({"stop", "desabonnement", "desinscription", "me desabonner", "se desabonner", "unsubscribe", "arret"})
MOST_WORDS = 20_000
# Logos and icons that programs put below a mail are no photos that anyone sends.
SMALLEST_SIDE = 90


class Busy(Exception):
    """Too much came from this sender within the hour: to be tried later."""


def take_in(content: bytes, recipient: str, envelope_from: str) -> Outcome:
    """What became of a mail, committed. Raises Harmful, or Busy."""
    tag = addresses.read(recipient)
    if tag is None:
        raise Harmful("there is no such address here")
    mail = incoming.read(content)
    key = _key(mail, content)
    if Taken.objects.filter(key=key).exists():
        return Outcome(Taken.objects.get(key=key).outcome)
    writer = writer_of(mail, envelope_from)
    if writer == Writer.PERSON and throttle.is_over("submission", mail.sender):
        raise Busy
    # Photos are decoded before the transaction: nothing else waits meanwhile.
    kept, dropped = _photos(mail) if writer == Writer.PERSON else ([], 0)
    with transaction.atomic():
        taken, created = Taken.objects.get_or_create(key=key, defaults={"at": timezone.now()})
        if created:
            taken.outcome, taken.request = _Taking(mail, tag, taken, kept, dropped).route(writer)
            taken.save(update_fields=["outcome", "request"])
    return Outcome(taken.outcome)


def _key(mail: Mail, content: bytes) -> str:
    """With the sender: nobody who knows a Message-ID keeps another's mail out."""
    told = f"{mail.sender.lower()}|{mail.message_id}".encode() if mail.message_id else content
    return hashlib.sha256(told).hexdigest()


def _photos(mail: Mail) -> tuple[list[Photo], int]:
    """Photos kept, cleaned; and how many attachments were left aside."""
    kept: list[Photo] = []
    dropped = 0
    for file in mail.files:
        if not file.kind.startswith("image/") and file.kind != "application/octet-stream":
            dropped += 1
            continue
        try:
            photo = photos.keep(file.content) if len(kept) < photos.MOST else None
        except Refused:
            photo = None
        if photo is None:
            dropped += 1
        elif min(photo.width, photo.height) < SMALLEST_SIDE:
            photos.forget(photo)
        else:
            kept.append(photo)
    return kept, dropped


class _Taking:
    """One mail on its way, inside the transaction."""

    def __init__(self, mail: Mail, tag: Tag, taken: Taken, kept: list[Photo], dropped: int) -> None:
        self.mail, self.tag, self.taken, self.kept, self.dropped = mail, tag, taken, kept, dropped
        self.language = _language(mail)

    def route(self, writer: Writer) -> tuple[Outcome, Request | None]:
        """Where the mail belongs."""
        if writer == Writer.SERVER:
            notice = bounces.take(self.mail, self.tag)
            return Outcome.BOUNCE, _request_of(notice)
        request, dialogue = self._about()
        if writer == Writer.MACHINE:
            return Outcome.AUTOMATIC, request
        throttle.count("submission", self.mail.sender)
        unreached.clear(Way.MAIL, self.mail.sender)
        if bare(quoting.written(self.mail.text)) in STOPS or (
            bare(self.mail.subject) in STOPS and not quoting.written(self.mail.text)
        ):
            return self._stop()
        if request is not None:
            return self._note(request) if self._is_from_a_team(request) else self._complete(request)
        if dialogue is not None:
            return self._go_on(dialogue)
        return self._begin()

    def _about(self) -> tuple[Request | None, Dialogue | None]:
        """The request or dialogue that a mail answers: by the signed address, by what it refers to, by the code in its
        subject."""
        for tag in (self.tag, *map(_tag_of_reference, self.mail.references)):
            request, dialogue = _of_tag(tag)
            if request or dialogue:
                return request, dialogue
        notice = Notice.objects.filter(way=NoticeWay.MAIL, reference__in=self.mail.references).exclude(about="").first()
        if notice is not None:
            dialogue = _dialogue_of(notice)
            return (dialogue.request, dialogue) if dialogue else (_request_of(notice), None)
        return self._by_code(), None

    def _by_code(self) -> Request | None:
        """Guesses count against the sender, and against everybody: a sender's address is easily made up."""
        for found in IN_A_SUBJECT.findall(self.mail.subject)[:3]:
            if codes.read(found) is None or throttle.is_over("wrong_code_mail", ""):
                continue
            try:
                request = following.find(found, f"mail:{self.mail.sender}")
            except following.TooManyTries:
                return None
            if request is not None:
                return request
            throttle.count("wrong_code_mail", "")
        return None

    def _is_from_a_team(self, request: Request) -> bool:
        """An answer to what a team was sent, or a mail from a team's own address."""
        notices = Notice.objects.filter(reference__in=self.mail.references, key__startswith=TEAM)
        handlers = Handler.objects.filter(team=request.team, email__iexact=self.mail.sender)
        return handlers.exists() or notices.exists()

    def _note(self, request: Request) -> tuple[Outcome, Request | None]:
        """What a team answers stays between agents: it answers the person at the desk."""
        words = quoting.written(self.mail.text)
        if not words:
            return Outcome.NOTHING, request
        for part in pieces(words, timeline.LONGEST):
            timeline.note_between_agents(request, part, self.mail.sender)
        return Outcome.NOTE, request

    def _stop(self) -> tuple[Outcome, Request | None]:
        ended = subscriptions.stop(Way.MAIL, self.mail.sender)
        with translation.override(self.language):
            told = _("You will get no more messages of this kind. Subscriptions ended: %(count)d.") % {"count": ended}
        self._write("stop", told)
        return Outcome.STOP, None

    def _complete(self, request: Request) -> tuple[Outcome, Request | None]:
        words = quoting.written(self.mail.text)[:MOST_WORDS]
        if not self.kept and only(ASKS, words):
            self._tell_story(request)
            return Outcome.STORY, request
        with translation.override(request.language):
            try:
                self._add(request, words)
            except Refused as refusal:
                self._write("refused", str(refusal), f"{REQUEST}{request.code}", request.language)
                return Outcome.NOTHING, request
            if self.dropped:
                told = _dropped(self.dropped)
                self._write("dropped", told, f"{REQUEST}{request.code}", request.language)
        return Outcome.ANSWER, request

    def _add(self, request: Request, words: str) -> None:
        """To the timeline, as the request's state has it. Raises Refused."""
        fresh = [photo for photo in self.kept if not request.photos.filter(digest=photo.digest).exists()]
        for photo in self.kept:
            if photo in fresh:
                photo.request = request
                photo.save(update_fields=["request"])
            else:
                photos.forget(photo)
        words = words or _("Photos added: %(count)d.") % {"count": len(fresh)}
        parts = pieces(words, timeline.LONGEST)
        if request.state == State.REFUSED:
            timeline.appeal(request, parts[0], Channel.MAIL)
        elif request.state == State.CLOSED and only_thanks(words):
            # Thanks don't open again what is finished.
            timeline.note(request, FactKind.ADDED, words=words, channel=Channel.MAIL)
        elif request.state == State.CLOSED:
            timeline.reopen(request, parts[0], channel=Channel.MAIL)
            for piece in parts[1:]:
                timeline.add_words(request, piece, Channel.MAIL)
        else:
            for piece in parts:
                timeline.add_words(request, piece, Channel.MAIL)

    def _tell_story(self, request: Request) -> None:
        """The timeline, to whoever has the code; never who asked."""
        with translation.override(request.language):
            story = following.story(request)
            steps = [f"{timezone.localtime(step.fact.at):%d/%m/%Y} : {step.sentence}" for step in story.steps]
            told = "\n".join([story.title, *filter(None, [story.commune]), "", *steps])
        self._write("story", told, f"{REQUEST}{request.code}", request.language)

    def _begin(self) -> tuple[Outcome, Request | None]:
        service = asking.service_for(self.tag.service)
        if service is None:
            return Outcome.NOTHING, None
        return self._settle(asking.start(self.mail, service, self.language, self.kept), service)

    def _go_on(self, dialogue: Dialogue) -> tuple[Outcome, Request | None]:
        if dialogue.request is not None:
            return self._complete(dialogue.request)
        service = asking.service_for(dialogue.service)
        if service is None:
            return Outcome.NOTHING, None
        asking.go_on(dialogue, self.mail, service, self.kept)
        return self._settle(dialogue, service)

    def _settle(self, dialogue: Dialogue, service: Service) -> tuple[Outcome, Request | None]:
        with translation.override(dialogue.language):
            request = asking.settle(dialogue, service)
            note = [_dropped(self.dropped)] if self.dropped else []
            if request is None:
                told = "\n\n".join([*note, asking.questions(dialogue, service)])
                self._write("questions", told, f"{DIALOGUE}{dialogue.pk}", dialogue.language)
                return Outcome.ASKED, None
            if request.state == State.HELD or not Contact.objects.filter(request=request).exists():
                # No notice goes out then; who wrote gets their code all the same, as on every other channel.
                told = " ".join(wording.sentence(fact, request) for fact in request.facts.all())
                note = [told, *note]
            if note:
                self._write("received", "\n\n".join(note), f"{REQUEST}{request.code}", request.language)
        return Outcome.NEW, request

    def _write(self, what: str, body: str, about: str = "", language: str = "") -> None:
        """Answer the sender, unless they were answered so often this hour that two machines must be talking."""
        who = self.mail.sender
        if not _is_address(who) or throttle.is_over("mail_answer", who):
            return
        throttle.count("mail_answer", who)
        subject = self.mail.subject
        if about.startswith(REQUEST):
            with translation.override(language):
                subject = _("Your request %(code)s") % {"code": codes.shown(about.removeprefix(REQUEST))}
        elif not subject.lower().startswith("re:"):
            subject = f"Re: {subject}" if subject else str(settings.MITOYEN["territory_name"])
        outbox.put(
            NoticeWay.MAIL,
            who,
            body,
            key=f"mail:{self.taken.key}:{what}",
            about=about,
            name=self.mail.name,
            language=language or self.language,
            subject=subject[:200],
        )


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _dropped(count: int) -> str:
    return _("Only photos can be kept (JPEG, PNG or WebP, four at most). Attachments left aside: %(count)d.") % {
        "count": count
    }


def _tag_of_reference(reference: str) -> Tag | None:
    local, _at, domain = reference.strip("<>").partition("@")
    return addresses.read_label(local) if domain.lower() == addresses.domain() else None


def _of_tag(tag: Tag | None) -> tuple[Request | None, Dialogue | None]:
    if tag is None:
        return None, None
    if tag.kind == "r":
        return Request.objects.filter(pk=tag.number).first(), None
    if tag.kind == "q":
        dialogue = Dialogue.objects.filter(pk=tag.number).select_related("request").first()
        return (dialogue.request if dialogue else None), dialogue
    if tag.kind == "n":
        # Someone answered to where failures go.
        notice = Notice.objects.filter(pk=tag.number).first()
        return _request_of(notice), (_dialogue_of(notice) if notice else None)
    return None, None


def _request_of(notice: Notice | None) -> Request | None:
    if notice is None or not notice.about.startswith(REQUEST):
        return None
    return Request.objects.filter(code=notice.about.removeprefix(REQUEST)).first()


def _dialogue_of(notice: Notice) -> Dialogue | None:
    number = notice.about.removeprefix(DIALOGUE)
    if not notice.about.startswith(DIALOGUE) or not number.isdigit():
        return None
    return Dialogue.objects.filter(pk=int(number)).select_related("request").first()


def _language(mail: Mail) -> str:
    """The language that the mail says it is in, else the installation's."""
    said = (mail.head("Content-Language") or mail.head("Accept-Language"))[:2]
    return said if said in ("fr", "en") else str(settings.MITOYEN["language"])
