"""The two periods that a saving compares."""

import datetime as dt
import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

_TEXT = re.compile(r"(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From `first` to `last`, both days included."""

    first: dt.date
    last: dt.date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(_("the period ends before it starts"))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def overlaps(self, other: "Period") -> bool:
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


def parse(text: str) -> Period:
    """A period written `2017-01-01..2017-12-31`. Raises ValueError with a message for people."""
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise ValueError(_("“%(text)s” is not a period: write it 2017-01-01..2017-12-31.") % {"text": text})
    try:
        first, last = (dt.date.fromisoformat(part) for part in match.groups())
    except ValueError as error:
        raise ValueError(_("“%(text)s” holds a day that does not exist.") % {"text": text}) from error
    return Period(first, last)


def year(number: int) -> Period:
    return Period(dt.date(number, 1, 1), dt.date(number, 12, 31))


def default_periods(first_day: dt.date, last_day: dt.date) -> tuple[Period | None, list[Period]]:
    """For a meter read from `first_day` to `last_day`: its first full calendar year as the baseline, and each later
    full year to report on. (None, []) while there is no full year.

    A year counts as full when at most a week is missing at either end: installations rarely start on 1 January.
    """
    margin = dt.timedelta(days=7)
    full = [
        number
        for number in range(first_day.year, last_day.year + 1)
        if first_day - margin <= year(number).first and year(number).last <= last_day + margin
    ]
    if not full:
        return None, []
    return year(full[0]), [year(number) for number in full[1:]]
