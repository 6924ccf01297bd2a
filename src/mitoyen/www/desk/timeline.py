"""One building's story: what happened to it, newest first, whoever or whatever it came from."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import Measure, ReasonCode, Verdict
from mitoyen.evaluate.models import Action, Closure, Figure
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch, Datastream
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import describe
from mitoyen.territory.models import Deployment, Thing
from mitoyen.www.desk.scope import streams_of_batch
from mitoyen.www.desk.words import property_word, state_word
from mitoyen.www.numbers import amount, between, number

GOOD, BAD, PLAIN = "good", "bad", ""
BATCHES_LOOKED_AT = 500
SHOWN_VERDICT = {Verdict.PROVEN: GOOD, Verdict.INCREASE: BAD, Verdict.NOT_PROVEN: BAD}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the story: when, what sort of thing, what it says, where it leads."""

    day: dt.date
    sort: str
    title: str
    text: str = ""
    href: str = ""
    tone: str = PLAIN


def story(thing: Thing, streams: list[Datastream]) -> list[Entry]:
    """Everything about a building and its meters, newest first. Six queries."""
    entries = [
        *_actions(thing),
        *_findings(thing),
        *_figures(thing),
        *_closures(thing),
        *_swaps(thing),
        *_batches(streams),
    ]
    return sorted(entries, key=lambda entry: entry.day, reverse=True)


def _actions(thing: Thing) -> Iterator[Entry]:
    for action in Action.objects.filter(Q(thing=thing) | Q(thing__part_of=thing)):
        parts = [property_word(action.observed_property)] if action.observed_property else []
        if action.cost_eur is not None:
            parts.append(_("cost %(eur)s") % {"eur": amount(float(action.cost_eur), "EUR")})
        if action.note:
            parts.append(action.note)
        yield Entry(
            action.starts, _("Action"), action.title, ", ".join(parts), reverse("desk:action", args=[action.pk]), GOOD
        )


def _findings(thing: Thing) -> Iterator[Entry]:
    for finding in Finding.objects.filter(Q(thing=thing) | Q(thing__part_of=thing)).select_related(
        "thing__part_of", "datastream__thing"
    ):
        words = describe(finding)
        at_stake = "" if finding.eur is None else _("%(eur)s a year at stake") % {"eur": amount(finding.eur, "EUR")}
        text = " · ".join(part for part in (state_word(finding.state), at_stake) if part)
        href = reverse("desk:finding", args=[finding.pk])
        yield Entry(finding.first, _("Finding"), words.title, text, href, BAD)


def _figures(thing: Thing) -> Iterator[Entry]:
    measures = (Measure.ENERGY_SAVED, Measure.WATER_SAVED)
    figures = Figure.objects.filter(Q(thing=thing) | Q(thing__part_of=thing), current=True, measure__in=measures)
    for figure in figures.defer("series", "inputs", "result").select_related("datastream"):
        verdict = Verdict(figure.verdict)
        what = property_word(figure.datastream.observed_property) if figure.datastream else _("the whole building")
        year = number_of_years(figure)
        title = _("%(what)s, %(year)s: %(verdict)s") % {"what": what, "year": year, "verdict": verdict.label}
        text = _because(figure) if figure.value is None or verdict is Verdict.NOT_PROVEN else _claim(figure)
        href = reverse("portal:figure", args=[figure.pk])
        yield Entry(figure.reporting_last, _("Figure"), title, text, href, SHOWN_VERDICT.get(verdict, PLAIN))


def number_of_years(figure: Figure) -> str:
    """The reporting period in few words: its year, or its first and last."""
    first, last = figure.reporting_first.year, figure.reporting_last.year
    return str(first) if first == last else f"{first}–{last}"


def _claim(figure: Figure) -> str:
    return _("saved: %(value)s, %(between)s") % {
        "value": amount(figure.value, figure.unit),
        "between": between(figure.low, figure.high, figure.unit),
    }


def _because(figure: Figure) -> str:
    codes = dict.fromkeys(str(reason.get("code", "")) for reason in figure.reasons)
    return ", ".join(str(ReasonCode(code).label) for code in codes if code in ReasonCode.values)


def _closures(thing: Thing) -> Iterator[Entry]:
    for closure in Closure.objects.filter(thing=thing):
        days = number((closure.last - closure.first).days + 1)
        text = _("%(days)s days: %(reason)s") % {"days": days, "reason": closure.reason}
        yield Entry(closure.first, _("Closed"), _("Building closed"), text, reverse("desk:closures"))


def _swaps(thing: Thing) -> Iterator[Entry]:
    found = list(Deployment.objects.filter(Q(thing=thing) | Q(thing__part_of=thing)).select_related("device", "thing"))
    # A device that went on under another factor was not taken out.
    began = {(one.thing_id, one.observed_property, one.device_id, one.starts) for one in found}
    for old in found:
        if old.ends is None or (old.thing_id, old.observed_property, old.device_id, old.ends) in began:
            continue
        title = _("Meter changed: %(property)s") % {"property": property_word(old.observed_property)}
        text = _("%(serial)s taken out") % {"serial": old.device.serial}
        if old.last_index is not None:
            text = _("%(serial)s taken out at index %(index)s") % {
                "serial": old.device.serial, "index": number(old.last_index)}  # fmt: skip
        href = reverse("desk:swap", args=[old.thing.slug, old.observed_property])
        yield Entry(timezone.localdate(old.ends), _("Swap"), title, text, href)


def _batches(streams: Iterable[Datastream]) -> Iterator[Entry]:
    mine = {stream.name for stream in streams}
    found = Batch.objects.exclude(origin=BatchOrigin.LIVE).filter(state__in=(BatchState.LIVE, BatchState.UNDONE))
    for batch in found[:BATCHES_LOOKED_AT]:
        if mine.isdisjoint(streams_of_batch(batch)):
            continue
        correction = batch.origin == BatchOrigin.CORRECTION
        title = _("Readings corrected") if correction else batch.source or _("Readings came in")
        text = _("%(rows)s readings, by %(by)s") % {"rows": number(batch.rows), "by": batch.by}
        if batch.why:
            text += f": {batch.why}"
        if batch.state == BatchState.UNDONE:
            text += " · " + _("taken back")
        sort = _("Correction") if correction else _("Readings")
        yield Entry(timezone.localdate(batch.received_at), sort, title, text, reverse("desk:batch", args=[batch.pk]))
