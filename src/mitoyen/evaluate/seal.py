"""Gives a Figure its fingerprint and its name."""

from collections.abc import Iterator
from typing import Any

from mitoyen.evaluate.fingerprint import fingerprint, name_from, plain
from mitoyen.evaluate.models import Figure

# Kept with the Figure, left out of its fingerprint: what is known to one installation alone, and what follows from the
# rest but whose last digits hang on the machine's linear algebra (coefficients of nearly collinear features).
_INPUTS_LEFT_OUT = ("batches",)
_RESULT_LEFT_OUT = ("model", "detail")


def content(figure: Figure) -> dict[str, Any]:
    """What the fingerprint is taken of: method, version, inputs and result (docs/figures.md)."""
    return {
        "measure": str(figure.measure),
        "subject": [str(figure.subject_kind), figure.subject],
        "unit": figure.unit,
        "baseline": [figure.baseline_first, figure.baseline_last],
        "reporting": [figure.reporting_first, figure.reporting_last],
        "method": [figure.method, figure.method_version],
        "inputs": {key: value for key, value in figure.inputs.items() if key not in _INPUTS_LEFT_OUT},
        "amounts": [figure.value, figure.low, figure.high, figure.expected, figure.observed],
        "coverage": figure.coverage,
        "verdict": str(figure.verdict),
        "reasons": [[reason["code"], reason["first"], reason["last"]] for reason in figure.reasons],
        "result": {key: value for key, value in figure.result.items() if key not in _RESULT_LEFT_OUT},
    }


def seal(figure: Figure) -> Figure:
    """Give an unsaved Figure its fingerprint and, from it, its id. The same computation gives the same Figure."""
    figure.inputs = plain(figure.inputs)
    figure.result = plain(figure.result)
    figure.fingerprint = fingerprint(content(figure))
    figure.id = name_from(figure.fingerprint)
    return figure


def altered() -> Iterator[str]:
    """Ids of the stored Figures that don't state any more what their fingerprint was taken of."""
    for figure in Figure.objects.defer("series").iterator(200):
        try:
            stated = fingerprint(content(figure))
        except (KeyError, TypeError, AttributeError):
            stated = ""
        if stated != figure.fingerprint or name_from(stated) != figure.pk:
            yield figure.pk
