"""A figure in one sentence, with its comparison and how sure it is."""

from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import Measure, SubjectKind
from mitoyen.evaluate.models import Figure
from mitoyen.territory.models import Thing
from mitoyen.www import dates, numbers
from mitoyen.www.portal import words


def period(figure: Figure) -> str:
    """`2024` for a calendar year, else the two days."""
    first, last = figure.reporting_first, figure.reporting_last
    whole_years = (first.month, first.day, last.month, last.day) == (1, 1, 12, 31)
    if whole_years and first.year == last.year:
        return str(first.year)
    if whole_years:
        return f"{first.year}–{last.year}"
    return _("from %(first)s to %(last)s") % {"first": dates.day(first), "last": dates.day(last)}


def building(figure: Figure) -> Thing | None:
    """The building that the figure is about or whose meter it is about."""
    return (figure.thing.part_of or figure.thing) if figure.thing else None


def subject(figure: Figure) -> str:
    """What the figure is about, in words."""
    if figure.subject_kind == SubjectKind.TERRITORY:
        return _("the whole territory")
    if figure.subject_kind == SubjectKind.COMMUNE and figure.commune:
        return figure.commune.name
    if figure.subject_kind == SubjectKind.BUILDING and figure.thing:
        return figure.thing.name
    if figure.thing and figure.datastream:
        what = words.property_name(figure.datastream.observed_property).lower()
        of = building(figure)
        return f"{of.name if of else figure.thing.name}, {what}"
    return figure.subject


def sentence(figure: Figure) -> str:
    """One sentence; what is not proven gives no number."""
    values = {"subject": subject(figure), "period": period(figure)}
    values["subject"] = values["subject"][:1].upper() + values["subject"][1:]
    if figure.value is None:
        return _("%(subject)s, %(period)s: the readings do not allow us to say whether anything was saved.") % values
    values["amount"] = numbers.amount(abs(figure.value), figure.unit)
    text = _less(figure) if figure.value >= 0 else _more(figure)
    return text % values


def _less(figure: Figure) -> str:
    if figure.measure == Measure.COST_SAVED:
        return _("%(subject)s, %(period)s: about %(amount)s less to pay than expected in this weather.")
    if figure.measure == Measure.CARBON_SAVED:
        return _("%(subject)s, %(period)s: about %(amount)s less emitted than expected in this weather.")
    return _("%(subject)s, %(period)s: %(amount)s less used than expected in this weather.")


def _more(figure: Figure) -> str:
    if figure.measure == Measure.COST_SAVED:
        return _("%(subject)s, %(period)s: about %(amount)s more to pay than expected in this weather.")
    if figure.measure == Measure.CARBON_SAVED:
        return _("%(subject)s, %(period)s: about %(amount)s more emitted than expected in this weather.")
    return _("%(subject)s, %(period)s: %(amount)s more used than expected in this weather.")
