"""Takes a file's requests in: all of them or none, safe to run again, without telling anyone."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.manifests.load import Service
from mitoyen.manifests.service_schema import ServiceManifest
from mitoyen.services import codes, routing
from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.importing.mapping import Mapping, recognised, service_of
from mitoyen.services.importing.rows import Row, rows_of
from mitoyen.services.models import Fact, Request, Source
from mitoyen.territory.layers import read
from mitoyen.territory.tables import Table

MOST_GROUNDS = 1000
AT_ONCE = 2000


@dataclass
class Report:
    """What a file held and what became of it."""

    file: str
    mapping: Mapping
    rows: int = 0
    new: int = 0
    known: int = 0
    repeated: list[tuple[int, int]] = field(default_factory=list)
    refused: list[Ground] = field(default_factory=list)
    dry_run: bool = False

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "file": self.file,
            "source": self.mapping.name,
            "service": self.mapping.service,
            "origin": self.mapping.origin,
            "rows": self.rows,
            "new": self.new,
            "known": self.known,
            "repeated": len(self.repeated),
            "repeated_lines": [{"line": line, "as": first} for line, first in self.repeated[:MOST_GROUNDS]],
            "refused": len(self.refused),
            "refused_lines": [{"line": g.line, "reason": g.message} for g in self.refused[:MOST_GROUNDS]],
            "dry_run": self.dry_run,
        }


def import_requests(
    path: Path,
    by: str,
    mapping: Mapping | None = None,
    *,
    each: bool = False,
    skip_bad_lines: bool = False,
    dry_run: bool = False,
) -> Report:
    """Bring a file's requests in. Nothing is doubled when it comes again, whatever its name.

    Raises Refused when one row can't be taken (unless bad lines are skipped), with each line and its reason.
    """
    table = read(path)
    mapping = mapping or recognised(table.columns)
    service = service_of(mapping)
    found = rows_of(table, mapping, each=each)
    report = Report(path.name, mapping, _read_rows(table), repeated=found.repeated, refused=found.refused)
    report.dry_run = dry_run
    if found.refused and not skip_bad_lines:
        raise Refused(
            _("%(count)d lines can’t be taken; nothing was imported.") % {"count": len(found.refused)},
            _("Mend them or the mapping, or leave them out with --skip-bad-lines."),
            found.refused[:MOST_GROUNDS],
            "bad_rows",
        )
    with transaction.atomic():
        known = set(Request.objects.filter(source=mapping.name).values_list("source_key", flat=True))
        fresh = [row for row in found.rows if row.key not in known]
        report.new, report.known = len(fresh), len(found.rows) - len(fresh)
        if not dry_run and fresh:
            _keep(fresh, mapping, service)
            _keep_source(path, mapping)
            told = {"new": report.new, "known": report.known, "refused": len(found.refused)}
            audit.record(by, "requests.imported", mapping.name, file=path.name, **told)
    return report


def _read_rows(table: Table) -> int:
    return len(table.rows) + len(table.refused)


def _keep(rows: list[Row], mapping: Mapping, service: Service) -> None:
    manifest, names = service.manifest, _names(service.manifest)
    fresh_codes = _fresh_codes(len(rows))
    requests = [_request(row, code, mapping, manifest, names) for row, code in zip(rows, fresh_codes, strict=True)]
    kept = Request.objects.bulk_create(requests, batch_size=AT_ONCE)
    facts = (fact for row, request in zip(rows, kept, strict=True) for fact in _facts(row, request, mapping))
    Fact.objects.bulk_create(facts, batch_size=AT_ONCE)


def _keep_source(path: Path, mapping: Mapping) -> None:
    fields = {name: getattr(mapping, name) for name in ("service", "origin", "title", "licence", "page", "has_hours")}
    fields |= {"file": path.name[:200], "digest": hashlib.sha256(path.read_bytes()).hexdigest()}
    Source.objects.update_or_create(name=mapping.name, defaults={**fields, "imported_at": timezone.now()})


def _fresh_codes(count: int) -> list[str]:
    """Codes that nobody has: among 60,000 at random, two alike are to be expected one time in ten."""
    fresh: set[str] = set()
    while len(fresh) < count:
        fresh |= {codes.new_code() for _n in range(count - len(fresh))}
        fresh -= _taken(fresh)
    return list(fresh)


def _taken(wanted: Iterable[str]) -> set[str]:
    listed = list(wanted)
    return {
        code
        for start in range(0, len(listed), AT_ONCE)
        for code in Request.objects.filter(code__in=listed[start : start + AT_ONCE]).values_list("code", flat=True)
    }


def _names(manifest: ServiceManifest) -> dict[str, str]:
    """Which question takes the category, the place and the words."""
    names = {"category": manifest.category.name if manifest.category else ""}
    for role, kind in (("place", "place"), ("words", "words")):
        names[role] = next((question.name for question in manifest.questions if question.type == kind), "")
    return names


def _request(row: Row, code: str, mapping: Mapping, manifest: ServiceManifest, names: dict[str, str]) -> Request:
    day = row.received.astimezone(ZoneInfo(settings.TIME_ZONE)).date()
    return Request(
        code=code,
        service=manifest.name,
        version=manifest.version,
        channel=Channel.IMPORT,
        state=State.CLOSED if row.closed else State.ANSWERED if row.answered else State.UNKNOWN,
        answers=_answers(row, names),
        category=row.category,
        commune_id=row.commune,
        longitude=row.longitude,
        latitude=row.latitude,
        team=routing.team_for(manifest, row.category, row.commune or "").name,
        received_at=row.received,
        promised_for=day + dt.timedelta(days=manifest.answer_days),
        answered_at=row.answered,
        closed_at=row.closed,
        origin=mapping.origin,
        source=mapping.name,
        source_key=row.key,
    )


def _answers(row: Row, names: dict[str, str]) -> dict[str, Any]:
    """In the form in which every channel keeps them."""
    place: dict[str, Any] = {}
    if row.place or row.longitude is not None:
        place["label"] = row.place or f"{row.latitude:.5f}, {row.longitude:.5f}"
        place |= {"commune": row.commune} if row.commune else {}
        place |= {"longitude": row.longitude, "latitude": row.latitude} if row.longitude is not None else {}
    said = {"category": row.category, "place": place, "words": row.words}
    return {names[role]: value for role, value in said.items() if value and names[role]}


def _facts(row: Row, request: Request, mapping: Mapping) -> Iterable[Fact]:
    detail = {"commune": row.commune or "", "team": request.team, "source": mapping.name, "category": row.told}
    common = {"request": request, "channel": Channel.IMPORT}
    yield Fact(kind=FactKind.RECEIVED, at=row.received, detail=detail, **common)
    if row.answered and row.answered != row.closed:
        yield Fact(kind=FactKind.ANSWERED, at=row.answered, **common)
    if row.closed:
        yield Fact(kind=FactKind.CLOSED, at=row.closed, **common)
