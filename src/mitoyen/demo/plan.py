"""What is planted in the demo: dated actions of known effect, and faults that the product must find."""

import csv
import datetime as dt
from dataclasses import dataclass
from importlib.resources import files

from mitoyen.demo.consumption import Building, Habits

FIRST_DAY = dt.date(2023, 1, 1)
LAST_DAY = dt.date(2025, 12, 31)
# `--small`: two communes that hold one of each thing planted.
SMALL_COMMUNES = ("49007", "49353")

WEEKLY_HOURS = {
    "school": "Mo-Fr 08:00-18:00",
    "nursery": "Mo-Fr 07:00-19:00",
    "town_hall": "Mo-Fr 08:00-18:00; Sa 09:00-12:00",
    "gym": "Mo-Fr 08:00-22:00; Sa 09:00-20:00",
    "library": "Tu-Sa 10:00-18:00",
    "media_library": "Tu-Sa 10:00-19:00",
    "pool": "Mo-Fr 08:00-21:00; Sa-Su 09:00-18:00",
    "community_hall": "Mo-Fr 17:00-22:00; Sa-Su 10:00-22:00",
    "workshop": "Mo-Fr 07:00-17:00",
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault on one meter. `reason` is the guard that must speak, `rule` the finding that must be made ("" : none).

    `last` None: until the end.
    """

    slug: str
    observed_property: str
    fault: str
    first: dt.date
    last: dt.date | None = None
    reason: str = ""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Deed:
    """An action of known effect: from `ends` on, `share` of the consumption is saved. Work starts at `starts`."""

    slug: str
    observed_property: str
    kind: str
    title: str
    starts: dt.date
    ends: dt.date
    cost_eur: int
    share: float


def _rows(name: str) -> list[dict[str, str]]:
    with (files("mitoyen.demo") / "data" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _deed(row: dict[str, str]) -> Deed:
    return Deed(
        slug=row["slug"],
        observed_property=row["observed_property"],
        kind=row["kind"],
        title=row["title"],
        starts=dt.date.fromisoformat(row["starts"]),
        ends=dt.date.fromisoformat(row["ends"]),
        cost_eur=int(row["cost_eur"]),
        share=float(row["share"]),
    )


def _fault(row: dict[str, str]) -> Planted:
    return Planted(
        slug=row["slug"],
        observed_property=row["observed_property"],
        fault=row["fault"],
        first=dt.date.fromisoformat(row["first"]),
        last=dt.date.fromisoformat(row["last"]) if row["last"] else None,
        reason=row["reason"],
        rule=row["rule"],
    )


DEEDS = tuple(map(_deed, _rows("deeds.csv")))
FAULTS = tuple(map(_fault, _rows("faults.csv")))

# Meters changed properly, with both indexes declared: nothing may be said of them.
DECLARED_SWAPS = {("angers-hotel-de-ville", "electricity"): dt.date(2024, 6, 18)}
# Short gaps that change nothing: (slug, property) -> first day and number of hours.
SHORT_GAPS = {
    ("angers-ecole-du-lac", "electricity"): (dt.date(2025, 5, 12), 31),
    ("trelaze-mediatheque", "gas"): (dt.date(2024, 11, 4), 17),
}
# Electricity meters read as an index that rises, and as a mean power in W.
COUNTERS = {"trelaze-ecole-des-ardoises", "trelaze-mediatheque", "feneu-mairie", "angers-hotel-de-ville"}
POWERS = {"angers-piscine-de-la-doutre", "beaucouze-mairie"}


def buildings(communes: tuple[str, ...] | None = None) -> list[Building]:
    """The demo's buildings, of these communes (INSEE codes) or of all."""
    return [
        Building(
            slug=row["slug"],
            name=row["name"],
            insee=row["insee"],
            use=row["use"],
            floor_area_m2=float(row["floor_area_m2"]),
            users=int(row["users"]),
            opening_hours=WEEKLY_HOURS[row["use"]],
            energies=tuple(row["energies"].split()),
        )
        for row in _rows("buildings.csv")
        if communes is None or row["insee"] in communes
    ]


def habits(slug: str) -> Habits:
    """How a building is run: the faults that are habits, not events."""
    planted = {fault.fault for fault in FAULTS if fault.slug == slug}
    return Habits(setback=0.0 if "no_setback" in planted else 1.0, base_share=13.0 if "base" in planted else 1.0)
