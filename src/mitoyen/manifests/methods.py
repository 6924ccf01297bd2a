"""The methods that a rule may name: what each must be given, and which facts its sentence may quote.

They are executed by `operate.methods`; a test holds both lists together.
"""

from dataclasses import dataclass

# Quoted by every sentence: what is at stake a year and since when it was seen.
COMMON_FACTS = frozenset({"amount", "unit", "eur", "first", "last", "meter", "building"})


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """`thresholds` are all required; `season` and `hours` too where True; `facts` are the sentence's own."""

    thresholds: frozenset[str]
    season: bool = False
    hours: bool = False
    reasons: bool = False
    facts: frozenset[str] = frozenset()


METHODS = {
    "closed_hours": MethodSpec(
        thresholds=frozenset({"ratio", "usual_ratio", "least_a_year"}),
        facts=frozenset({"closed_mean", "open_mean", "percent", "usual_percent", "closed_hours"}),
    ),
    "out_of_season": MethodSpec(
        thresholds=frozenset({"share_of_winter", "over_usual", "least_days", "warmer_than"}),
        season=True,
        facts=frozenset({"daily", "usual_daily", "days", "percent", "warmer_than"}),
    ),
    "night_floor": MethodSpec(
        thresholds=frozenset({"flow_an_hour", "least_nights", "quiet_share"}),
        hours=True,
        facts=frozenset({"flow", "nights", "from_hour", "to_hour", "litres"}),
    ),
    "guard": MethodSpec(thresholds=frozenset(), reasons=True, facts=frozenset({"reason", "date", "until"})),
    "code": MethodSpec(thresholds=frozenset()),
}


# Quoted by every alert's sentence: where, since when, for how many hours, and how sure (in percent).
ALERT_FACTS = frozenset({"thing", "commune", "since", "hours", "sure", "count"})


@dataclass(frozen=True, slots=True)
class AlertMethodSpec:
    """`required` thresholds, `one_of` which at least one is, `optional` ones; `facts` are the sentence's own."""

    required: frozenset[str] = frozenset()
    one_of: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    facts: frozenset[str] = frozenset()


ALERT_METHODS = {
    # Above or below; over once it is past `clear` again (hysteresis).
    "threshold": AlertMethodSpec(
        one_of=frozenset({"above", "below"}),
        optional=frozenset({"clear"}),
        facts=frozenset({"value", "unit", "limit"}),
    ),
    # Rises or falls faster, over `averaging_minutes`.
    "rate": AlertMethodSpec(
        one_of=frozenset({"rise_an_hour", "fall_an_hour"}),
        optional=frozenset({"clear"}),
        facts=frozenset({"value", "unit", "rate", "limit"}),
    ),
    # Nothing for so many of its own usual intervals.
    "missing": AlertMethodSpec(required=frozenset({"intervals"}), facts=frozenset({"usual_minutes"})),
    # The same value for so many hours, in so many readings at least.
    "stuck": AlertMethodSpec(
        required=frozenset({"hours", "least_readings"}), facts=frozenset({"value", "unit", "readings"})
    ),
    # Apart from its peers of the same kind (and commune) by so many times their spread.
    "compared": AlertMethodSpec(
        required=frozenset({"times_spread", "least_peers"}),
        optional=frozenset({"clear", "least"}),
        facts=frozenset({"value", "unit", "usual", "peers"}),
    ),
    # The facts of a function of the package are its own: the sentence may quote any that it gives.
    "code": AlertMethodSpec(),
}
