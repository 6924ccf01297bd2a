"""The steps by which a figure was arrived at, each in a sentence with its facts: readings, checks, model, result."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.evaluate import sentences
from mitoyen.evaluate.factors import Factor
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.priced import METHOD as PRICED
from mitoyen.evaluate.sums import METHOD as SUM


@dataclass(frozen=True, slots=True)
class Step:
    """`code`: readings, checks, model, parts, factors, result. `facts` are (what, value) pairs for people."""

    code: str
    title: str
    says: str
    facts: tuple[tuple[str, str], ...] = ()


def steps(figure: Figure, batches: int, factors: list[Factor]) -> list[Step]:
    """In the order in which they were taken."""
    if figure.method == SUM:
        return [_parts(figure), _result(figure)]
    if figure.method == PRICED:
        return [_priced_part(figure), _factors(factors), _result(figure)]
    return [_readings(figure, batches), _checks(figure), _model(figure), _result(figure)]


def _readings(figure: Figure, batches: int) -> Step:
    says = _("The readings of %(meter)s from %(first)s to %(last)s, then from %(since)s to %(until)s.") % {
        "meter": figure.subject,
        "first": sentences.day(str(figure.baseline_first)),
        "last": sentences.day(str(figure.baseline_last)),
        "since": sentences.day(str(figure.reporting_first)),
        "until": sentences.day(str(figure.reporting_last)),
    }
    facts = (
        (_("Days with readings in the second period"), sentences.percent(100 * figure.coverage)),
        (_("Batches that they came in with"), str(batches)),
        (_("Outdoor temperature"), figure.inputs.get("weather") or _("none")),
        (_("Public holidays of"), figure.inputs.get("country", "")),
        (_("Fingerprint of the series"), figure.inputs.get("series", "")),
    )
    return Step("readings", _("Readings"), says, facts)


def _checks(figure: Figure) -> Step:
    if not figure.reasons:
        return Step("checks", _("Checks"), _("Every check passes."))
    says = _("A check fails, so no saving is claimed.")
    facts = tuple(
        (sentences.reason(one["code"], one["first"], one["last"]), sentences.mend(one)) for one in figure.reasons
    )
    return Step("checks", _("Checks"), says, facts)


def _model(figure: Figure) -> Step:
    model: dict[str, Any] | None = figure.result.get("model")
    if model is None:
        return Step("model", _("Model"), _("There is too little to compare anything with."))
    says = _("What this weather, the day of the week and the season made expect, as learnt from the first period.")
    cvrmse = figure.result.get("cvrmse")
    facts = (
        (_("Method"), f"{figure.method} {figure.method_version}"),
        (_("Days learnt from"), str(model.get("quality", {}).get("n_days", ""))),
        (_("Typical error of a day, CV(RMSE)"), "" if cvrmse is None else sentences.percent(100 * cvrmse)),
    )
    return Step("model", _("Model"), says, facts)


def _parts(figure: Figure) -> Step:
    counted, left_out = len(figure.inputs["figures"]), len(figure.inputs["left_out"])
    says = _("The sum of %(counted)d figures whose checks pass, whether they saved or not; %(left_out)d left out.") % {
        "counted": counted,
        "left_out": left_out,
    }
    reasons = figure.result.get("reasons", {})
    facts = tuple((sentences.reason(code), str(meters)) for code, meters in reasons.items())
    return Step("parts", _("Figures added up"), says, facts)


def _priced_part(figure: Figure) -> Step:
    says = _("The saving of %(meter)s, month by month, whose own figure is %(figure)s.") % {
        "meter": figure.subject,
        "figure": figure.inputs["figures"][0],
    }
    return Step("parts", _("The saving"), says)


def _factors(factors: list[Factor]) -> Step:
    says = _("Times the price or the emission factor of each month.")
    facts = tuple(
        (
            f"{sentences.number(one.value, 3)} {one.unit} ({one.first}…{one.last or ''})",
            f"{one.source}. {one.note}",
        )
        for one in factors
    )
    return Step("factors", _("Prices and emission factors"), says, facts)


def _result(figure: Figure) -> Step:
    facts: list[tuple[str, str]] = []
    if figure.expected is not None:
        facts.append((_("Expected"), sentences.quantity(figure.expected, figure.unit)))
    if figure.observed is not None:
        facts.append((_("Observed"), sentences.quantity(figure.observed, figure.unit)))
    if figure.value is not None and figure.low is not None and figure.high is not None:
        facts.append((_("Saving"), sentences.signed(figure.value, figure.unit)))
        ends = {"low": sentences.signed(figure.low, figure.unit), "high": sentences.signed(figure.high, figure.unit)}
        facts.append((_("Nine chances in ten between"), _("%(low)s and %(high)s") % ends))
    facts.append((_("Fingerprint"), figure.fingerprint))
    return Step("result", _("Result"), sentences.full(figure), tuple(facts))
