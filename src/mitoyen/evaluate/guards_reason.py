"""A reason for which a saving is not proven."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mitoyen.evaluate.enums import ReasonCode


@dataclass(frozen=True)
class Reason:
    """`first` and `last` day concerned, `detail` machine-readable, `mends` a code of guards_texts.MENDS."""

    code: ReasonCode
    first: np.datetime64
    last: np.datetime64
    detail: dict[str, Any] = field(default_factory=dict)
    mends: str = ""
