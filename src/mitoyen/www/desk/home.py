"""What is mine today: a list ranked by what is at stake, and beside it one thing's story."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from mitoyen.channels.paper.models import PaperForm
from mitoyen.connect.models import Upload
from mitoyen.evaluate.enums import Measure, SubjectKind, Verdict
from mitoyen.evaluate.models import Figure
from mitoyen.operate.enums import FindingState
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import describe
from mitoyen.territory.models import Person
from mitoyen.www.desk import findings, paper, rules, scope, uploads
from mitoyen.www.desk.findings import DecisionForm
from mitoyen.www.desk.page import page
from mitoyen.www.desk.timeline import number_of_years
from mitoyen.www.numbers import amount

RECENT = dt.timedelta(days=14)
FINDINGS, IMPORTS, FIGURES, SHEETS = 30, 20, 20, 20


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list. `stake` ranks it: euros a year, infinite for what waits for a yes or a no."""

    key: str
    title: str
    where: str
    at_stake: str
    stake: float
    subject: Any


def today(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The list; `?quoi=` names the thing whose story is shown (the first one by default on a wide screen)."""
    person = rules.person_of(request)
    items = sorted(
        [*_sheets(person), *_imports(person), *_findings(person), *_changed_figures(person)],
        key=lambda item: item.stake,
        reverse=True,
    )
    wanted = request.GET.get("quoi", "")
    chosen = next((item for item in items if item.key == wanted), None)
    shown = chosen or (items[0] if items else None)
    context = {
        "items": items,
        "chosen": chosen,
        "shown": shown,
        "story": _story(person, shown) if shown else {},
        "euros": sum(item.stake for item in items if isinstance(item.subject, Finding)),
    }
    return page(request, "home.html", "home", context)


def _findings(person: Person) -> list[Item]:
    """Those not decided yet."""
    found = findings.of_person(person, states=(FindingState.NEW, FindingState.SEEN))[:FINDINGS]
    return [
        Item(
            key=f"piste-{finding.pk}",
            title=describe(finding).title,
            where=_place(finding.thing.name, finding.commune.name if finding.commune else ""),
            at_stake="" if finding.eur is None else _("%(eur)s a year") % {"eur": amount(finding.eur, "EUR")},
            stake=finding.eur or 0,
            subject=finding,
        )
        for finding in found
    ]


def _imports(person: Person) -> list[Item]:
    """Files dropped and not confirmed yet: their readings count nowhere until someone says yes."""
    return [
        Item(f"import-{u.pk}", u.name, uploads.stage_of(u).words, _("waits for your answer"), float("inf"), u)
        for u in uploads.waiting(person)[:IMPORTS]
    ]


def _sheets(person: Person) -> list[Item]:
    """Forms that were scanned: they become a request only once someone has looked at them."""
    return [
        Item(
            f"papier-{row.form.pk}",
            _("On paper: %(title)s") % {"title": row.title},
            _("scanned on %(day)s, number %(number)s")
            % {"day": formats.date_format(timezone.localtime(row.form.at), "j F"), "number": row.number},
            _("waits to be confirmed"),
            float("inf"),
            row.form,
        )
        for row in paper.waiting(person)[:SHEETS]
    ]


def _changed_figures(person: Person) -> list[Item]:
    """Buildings whose verdict or saving is no longer what it was, over the last two weeks."""
    measures = (Measure.ENERGY_SAVED, Measure.WATER_SAVED)
    kept = Figure.objects.filter(subject_kind=SubjectKind.BUILDING, measure__in=measures).defer(
        "series", "inputs", "result"
    )
    same = {name: OuterRef(name) for name in ("subject", "measure", "reporting_first", "reporting_last")}
    past = Figure.objects.filter(subject_kind=SubjectKind.BUILDING, current=False, **same).order_by("-computed_at")
    now = kept.filter(current=True, computed_at__gte=timezone.now() - RECENT).annotate(
        was=Subquery(past.values("value")[:1]), was_verdict=Subquery(past.values("verdict")[:1])
    )
    rows = scope.seen(person).restrict(now.exclude(was_verdict=None)).select_related("thing__commune")
    changed = [figure for figure in rows.defer("thing__commune__geometry") if _differs(figure)]
    return [_figure_item(figure) for figure in changed[:FIGURES]]


def _differs(figure: Any) -> bool:
    if figure.verdict != figure.was_verdict:
        return True
    now, before = figure.value, figure.was
    if now is None or before is None:
        return now is not before
    return bool(abs(now - before) > 0.01 * max(abs(now), abs(before), 1))


def _figure_item(figure: Any) -> Item:
    was = amount(figure.was, figure.unit) if figure.was is not None else str(Verdict(figure.was_verdict).label)
    now = amount(figure.value, figure.unit) if figure.value is not None else str(figure.get_verdict_display())
    return Item(
        key=f"chiffre-{figure.pk}",
        title=_("The saving of %(year)s has changed") % {"year": number_of_years(figure)},
        where=_place(figure.thing.name, figure.thing.commune.name if figure.thing.commune else ""),
        at_stake=_("%(was)s, now %(now)s") % {"was": was, "now": now},
        stake=0.5,
        subject=figure,
    )


def _story(person: Person, item: Item) -> dict[str, Any]:
    """What the right side shows of the chosen thing."""
    if isinstance(item.subject, Upload):
        return {"kind": "import", "upload": item.subject, "stage": uploads.stage_of(item.subject)}
    if isinstance(item.subject, PaperForm):
        return {"kind": "paper", "form": item.subject}
    if isinstance(item.subject, Figure):
        building = reverse("desk:building", args=[item.subject.thing.slug]) if item.subject.thing else ""
        return {"kind": "figure", "figure": item.subject, "building_url": building}
    return {"kind": "finding", **findings.context_of(person, item.subject, DecisionForm())}


def _place(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
