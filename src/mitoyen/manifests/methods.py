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
