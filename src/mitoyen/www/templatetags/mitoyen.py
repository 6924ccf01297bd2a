"""`{% load mitoyen %}`: numbers, verdicts and assets in templates."""

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import Verdict
from mitoyen.evaluate.published import Amount, CommuneLine
from mitoyen.territory.models import Thing
from mitoyen.www import assets, dates, maps, numbers
from mitoyen.www.charts import interval_bar, sparkline
from mitoyen.www.portal import sentences, words

register = template.Library()

_FICTION = ("019900", "026191", "035301", "046571", "053649", "063998")

register.filter("number", numbers.number)
register.filter("amount", numbers.amount)
register.filter("used_share", numbers.used)
register.filter("per_unit", numbers.per_unit)
register.filter("unit", numbers.written)
register.filter("euros", numbers.euros)
register.filter("day", dates.day, expects_localtime=True)
register.filter("percent", numbers.percent)


@register.simple_tag
def asset(name: str) -> str:
    """The address of one of our static files, hash included."""
    return assets.address(name)


@register.simple_tag
def between(low: float | None, high: float | None, unit: str) -> str:
    return numbers.between(low, high, unit)


@register.simple_tag
def around(amount: Amount) -> str:
    """Its interval, the way the words beside it go: where more was used, how much more."""
    if amount.value < 0:
        return numbers.between(-amount.high, -amount.low, amount.unit)
    return numbers.between(amount.low, amount.high, amount.unit)


@register.simple_tag
def verdict(code: str) -> SafeString:
    """A badge: the word, a shape and a colour."""
    known = code if code in Verdict.values else Verdict.NOT_PROVEN.value
    return format_html('<span class="badge badge--{}">{}</span>', known, Verdict(known).label)


@register.filter
def size(value: float | None, unit: str) -> str:
    """The amount without its sign: the words beside it say less or more."""
    return numbers.amount(None if value is None else abs(value), unit)


@register.simple_tag
def big(value: float | None, unit: str) -> SafeString:
    """The size of an amount in large type, its unit smaller beside it."""
    text, written = numbers.parted(None if value is None else abs(value), unit)
    return format_html('{}<span class="number__unit">{}{}</span>', text, numbers.NO_BREAK, written)


@register.simple_tag
def interval(amount: Amount, reach: float) -> SafeString:
    """Its interval around zero as shares of what was expected; `reach` is the share that the edges stand for."""
    whole = abs(amount.expected or 0.0) or 1.0
    return interval_bar(amount.value / whole, amount.low / whole, amount.high / whole, reach=reach)


@register.simple_tag
def spark(values: Sequence[float]) -> SafeString:
    """A line of the values, silent for screen readers: what matters of it is written beside."""
    return sparkline(values)


@register.filter
def share(percent: float | None) -> str:
    """`12.3` -> `12 %`, without its sign; what rounds to nothing is said to be less than 1 %."""
    if percent is not None and 0 < abs(percent) < 0.5:
        return _("less than %(share)s") % {"share": numbers.percent(0.01)}
    return numbers.percent(None if percent is None else abs(percent) / 100)


@register.filter
def used(line: CommuneLine) -> str:
    """What a commune used against what was expected: `−8 %`."""
    return maps.short_value(line)


@register.filter
def building_slug(thing: Thing) -> str:
    return (thing.part_of or thing).slug


@register.filter
def building_name(thing: Thing) -> str:
    return (thing.part_of or thing).name


register.filter("subject", sentences.subject)
register.filter("how_sure", words.how_sure)
register.filter("sourced", words.sourced)
register.filter("period", sentences.period)


@register.filter
def fictional(number: str) -> bool:
    """Whether a French telephone number is reserved for fiction (Arcep, decision 2022-1583): it reaches nobody."""
    return "".join(c for c in number if c.isdigit()).startswith(_FICTION)
