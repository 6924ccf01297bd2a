"""Letters at the desk: those that wait, printed together; handed over once someone says that they are posted."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.channels.paper import letters, perms
from mitoyen.channels.paper.models import LetterBatch
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Person
from mitoyen.www.desk import rules
from mitoyen.www.desk.page import email_of, page, say_refusal, to

AT_ONCE = 200
SHOWN = 20


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """How many letters wait, and the batches that were printed."""
    person = rules.person_of(request)
    batches = [batch for batch in LetterBatch.objects.all()[: SHOWN * 3] if rules.handles_letters(person, batch)]
    context = {"waiting": _mine(person), "batches": [(batch, *_counts(batch)) for batch in batches[:SHOWN]]}
    return page(request, "letters.html", "letters", context)


def gather(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Take what waits into a batch to print."""
    try:
        letters.gather(_mine(rules.person_of(request)), email_of(request))
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "letters")
    return to(request, "letters", said=_("The letters are ready: print them, post them, then say so."))


def pdf(request: HttpRequest, batch: LetterBatch) -> HttpResponse:
    """A batch to print."""
    response = HttpResponse(letters.pdf(letters.of(batch)), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="lettres-{batch.pk}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response


def act(request: HttpRequest, batch: LetterBatch) -> HttpResponse:
    """Posted: handed over. Not posted: they wait again."""
    if request.POST.get("act") == "posted":
        count = letters.posted(batch, email_of(request))
        said = ngettext("%(count)d letter is posted.", "%(count)d letters are posted.", count)
        return to(request, "letters", said=said % {"count": count})
    if batch.posted_at is None:
        letters.put_back(batch, email_of(request))
        return to(request, "letters", said=_("The letters wait again."))
    return to(request, "letters")


def _mine(person: Person) -> list[Notice]:
    """Letters that wait and that this person may post, oldest first."""
    return perms.handled(person, outbox.due(NoticeWay.LETTER)[: AT_ONCE * 5])[:AT_ONCE]


def _counts(batch: LetterBatch) -> tuple[int, int]:
    """Letters in a batch, and those not posted yet."""
    found = letters.of(batch)
    return len(found), sum(notice.state == NoticeState.HANDING for notice in found)
