"""A building beside those of the same use, in sentences."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from mitoyen.operate.comparison import similar
from mitoyen.territory.models import Thing
from mitoyen.www import numbers
from mitoyen.www.portal import words


@dataclass(frozen=True, slots=True)
class Beside:
    """One line: `what` compared, its `value`, and `against` in words."""

    what: str
    value: str
    against: str


def beside(building: Thing) -> list[Beside]:
    """One line for each indicator that the building's usages declare and its readings allow. Two queries."""
    return [
        Beside(
            _("%(what)s per %(per)s, %(year)s")
            % {"what": words.property_name(one.observed_property), "per": _per(one.per), "year": one.year},
            f"{numbers.number(one.value, 0 if one.value >= 10 else 1)}{numbers.NO_BREAK}{_unit(one.unit)}",
            _against(one.rank, one.group, one.median, _unit(one.unit)),
        )
        for one in similar(building)
    ]


def _per(attribute: str) -> str:
    known = {"floor_area_m2": _("m²"), "users": _("user")}
    return known.get(attribute, attribute)


def _unit(unit: str) -> str:
    return unit.replace("m2", "m²").replace("m3", "m³")


def _against(rank: int | None, group: int, median: float | None, unit: str) -> str:
    if rank is None or median is None:
        return _("too few similar buildings to compare")
    return _("%(rank)s of %(group)s from the smallest up; half of them are under %(median)s") % {
        "rank": numbers.number(rank),
        "group": numbers.number(group),
        "median": f"{numbers.number(median, 0 if median >= 10 else 1)}{numbers.NO_BREAK}{unit}",
    }
