"""Letters: the notices of people who are answered by post, in one PDF to print, fold in three and slip into window
envelopes (DL, 110 by 220 mm, window on the right)."""

from collections.abc import Iterable, Iterator

from django.conf import settings
from django.db import transaction
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from mitoyen.channels.paper import typesetting
from mitoyen.channels.paper.models import LetterBatch
from mitoyen.channels.paper.typesetting import quoted
from mitoyen.ledger import audit, outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.ledger.refusal import Refused

# NF Z 10-011: six lines of 38 characters at most. The window of a DL envelope (35 by 100 mm, 20 mm from the right and
# from the bottom) shows this block however the sheet slides in it.
LONGEST, MOST_LINES = 38, 6
ADDRESS_AT = (103.0, 55.0, 86.0)
ADDRESS_PITCH_MM = 4.2
BODY_TOP_MM = 100.0
FOLDS = (99.0, 198.0)


def gather(notices: Iterable[Notice], by: str) -> LetterBatch:
    """Take these letters out of the queue, into one batch to print. Raises Refused when none is left."""
    with transaction.atomic():
        batch = LetterBatch.objects.create(by=by)
        taken = [notice for notice in notices if notice.way == NoticeWay.LETTER and outbox.claim(notice)]
        if not taken:
            raise Refused(_("No letter waits."), code="nothing")
        Notice.objects.filter(pk__in=[notice.pk for notice in taken]).update(reference=batch.reference)
        audit.record(by, "letters.printed", batch.reference, count=len(taken))
    return batch


def of(batch: LetterBatch) -> list[Notice]:
    """The letters of a batch."""
    return list(Notice.objects.filter(way=NoticeWay.LETTER, reference=batch.reference).order_by("pk"))


def posted(batch: LetterBatch, by: str) -> int:
    """A clerk says that the batch is in the post: only now are its letters handed over; how many."""
    with transaction.atomic():
        fresh = LetterBatch.objects.select_for_update().get(pk=batch.pk)
        waiting = [notice for notice in of(fresh) if notice.state == NoticeState.HANDING]
        for notice in waiting:
            outbox.handed(notice, batch.reference)
        if fresh.posted_at is None:
            fresh.posted_at = timezone.now()
            fresh.save(update_fields=["posted_at"])
            audit.record(by, "letters.posted", batch.reference, count=len(waiting))
    return len(waiting)


def put_back(batch: LetterBatch, by: str) -> int:
    """The batch was not posted after all: its letters wait again; how many."""
    with transaction.atomic():
        waiting = Notice.objects.filter(way=NoticeWay.LETTER, reference=batch.reference, state=NoticeState.HANDING)
        count = waiting.update(state=NoticeState.QUEUED, reference="")
        audit.record(by, "letters.put_back", batch.reference, count=count)
        if not of(batch):
            batch.delete()
    return count


def pdf(notices: Iterable[Notice]) -> bytes:
    """One sheet or more a letter."""
    letters = list(notices)
    language = letters[0].language if letters else "fr"
    with translation.override(language):
        title = _("Letters")
    lines = [
        typesetting.preamble(title, language),
        "#set page(margin: (x: 20mm, top: 20mm, bottom: 20mm))",
        "#set par(leading: 0.35em, spacing: 0.9em)",
    ]
    for number, notice in enumerate(letters):
        with translation.override(notice.language):
            lines += [*(["#pagebreak()"] if number else []), *_letter(notice)]
    return typesetting.pdf("\n".join(lines))


def address_lines(name: str, value: str) -> list[str]:
    """A postal address as NF Z 10-011 has it: the person first, postcode and town last in capitals, no commas there."""
    parts = value.split("\n") if "\n" in value else value.split(",")
    lines = [" ".join(part.strip(" ,;.").split()) for part in parts]
    if name and name.casefold() not in [line.casefold() for line in lines]:
        lines.insert(0, " ".join(name.split()))
    wrapped = [piece for line in lines if line for piece in _wrapped(line)]
    if len(wrapped) > MOST_LINES:
        wrapped = [*wrapped[: MOST_LINES - 2], " ".join(wrapped[MOST_LINES - 2 : -1]), wrapped[-1]]
    if wrapped:
        wrapped[-1] = wrapped[-1].upper()
    return wrapped


def _wrapped(line: str) -> Iterator[str]:
    """Pieces of 38 characters at most, broken between words."""
    filled = ""
    for word in line.split(" "):
        if filled and len(filled) + 1 + len(word) > LONGEST:
            yield filled
            filled = word
        else:
            filled = f"{filled} {word}".strip()
    yield filled


def _letter(notice: Notice) -> Iterator[str]:
    x, y, width = ADDRESS_AT
    yield f"#[#set text(lang: {quoted(notice.language)})"
    for fold in FOLDS:
        yield f"#place(top + left, dx: -16mm, dy: {fold - 20}mm, line(length: 4mm, stroke: 0.3mm + luma(120)))"
    sender = [str(settings.MITOYEN[key]) for key in ("territory_name", "contact_address", "contact_phone")]
    told = quoted("\n".join(part for part in sender if part))
    yield f"#place(top + left, block(width: 75mm, par({told})))"
    for number, line in enumerate(address_lines(notice.name, notice.to)):
        down = y - 20 + number * ADDRESS_PITCH_MM
        yield (
            f"#place(top + left, dx: {x - 20}mm, dy: {down:.2f}mm,"
            f" block(width: {width}mm, text(size: 11pt, {quoted(line)})))"
        )
    day = formats.date_format(timezone.localdate(), "j F Y")
    yield f"#v({BODY_TOP_MM - 20}mm)"
    yield f"#par({quoted(day)})"
    yield f'#par(text(weight: "bold", {quoted(notice.subject)}))'
    for part in notice.body.split("\n"):
        if part.strip():
            yield f"#par({quoted(part)})"
    follow = _("To know where your request is, give its number: at the counter or by phone.")
    yield f"#par({quoted(follow)})"
    yield "]"
