"""Figures: stored once, never changed; a newer one takes the place of an older one as the current one."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.evaluate.enums import SubjectKind
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.recompute import Recomputed, recompute
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused

__all__ = ["Recomputed", "get", "keep", "publish", "publish_sums", "recompute"]

_CHUNK = 400


def get(figure_id: str) -> Figure:
    """Raises Refused when there is no Figure of that id."""
    figure = (
        Figure.objects.select_related("datastream", "thing", "commune").filter(pk=figure_id.strip().lower()).first()
    )
    if figure is None:
        raise Refused(
            _("There is no figure “%(id)s”.") % {"id": figure_id[:40]},
            _("“mitoyen savings” and every page of the account give the figures' names."),
            code="no_such_figure",
        )
    return figure


def publish(figures: Iterable[Figure], by: str, subject: str = "territory", *, instead_of_all: bool = False) -> int:
    """Store sealed Figures as the current ones. Those that stated the same thing before stay, no longer current.

    `instead_of_all`: no other Figure stays current. Readers see all of it or nothing; the audit trail says who
    published how many, about what `subject`. Returns how many are new.
    """
    wanted = {figure.pk: figure for figure in figures}
    new = keep(wanted.values())
    with transaction.atomic():
        everything = Figure.objects.filter(current=True).values_list("pk", flat=True)
        standing = set(everything if instead_of_all else _standing_for(wanted.values()))
        _make_current(set(wanted), standing)
        counts = {
            "current": len(wanted),
            "put_out": len(wanted.keys() - standing),
            "withdrawn": len(standing - wanted.keys()),
        }
        audit.record(by, "figures.publish", subject, **counts)
    return new


def publish_sums(sums: Iterable[Figure]) -> int:
    """Store sums as the only current ones: they follow what was published. Returns how many are new."""
    wanted = {figure.pk: figure for figure in sums}
    new = keep(wanted.values())
    with transaction.atomic():
        standing = Figure.objects.filter(current=True).exclude(subject_kind=SubjectKind.DATASTREAM)
        _make_current(set(wanted), set(standing.values_list("pk", flat=True)))
    return new


def keep(figures: Iterable[Figure]) -> int:
    """Store sealed Figures, not as current ones (a study of other periods). Returns how many are new.

    A few hundred at a time, so that nobody waits long for the database.
    """
    wanted = {figure.pk: figure for figure in figures}
    known = set(_known(list(wanted)))
    new = [figure for pk, figure in wanted.items() if pk not in known]
    for figure in new:
        figure.current = False
    for start in range(0, len(new), _CHUNK):
        # Another evaluation may have stored the same Figure meanwhile: it is the same, to the last digit.
        Figure.objects.bulk_create(new[start : start + _CHUNK], ignore_conflicts=True)
    return len(new)


def _make_current(wanted: set[str], standing: set[str]) -> None:
    """`wanted` become current, those of `standing` that are not among them no longer are."""
    for part in _chunks(sorted(standing - wanted)):
        Figure.objects.filter(pk__in=part).update(current=False)
    for part in _chunks(sorted(wanted - standing)):
        Figure.objects.filter(pk__in=part).update(current=True)


def _known(ids: list[str]) -> Iterable[str]:
    for part in _chunks(ids):
        yield from Figure.objects.filter(pk__in=part).values_list("pk", flat=True)


def _standing_for(figures: Iterable[Figure]) -> list[str]:
    """Ids of the current Figures that state what one of `figures` states."""
    wanted = {_statement(figure) for figure in figures}
    subjects = sorted({statement[1] for statement in wanted})
    found: list[str] = []
    for part in _chunks(subjects):
        standing = Figure.objects.filter(subject__in=part, current=True).defer("series", "inputs", "result")
        found.extend(figure.pk for figure in standing if _statement(figure) in wanted)
    return found


def _statement(figure: Figure) -> tuple[Any, ...]:
    return (
        str(figure.subject_kind),
        figure.subject,
        str(figure.measure),
        figure.reporting_first,
        figure.reporting_last,
    )


def _chunks(items: list[str]) -> Iterable[list[str]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
