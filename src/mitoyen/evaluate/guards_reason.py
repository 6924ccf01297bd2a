"""A reason for which a saving is not proven."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mitoyen.evaluate.enums import ReasonCode

MENDS = frozenset(
    {
        "confirm_unit",
        "record_swap",
        "confirm_swap_factor",
        "import_missing",
        "import_unclipped",
        "longer_baseline",
        "submeter_or_drivers",
        "record_action_or_use",
        "import_weather",
    }
)
"""What would mend a reason, as codes for scripts; docs/method.md tells each, `sentences` has them for people."""


@dataclass(frozen=True)
class Reason:
    """`first` and `last` day concerned, `detail` machine-readable, `mends` one of MENDS."""

    code: ReasonCode
    first: np.datetime64
    last: np.datetime64
    detail: dict[str, Any] = field(default_factory=dict)
    mends: str = ""
