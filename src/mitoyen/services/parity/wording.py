"""The measure in plain words: for the public page, the desk and the command line."""

from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.manifests.registry import services
from mitoyen.services.enums import Channel
from mitoyen.services.parity.costs import Elsewhere
from mitoyen.services.parity.leaving import COUNTED
from mitoyen.services.wording import language

Told = dict[str, Any]
HOURS_BELOW = 2.0
HALF_AN_HOUR = 0.5 / 24


def service(name: str) -> str:
    """A service's title; its name when its package is gone."""
    found = services.installed().get(name)
    return found.text("service.title", language()) if found else name


def channel(name: str) -> str:
    """`on paper`, `by SMS`."""
    return str(Channel(name).label)


def span(days: float) -> str:
    """A delay as people say it: hours below two days."""
    if abs(days) < HOURS_BELOW:
        hours = round(abs(days) * 24)
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    whole = round(abs(days))
    return ngettext("%(count)d day", "%(count)d days", whole) % {"count": whole}


def between(low: float, high: float) -> str:
    """Two sizes in one unit: `6 to 20 hours`, `2.4 to 3.5 days`."""
    if max(low, high) < HOURS_BELOW:
        return _("%(low)s to %(high)s hours") % {"low": round(low * 24), "high": round(high * 24)}
    return _("%(low)s to %(high)s days") % {"low": number_format(low, 1), "high": number_format(high, 1)}


def delay(told: Told | None) -> str:
    """A median or a 90th percentile."""
    if told is None:
        return _("too few to say")
    if "more_than" in told:
        return _("more than %(span)s") % {"span": span(told["more_than"])}
    return span(told["days"])


def count(number: int | None) -> str:
    """A count, or that it is not shown."""
    return _("not shown") if number is None else str(number)


def verdict(told: Told | None) -> str:
    """A channel's delay against the web's."""
    if told is None:
        return _("the reference")
    if told["verdict"] == "too_few":
        return _("too few to say")
    low, high = told["interval"]
    if told["verdict"] == "slower":
        return _("slower: %(span)s more") % {"span": between(low, high)}
    if told["verdict"] == "faster":
        return _("faster: %(span)s less") % {"span": between(-high, -low)}
    return _("no difference shown") if low is None or high is None else _may_hide(low, high)


def _may_hide(low: float, high: float) -> str:
    """That no difference was shown, and how large one may still be."""
    told = {"low": span(min(low, 0.0)), "high": span(max(high, 0.0))}
    if abs(min(low, 0.0)) < HALF_AN_HOUR:
        return _("no difference shown (at most %(high)s more)") % told
    if max(high, 0.0) < HALF_AN_HOUR:
        return _("no difference shown (at most %(low)s less)") % told
    return _("no difference shown (at most %(low)s less, %(high)s more)") % told


def step(name: str) -> str:
    """Where the time goes."""
    return {
        "read": _("until someone has read the request"),
        "passed_on": _("until it reaches the right team"),
        "answered": _("until that team answers"),
        "closed": _("from the answer to the end"),
    }[name]


def compared(told: Told | None, what: str) -> str:
    """A channel's share or mark against the web's."""
    if told is None:
        return _("the reference")
    if told["verdict"] == "too_few":
        return _("too few to say")
    if told["verdict"] == "none_shown":
        return _("no difference shown")
    return {
        "more": _("more often: %(reach)s"),
        "less": _("less often: %(reach)s"),
        "higher": _("higher: %(reach)s"),
        "lower": _("lower: %(reach)s"),
    }[told["verdict"]] % {"reach": reach(told["interval"], what)}


def reach(interval: list[float], what: str) -> str:
    """The size of a difference, whatever its sign: `3 to 8 points`."""
    low, high = sorted(abs(value) for value in interval)
    if what == "rating":
        told = {"low": number_format(low, 1), "high": number_format(high, 1)}
    else:
        told = {"low": number_format(100 * low, 0), "high": number_format(100 * high, 0)}
    return _("%(low)s to %(high)s points") % told


def alerts(told: Told | None) -> list[str]:
    """Sentences for each channel without connection that serves worse: one on delays, the answer's before the end's,
    then one for each of the rest."""
    first: dict[tuple[str, str, str], Told] = {}
    for one in told["worse"] if told else []:
        what = "delay" if one["what"] in ("answer", "end") else one["what"]
        first.setdefault((one["service"], one["channel"], what), one)
    return [alert(one) for one in first.values()]


def alert(told: Told) -> str:
    """One sentence on a channel without connection that serves worse."""
    facts = {"service": service(told["service"]), "channel": channel(told["channel"])}
    if told["what"] not in ("answer", "end"):
        sentence = {
            "reopened": _(
                "“%(service)s”, %(channel)s: requests are opened again more often than on the web (%(reach)s)."
            ),
            "unanswered": _(
                "“%(service)s”, %(channel)s: requests stay unanswered more often than on the web (%(reach)s)."
            ),
            "rating": _("“%(service)s”, %(channel)s: people give lower marks than on the web (%(reach)s)."),
        }[told["what"]]
        return sentence % {**facts, "reach": reach(told["interval"], told["what"])}
    facts["span"] = span(told["median"])
    if told["what"] == "answer":
        said = _("“%(service)s”, %(channel)s: people wait about %(span)s longer for an answer than on the web.") % facts
    else:
        said = _("“%(service)s”, %(channel)s: it takes about %(span)s longer to the end than on the web.") % facts
    if told["step"] is None:
        return said + " " + _("No single step explains it.")
    return said + " " + _("The time goes here: %(step)s.") % {"step": step(told["step"]["name"])}


def cost(told: Told | None) -> str:
    """Minutes and euros, with where they come from."""
    if told is None:
        return _("unknown")
    work = _("%(minutes)s of work") % {"minutes": minutes(told["minutes"])}
    said = work if told["euros"] is None else f"{euros(told['euros'])} ({work})"
    return _("%(cost)s, an example made up") % {"cost": said} if told["example"] else said


def minutes(count: float) -> str:
    """Minutes of work."""
    return _("%(minutes)s min") % {"minutes": number_format(count, 0 if count == round(count) else 1)}


def euros(amount: float) -> str:
    """An amount to the cent."""
    return _("%(euros)s €") % {"euros": number_format(amount, 2)}


def elsewhere(found: Elsewhere) -> str:
    """What others found a contact to cost."""
    amount = number_format(found.amount, 2)
    return _("%(amount)s %(currency)s, %(source)s, %(year)d") % {
        "amount": amount,
        "currency": found.currency,
        "source": found.source,
        "year": found.year,
    }


def share(told: float | None) -> str:
    """A share, or that it is not shown."""
    return _("not shown") if told is None else _("%(share)s %%") % {"share": number_format(100 * told, 0)}


def sure_share(told: Told | None) -> str:
    """A share with its interval."""
    if told is None:
        return _("too few to say")
    low, high = (number_format(100 * value, 0) for value in told["interval"])
    return _("%(share)s (%(low)s to %(high)s %%)") % {"share": share(told["share"]), "low": low, "high": high}


def abandoned(told: Told | None, channel: str) -> str:
    """The same of those who gave up midway, where that is counted."""
    return sure_share(told) if channel in COUNTED else _("not counted")


def rating(told: Told | None) -> str:
    """The mean mark with its interval."""
    if told is None:
        return _("too few to say")
    mark, low, high = (number_format(value, 1) for value in (told["mean"], *told["interval"]))
    return _("%(mark)s out of 5 (%(low)s to %(high)s)") % {"mark": mark, "low": low, "high": high}


def line(told: Told) -> str:
    """One channel on one line, for a terminal."""
    against = told["against_web"]
    facts = {
        "channel": channel(told["channel"]),
        "count": count(told["count"]),
        "answer": delay(told["answer"]["median"]),
        "end": delay(told["end"]["median"]),
        "verdict": verdict(against["answer"] if against else None),
    }
    return _("%(channel)s: %(count)s; answer %(answer)s, end %(end)s; %(verdict)s") % facts
