"""To which dated action a difference may be attributed: looked up when shown, never part of the number."""

from collections.abc import Iterable
from dataclasses import dataclass

from mitoyen.evaluate.actions import actions_near
from mitoyen.evaluate.models import Action, Figure


@dataclass(frozen=True, slots=True)
class Attribution:
    """`actions`: ids and titles of the dated actions that could explain the difference, oldest first. Empty: the
    cause is not known ("cause inconnue")."""

    actions: tuple[tuple[int, str], ...] = ()

    @property
    def known(self) -> bool:
        return bool(self.actions)


def attributions(figures: Iterable[Figure]) -> dict[str, Attribution]:
    """Figure id -> its attribution, for Figures of meters with their `thing` and `datastream` loaded. One query.

    An action counts when it was under way or done between the first day of the baseline and the last day reported
    on, acts on the meter's property or on all of them, and was recorded on the meter or on what it is part of.
    """
    wanted = list(figures)
    things = {figure.thing_id for figure in wanted} | {
        figure.thing.part_of_id for figure in wanted if figure.thing and figure.thing.part_of_id
    }
    found = list(Action.objects.filter(thing_id__in=[pk for pk in things if pk is not None]).order_by("starts", "id"))
    return {figure.pk: Attribution(tuple(_of(figure, found))) for figure in wanted}


def _of(figure: Figure, actions: list[Action]) -> Iterable[tuple[int, str]]:
    assert figure.thing is not None
    assert figure.datastream is not None
    for action in actions_near(figure.thing, figure.datastream.observed_property, actions):
        begun_in_time = action.starts <= figure.reporting_last
        if begun_in_time and (action.ends or action.starts) >= figure.baseline_first:
            yield action.pk, action.title
