"""Who may do what about alerts. Every rule is a plain function; its docstring states it.

| rule | who, in the alert's commune |
| --- | --- |
| can_see_alerts(person) | any role but partner and contractor, anywhere |
| can_see_alert(person, alert) | any role but partner and contractor |
| can_decide_alert(person, alert) | operator, energy officer |
| can_tune(person, commune) | operator |
| can_tune_somewhere(person) | operator, anywhere |
| can_be_told(person) | who may see alerts: of what they may see, when they want it |

An alert without commune is on the whole territory. An administrator may do, in their scope, whatever others may.
Contractors see what they are asked to do: their work orders.
"""

from mitoyen.operate.alerts.models import Alert
from mitoyen.territory.enums import RoleName
from mitoyen.territory.perms import Scope, Someone, Where, scope

R = RoleName
SEE = frozenset(set(R) - {R.PARTNER, R.CONTRACTOR})
# Told by mail unless they choose otherwise.
TOLD = frozenset({R.OPERATOR, R.ENERGY_OFFICER})
DECIDE = frozenset({R.OPERATOR, R.ENERGY_OFFICER, R.ADMINISTRATOR})
TUNE = frozenset({R.OPERATOR, R.ADMINISTRATOR})


def seen(person: Someone) -> Scope:
    """Where a person sees alerts: for lists."""
    return scope(person, SEE)


def can_see_alerts(person: Someone) -> bool:
    """Agents may open the list; it shows the alerts of the communes of their roles."""
    return bool(seen(person))


def can_see_alert(person: Someone, alert: Alert) -> bool:
    """Agents may see the alerts of the communes of their roles; contractors only their work orders."""
    return seen(person).covers(alert.commune_id)


def decides(person: Someone) -> Scope:
    """Where a person decides on alerts."""
    return scope(person, DECIDE)


def can_decide_alert(person: Someone, alert: Alert) -> bool:
    """Operators and energy officers may take an alert of their commune in hand, or set it aside with a reason."""
    return decides(person).covers(alert.commune_id)


def tunes(person: Someone) -> Scope:
    """Where a person tunes rules."""
    return scope(person, TUNE)


def can_tune(person: Someone, commune: Where) -> bool:
    """Operators may change a rule's thresholds in their commune, or switch it off there; each time with a reason."""
    return tunes(person).covers(commune)


def can_tune_somewhere(person: Someone) -> bool:
    """Who may tune in one commune at least may open the page of the rules."""
    return bool(tunes(person))


def can_be_told(person: Someone) -> bool:
    """Whoever sees alerts may choose to be told of them by mail; operators and energy officers are, unless they choose
    otherwise."""
    return bool(seen(person))
