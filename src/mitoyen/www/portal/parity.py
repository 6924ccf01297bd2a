"""“The same service for everyone?”: how each channel serves, in plain words, from the last measure kept."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from mitoyen.services.parity import keeping, wording
from mitoyen.services.parity.costs import Costs, nothing, usable
from mitoyen.services.parity.report import CHANNELS, WORSE
from mitoyen.territory.enums import Origin
from mitoyen.www.portal.cache import public


@dataclass(frozen=True, slots=True)
class Row:
    """One channel of a service, in words."""

    channel: str
    offline: bool
    count: str
    share: str
    answer: str
    answer_p90: str
    end: str
    end_p90: str
    against_answer: str
    against_end: str
    reopened: str
    against_reopened: str
    unanswered: str
    against_unanswered: str
    abandoned: str
    rating: str
    against_rating: str


@dataclass(frozen=True, slots=True)
class CostRow:
    """What a request costs on a channel, in words; `source` is empty where nobody told it."""

    channel: str
    minutes: str
    paid: str
    whole: str
    source: str
    on: dt.date | None


@public
def page(request: HttpRequest) -> HttpResponse:
    """The last measure kept; that there is none yet."""
    told = keeping.last()
    context: dict[str, Any] = {"door": "services", "told": told}
    if told is not None:
        table, _fault = usable()
        context |= {
            "since": dt.date.fromisoformat(told["since"]),
            "until": dt.date.fromisoformat(told["until"]),
            "made_up": told["origin"] == Origin.GENERATED,
            "alerts": wording.alerts(told),
            "said": any(_says_something(service) for service in told["services"]),
            "services": [(wording.service(one["service"]), _rows(one)) for one in told["services"]],
            "costs": [_cost_row(table, name) for name in CHANNELS],
            "told_costs": any(table.of(name) for name in CHANNELS),
            "hour": table.hour if table.hour.euros is not None else None,
            "example": table.example,
            "elsewhere": [
                (wording.channel(name), wording.elsewhere(cost.elsewhere))
                for name, cost in nothing().channel.items()
                if cost.elsewhere
            ],
        }
    return render(request, "portal/parity.html", context)


def _says_something(service: dict[str, Any]) -> bool:
    """Whether one comparison of an offline channel has enough cases."""
    compared = [one["against_web"] for one in service["channels"] if one["offline"] and one["against_web"]]
    return any(one[what]["verdict"] != "too_few" for one in compared for what in WORSE)


def _rows(service: dict[str, Any]) -> list[Row]:
    return [_row(one) for one in service["channels"]]


def _row(one: dict[str, Any]) -> Row:
    against = one["against_web"] or dict.fromkeys(WORSE)
    return Row(
        channel=wording.channel(one["channel"]),
        offline=one["offline"],
        count=wording.count(one["count"]),
        share=wording.share(one["share"]),
        answer=wording.delay(one["answer"]["median"]),
        answer_p90=wording.delay(one["answer"]["p90"]),
        end=wording.delay(one["end"]["median"]),
        end_p90=wording.delay(one["end"]["p90"]),
        against_answer=wording.verdict(against["answer"]),
        against_end=wording.verdict(against["end"]),
        reopened=wording.sure_share(one["reopened"]),
        against_reopened=wording.compared(against["reopened"], "reopened"),
        unanswered=wording.sure_share(one["unanswered"]),
        against_unanswered=wording.compared(against["unanswered"], "unanswered"),
        abandoned=wording.abandoned(one["abandoned"], one["channel"]),
        rating=wording.rating(one["rating"]),
        against_rating=wording.compared(against["rating"], "rating"),
    )


def _cost_row(table: Costs, channel: str) -> CostRow:
    found, own = table.of(channel), table.channel.get(channel)
    if found is None or own is None:
        return CostRow(wording.channel(channel), _("unknown"), "", "", "", None)
    whole = "" if found["euros"] is None else wording.euros(found["euros"])
    minutes = wording.minutes(found["minutes"])
    return CostRow(wording.channel(channel), minutes, wording.euros(found["paid"]), whole, found["source"], own.on)
