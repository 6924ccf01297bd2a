"""Days on which the demo's buildings are closed: public holidays, and the school holidays of zone B (Nantes)."""

import datetime as dt

import holidays
import numpy as np
from numpy.typing import NDArray

# First and last day without school, from the ministry's published calendars (typed in).
SCHOOL_HOLIDAYS = (
    ("2022-12-17", "2023-01-02"),
    ("2023-02-11", "2023-02-26"),
    ("2023-04-15", "2023-05-01"),
    ("2023-07-08", "2023-09-03"),
    ("2023-10-21", "2023-11-05"),
    ("2023-12-23", "2024-01-07"),
    ("2024-02-24", "2024-03-10"),
    ("2024-04-20", "2024-05-05"),
    ("2024-07-06", "2024-09-01"),
    ("2024-10-19", "2024-11-03"),
    ("2024-12-21", "2025-01-05"),
    ("2025-02-08", "2025-02-23"),
    ("2025-04-05", "2025-04-21"),
    ("2025-07-05", "2025-08-31"),
    ("2025-10-18", "2025-11-02"),
    ("2025-12-20", "2026-01-04"),
)
# Uses that close during the school holidays.
CLOSED_WITH_SCHOOLS = frozenset({"school"})


def school_holidays() -> list[tuple[dt.date, dt.date]]:
    return [(dt.date.fromisoformat(first), dt.date.fromisoformat(last)) for first, last in SCHOOL_HOLIDAYS]


def closed_days(use: str, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """True on the local days on which a building of this use is closed, whatever its weekly hours."""
    years = range(days[0].astype(dt.date).year, days[-1].astype(dt.date).year + 1)
    public = np.array(sorted(holidays.country_holidays("FR", years=years)), dtype="M8[D]")
    closed = np.isin(days, public)
    if use in CLOSED_WITH_SCHOOLS:
        for first, last in school_holidays():
            closed |= (days >= np.datetime64(first)) & (days <= np.datetime64(last))
    return closed
