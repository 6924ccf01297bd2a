"""Erasing, with proof: what was erased is a fact of each request, in counts; each lot has an entry in the audit trail
with a fingerprint of those facts, so that neither can be changed without the other telling."""

import datetime as dt
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import Q

from mitoyen.ledger import audit
from mitoyen.ledger.models import AuditEntry
from mitoyen.services.enums import FactKind
from mitoyen.services.erasing import terms
from mitoyen.services.erasing.parts import ERASERS
from mitoyen.services.models import Contact, Fact, Request
from mitoyen.services.timeline import note

ACTION = "personal_data.erased"
AT_ONCE = 100


@dataclass
class Erased:
    """What was erased: requests, and counts by what it was."""

    requests: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    lots: list[str] = field(default_factory=list)

    def add(self, other: "Erased") -> None:
        """Together with another lot."""
        self.requests += other.requests
        self.counts += other.counts
        self.lots += other.lots


def waiting(today: dt.date | None = None) -> list[tuple[terms.Term, int]]:
    """What is due by a day, in requests by service and part."""
    counted = ((term, terms.due(term, today).count()) for term in terms.terms())
    return [(term, count) for term, count in counted if count]


def erase_due(by: str, today: dt.date | None = None) -> Erased:
    """Erase what is due, in small lots: stopped in the middle, the rest is erased the next time."""
    done = Erased()
    wanted: dict[int, list[terms.Term]] = {}
    for term in terms.terms():
        for number in terms.due(term, today).values_list("pk", flat=True):
            wanted.setdefault(number, []).append(term)
    for lot in _lots(sorted(wanted)):
        with transaction.atomic():
            parts = {number: [t.part for t in wanted[number] if _is_still_due(t, number, today)] for number in lot}
            done.add(_erase({number: found for number, found in parts.items() if found}, by, asked=False))
    _write_over()
    return done


def erase_now(requests: Iterable[Request], by: str) -> Erased:
    """Erase everything personal of these requests at once: their person asked for it."""
    with transaction.atomic():
        done = _erase({request.pk: list(terms.PARTS) for request in requests}, by, asked=True)
    _write_over()
    return done


def of_person(asking: Request) -> list[Request]:
    """The requests of whoever asks for their own data: the one whose code they told, those with the same contact.
    Never the one they ask with: it is answered first, and erased at its own term."""
    told = [value for value in asking.answers.values() if isinstance(value, str)]
    mine = Q(code__in=told)
    contact = Contact.objects.filter(request=asking).exclude(value="").first()
    if contact is not None:
        mine |= Q(contact__way=contact.way, contact__value__iexact=contact.value)
        mine |= Q(subscriptions__way=contact.way, subscriptions__value__iexact=contact.value)
    return list(Request.objects.filter(mine).exclude(pk=asking.pk).distinct().order_by("pk"))


def fingerprint(facts: Iterable[Fact]) -> str:
    """SHA-256 of what facts of a lot say: code, moment and counts of each."""
    told = [
        [one.request.code, one.at.astimezone(dt.UTC).isoformat(timespec="microseconds"), one.detail] for one in facts
    ]
    content = json.dumps(sorted(told, key=lambda line: str(line[0])), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode("ascii")).hexdigest()


def is_proven(entry: AuditEntry) -> bool:
    """Whether the facts are still what the audit trail's entry says of them."""
    lot = entry.subject.removeprefix("lot:")
    facts = Fact.objects.filter(kind=FactKind.ERASED, detail__lot=lot).select_related("request")
    return fingerprint(facts) == str(json.loads(entry.detail).get("fingerprint"))


def _erase(parts: dict[int, list[str]], by: str, *, asked: bool) -> Erased:
    """One lot, inside the caller's transaction."""
    if not parts:
        return Erased()
    lot, facts, counts = secrets.token_hex(6), [], Counter[str]()
    for request in Request.objects.select_for_update().filter(pk__in=parts).order_by("pk"):
        told = {part: ERASERS[part](request) for part in parts[request.pk]}
        for one in told.values():
            counts.update(one)
        detail = {"lot": lot, "asked": asked, **told}
        fact = note(request, FactKind.ERASED, by=by if asked else "", detail=detail)
        request.erased_at = fact.at
        request.save(update_fields=["erased_at"])
        facts.append(fact)
    proof = fingerprint(facts)
    audit.record(
        by, "personal_data.erased", f"lot:{lot}", requests=len(facts), asked=asked, fingerprint=proof, **counts
    )
    return Erased(len(facts), counts, [lot])


def _is_still_due(term: terms.Term, number: int, today: dt.date | None) -> bool:
    """Someone may have opened it again since."""
    return terms.due(term, today).filter(pk=number).exists()


def _lots(numbers: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(numbers), AT_ONCE):
        yield numbers[first : first + AT_ONCE]


def _write_over() -> None:
    """SQLite keeps what was erased in its log of writes until it is emptied into the database (where it is overwritten:
    `secure_delete` in the settings). PostgreSQL's own vacuum does the same."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
