"""The demo's truth, kept in the installation's folder: what was planted, and what the actions really saved."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from mitoyen.demo.plan import FAULTS
from mitoyen.demo.readings import Series

FILE = "demo-truth.json"


@dataclass(frozen=True, slots=True)
class Truth:
    """`planted`: one dict a fault (see plan.Planted); `saved`: {"meter/property": {year: kWh or m3}}; `healthy`:
    names of the datastreams on which nothing was planted and nothing was done."""

    seed: int
    small: bool
    planted: list[dict[str, Any]]
    saved: dict[str, dict[str, float]]
    healthy: list[str]


def write(seed: int, *, small: bool, meters: list[Series]) -> Truth:
    """Keep the truth about these meters."""
    names = {(series.building.slug, series.observed_property): _name(series) for series in meters}
    planted = [
        {
            "datastream": names[fault.slug, fault.observed_property],
            "fault": fault.fault,
            "first": fault.first.isoformat(),
            "last": fault.last.isoformat() if fault.last else None,
            "reason": fault.reason,
            "rule": fault.rule,
        }
        for fault in FAULTS
        if (fault.slug, fault.observed_property) in names
    ]
    saved = {
        _name(series): {str(year): round(amount, 3) for year, amount in series.saved.items()}
        for series in meters
        if series.saved is not None
    }
    touched = {fault["datastream"] for fault in planted} | set(saved)
    healthy = sorted(set(names.values()) - touched)
    truth = Truth(seed, small, planted, saved, healthy)
    content = {name: getattr(truth, name) for name in Truth.__slots__}
    _file().write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return truth


def read() -> Truth | None:
    """The truth of the demo in this installation, None without one."""
    file = _file()
    return Truth(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def _file() -> Path:
    return Path(settings.MITOYEN_HOME) / FILE


def _name(series: Series) -> str:
    return f"{series.meter_slug}/{series.observed_property}"
