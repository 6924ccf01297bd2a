"""Work orders as lists: for a script, a terminal, and the contractor's own tools (CSV, GeoJSON)."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import F, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from mitoyen.operate.work.models import WorkOrder
from mitoyen.operate.work.ordering import LIVE, still_shown

CSV_COLUMNS = (
    "number", "state", "title", "words", "thing", "thing_name", "kind", "commune", "place", "longitude", "latitude",
    "partner", "person", "due", "opened_at", "ended_at",
)  # fmt: skip
# A cell that a spreadsheet would take for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def orders(*, commune: str = "", partner: str = "", every: bool = False) -> QuerySet[WorkOrder]:
    """Those still to be done, the soonest due first; with `every`, those done and cancelled too."""
    found = WorkOrder.objects.select_related("thing__place", "thing__part_of", "commune", "partner", "person")
    found = found.defer("commune__geometry").prefetch_related("alerts")
    if not every:
        found = found.filter(state__in=LIVE)
    if commune:
        found = found.filter(commune_id=commune)
    if partner:
        found = found.filter(partner__slug=partner)
    return found.order_by(F("due").asc(nulls_last=True), "pk")


def to_json(order: WorkOrder) -> dict[str, Any]:
    """An order for scripts."""
    longitude, latitude = point_of(order)
    return {
        "number": order.pk,
        "state": order.state,
        "title": order.title,
        "words": order.words,
        "thing": order.thing.slug,
        "thing_name": order.thing.name,
        "kind": order.thing.kind,
        "commune": order.commune_id,
        "place": place_of(order),
        "longitude": longitude,
        "latitude": latitude,
        "partner": order.partner.slug if order.partner else None,
        "person": order.person.email if order.person else None,
        "due": order.due.isoformat() if order.due else None,
        "opened_at": order.opened_at.isoformat(),
        "ended_at": order.ended_at.isoformat() if order.ended_at else None,
        "alerts": [alert.key for alert in order.alerts.all()],
        "still_shown": [alert.key for alert in still_shown(order)],
        "request": order.request_number,
    }


def to_csv(found: Iterable[WorkOrder]) -> str:
    """One row an order; opens in a spreadsheet, and nothing in it is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(CSV_COLUMNS)
    for order in found:
        told = to_json(order)
        writer.writerow([_cell(told[name]) for name in CSV_COLUMNS])
    return out.getvalue()


def to_geojson(found: Iterable[WorkOrder]) -> str:
    """One feature an order; without geometry where nobody knows its place."""
    features = []
    for order in found:
        told = to_json(order)
        point = told.pop("longitude"), told.pop("latitude")
        geometry = None if None in point else {"type": "Point", "coordinates": list(point)}
        features.append({"type": "Feature", "id": order.pk, "geometry": geometry, "properties": told})
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def to_lines(found: Iterable[WorkOrder]) -> Iterator[str]:
    """A few lines an order; one that says so when there is none."""
    empty, colon = True, pgettext("between a label and its error", ": ")
    for order in found:
        empty = False
        yield f"{order.pk}  {order.title}"
        where = ", ".join(part for part in (order.thing.name, place_of(order), str(order.commune or "")) if part)
        yield f"    {order.get_state_display()}{colon}{where}"
        who = str(order.partner or order.person or "")
        due = _("by %(day)s") % {"day": date_format(order.due, "DATE_FORMAT")} if order.due else ""
        if who or due:
            yield "    " + ", ".join(part for part in (who, due) if part)
        if still_shown(order):
            yield "    " + _("Done, but the readings still show it.")
    if empty:
        yield _("No work order.")


def place_of(order: WorkOrder) -> str:
    """Address or name of the place of its thing."""
    place = order.thing.place
    return (place.address or place.name) if place else ""


def point_of(order: WorkOrder) -> tuple[float | None, float | None]:
    """Where its thing stands (degrees), else what carries it, else its place."""
    for one in (order.thing, order.thing.part_of, order.thing.place):
        if one is not None and one.longitude is not None and one.latitude is not None:
            return one.longitude, one.latitude
    return None, None


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return "" if value is None else value
