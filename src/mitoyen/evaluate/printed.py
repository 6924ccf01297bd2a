"""What the commands print for people, from the JSON that they give to scripts."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mitoyen.evaluate import sentences
from mitoyen.evaluate.enums import Measure
from mitoyen.evaluate.published import Account


def savings_lines(told: dict[str, Any]) -> Iterator[str]:
    """Of `mitoyen savings`: a few lines a meter."""
    for one in told["datastreams"]:
        yield f"{one['name']}{_colon()}{sentences.verdict_words(one['verdict'])}"
        yield f"  {one['sentence']}"
        for reason in one["reasons"]:
            yield f"  - {reason['text']}. {reason['mends']}"
        if one["savings"] is not None:
            yield f"  {one['attribution']['text']}"
        if one.get("by_hour"):
            yield "  " + _("hour by hour: %(value)s, between %(low)s and %(high)s") % _by_hour(one)
        yield "  " + _("figure %(id)s") % {"id": one["figure"]}


def _by_hour(one: dict[str, Any]) -> dict[str, str]:
    low, high = one["by_hour"]["interval_90"]
    amounts = {"value": one["by_hour"]["savings"], "low": low, "high": high}
    return {name: sentences.signed(amount, one["unit"]) for name, amount in amounts.items()}


def figure_lines(told: dict[str, Any]) -> Iterator[str]:
    """Of `mitoyen figure`: the number, how it was arrived at and, when it was recomputed, whether it holds."""
    first, last = (sentences.day(day) for day in told["reporting"])
    yield f"{told['subject']}, {Measure(told['measure']).label}, {first} – {last}"
    yield f"  {told['sentence']}"
    for reason in told["reasons"]:
        yield f"  - {reason['text']}. {reason['mends']}"
    method = {"method": told["method"], "version": told["method_version"]}
    yield "  " + _("method %(method)s %(version)s, days with readings: %(coverage)s") % {
        **method,
        "coverage": sentences.percent(100 * told["coverage"]),
    }
    yield "  " + _("fingerprint %(fingerprint)s") % told
    if "same" not in told:
        return
    if told["same"]:
        yield "  " + _("Recomputed: the same number.")
    else:
        yield "  " + _("Recomputed: ANOTHER number. This figure was altered after it was computed.")
    if told["still"]:
        yield "  " + _("Today's readings still give it.")
        return
    yield "  " + _("Today's readings no longer give it:")
    for change in told["changed"]:
        yield "    " + ", ".join(f"{key} {value}" for key, value in change.items() if value not in ("", None))


def evaluation_lines(meters: int, latest: Account | None) -> Iterator[str]:
    """Of `mitoyen evaluate`: how many meters, and what the latest year says."""
    yield _("%(meters)d meters evaluated.") % {"meters": meters}
    if latest and latest.energy:
        yield f"{latest.reporting.last.year}{_colon()}{sentences.full(latest.energy)}"
        yield sentences.left_out(latest.counts.not_proven, latest.counts.meters)


def _colon() -> str:
    return pgettext("between a label and its error", ": ")


def progress_words() -> str:
    return _("meters evaluated")
