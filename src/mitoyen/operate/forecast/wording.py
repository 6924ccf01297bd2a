"""What a forecast rests on and how good it was, in sentences."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.operate.forecast.enums import Method
from mitoyen.operate.forecast.models import Forecast


def basis(made: Forecast) -> str:
    """What it is made from; where the simplest one is as good, that it is used, and why."""
    if made.method == Method.LINEAR:
        return _("Made from the last four weeks, and from how the last hours differ from them.")
    return _("Made from the same hours of last week: nothing more elaborate did better here lately.")


def accuracy(made: Forecast) -> str:
    """How far off it was over the last three weeks, beside the simplest forecast."""
    if made.error is None or made.naive_error is None:
        return _("How good it is can't be told yet.")
    told = {"error": _short(made.error), "naive": _short(made.naive_error), "unit": made.unit}
    if made.method == Method.NAIVE:
        first = _("Over the last three weeks it was off by %(error)s %(unit)s an hour on average.") % told
    else:
        first = (
            _(
                "Over the last three weeks it was off by %(error)s %(unit)s an hour on average; "
                "saying again what was a week before, by %(naive)s."
            )
            % told
        )
    return first if made.covered is None else f"{first} {_within(made.covered)}"


def _within(share: float) -> str:
    tenths = round(10 * share)
    return ngettext(
        "%(count)d value in ten fell within the interval told before (nine are meant to).",
        "%(count)d values in ten fell within the interval told before (nine are meant to).",
        tenths,
    ) % {"count": tenths}


def _short(value: float) -> str:
    decimals = 0 if value >= 100 else 1 if value >= 10 else 2
    return number_format(value, decimals, use_l10n=True, force_grouping=True)
