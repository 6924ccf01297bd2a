"""What tells that the journal was altered, put back or removed: its tally, and what the state saw of it.

Each journal has a name of its own and counts its writes. The state notes both as batches come in, so that another
journal in its place, or an older copy, is known for what it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.history import journal, tally
from mitoyen.history.fingerprint import Fingerprint
from mitoyen.history.models import KeptJournal
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused

Prints = dict[int, Fingerprint]
_DAY_US = 86_400_000_000
# Readings looked at in one go; whole slots.
_CHUNK_US = 3 * tally.SLOT_US


class Altered(Refused):
    """The journal's readings of a day are not those that came in."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Of a UTC day and a batch: how many readings the journal holds, and should hold (equal: not the same ones)."""

    day: date
    batch: int
    found: int
    noted: int

    @property
    def message(self) -> str:
        facts = {"day": self.day, "batch": self.batch, "found": self.found, "noted": self.noted}
        if self.found == self.noted:
            return (
                _("%(day)s: the %(found)d readings of batch %(batch)d in the journal are not those that came in.")
                % facts
            )
        return _("%(day)s: the journal holds %(found)d readings of batch %(batch)d, not %(noted)d.") % facts


def next_step() -> str:
    return _(
        "Something else than Mitoyen wrote to the journal: find out what. Then restore the last backup (mitoyen"
        " restore), or take the journal as it stands: mitoyen check --accept-journal WHY."
    )


def differing(day: date, noted: Prints, found: Prints) -> list[Difference]:
    nothing = Fingerprint()
    return [
        Difference(day, batch, found.get(batch, nothing).rows, noted.get(batch, nothing).rows)
        for batch in sorted(noted.keys() | found.keys())
        if noted.get(batch, nothing) != found.get(batch, nothing)
    ]


def refuse_altered(day: date, noted: Prints, found: Prints) -> None:
    """Raise Altered, with every batch that differs, unless a day's readings are those that were noted."""
    wrong = differing(day, noted, found)
    if wrong:
        grounds = [Ground("journal_altered", one.message) for one in wrong]
        raise Altered(wrong[0].message, next_step(), grounds, "journal_altered")


def refuse_if_altered(day: date) -> None:
    """Raise Altered when the journal's readings of a day are not those noted, as it stands now."""
    refuse_altered(day, *_prints_of(day))


def differences(progress: Callable[[str, int, int], None] | None = None) -> list[Difference]:
    """Read the whole journal and compare it with its tally, a day after the other."""
    wrong: list[Difference] = []
    days = journal.days()
    for done, number in enumerate(days):
        day = date(1970, 1, 1) + timedelta(days=number)
        if progress:
            progress(str(day), done, len(days))
        wrong += differing(day, *_prints_of(day))
    return wrong


def _prints_of(day: date) -> tuple[Prints, Prints]:
    """Of a day's readings by batch: what was noted, and what the journal holds."""
    noted, found = Prints(), Prints()
    for first, last in _chunks(day):
        for total, one in zip((found, noted), journal.observed(first, last), strict=True):
            for batch, fingerprint in tally.by_batch(one).items():
                total[batch] = total.get(batch, Fingerprint()) + fingerprint
    return noted, found


def _chunks(day: date) -> list[tuple[int, int]]:
    begins = (day - date(1970, 1, 1)).days * _DAY_US
    return [(first, first + _CHUNK_US - 1) for first in range(begins, begins + _DAY_US, _CHUNK_US)]


def register() -> None:
    """Note which journal is in use and how far it was written. Cheap: done as each live batch is opened."""
    name, writes = journal.identity()
    kept, _made = KeptJournal.objects.get_or_create(name=name)
    # Read again after what was noted: others note too.
    writes = journal.identity()[1]
    if writes < kept.writes:
        KeptJournal.objects.filter(pk=kept.pk, older_at=None).update(older_at=timezone.now())
    KeptJournal.objects.filter(pk=kept.pk, writes__lt=writes).update(writes=writes)


def missing() -> list[KeptJournal]:
    """Journals that readings were written to and that are not this one."""
    kept = list(KeptJournal.objects.filter(given_up_at=None))
    name = journal.identity()[0] if kept and journal.there() else ""
    return [one for one in kept if one.name != name]


def older() -> datetime | None:
    """Since when, at the latest, the journal is a copy older than what was seen of it; None if it isn't."""
    kept = list(KeptJournal.objects.filter(given_up_at=None))
    if not kept or not journal.there():
        return None
    name, writes = journal.identity()
    for one in kept:
        if one.name == name and (one.older_at or writes < one.writes):
            return one.older_at or timezone.now()
    return None


def accept(by: str, why: str) -> list[str]:
    """Take the journal as it stands for right; what differed (returned, in words), and why, are put in the trail."""
    wrong = differences()
    gone, back = missing(), older()
    told = [one.message for one in wrong] + [message_of(one) for one in gone] + ([_message_older()] if back else [])
    if not told:
        return []
    with transaction.atomic():
        audit.record(by, "journal.accept", "journal", why=why, found=told)
        KeptJournal.objects.filter(pk__in=[one.pk for one in gone]).update(given_up_at=timezone.now())
        name, writes = journal.identity()
        KeptJournal.objects.filter(name=name).update(older_at=None, writes=writes)
    for one in wrong:
        for first, last in _chunks(one.day):
            journal.accept(first, last)
    register()
    return told


def message_of(kept: KeptJournal) -> str:
    said = _(
        "The journal that readings were written to since %(since)s is not there: those not yet sealed are gone with it."
    )
    return said % {"since": f"{kept.since.astimezone(UTC):%Y-%m-%d %H:%M}Z"}


def _message_older() -> str:
    return _("The journal is an older copy: readings that came in after it was made are missing.")


def told() -> list[tuple[str, str]]:
    """What is wrong with the journal as a whole: code and message."""
    found = [("journal_missing", message_of(one)) for one in missing()]
    return [*found, ("journal_older", _message_older())] if older() else found
