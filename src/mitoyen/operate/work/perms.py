"""Who may do what about work orders. Every rule is a plain function; its docstring states it.

| rule | who |
| --- | --- |
| can_see_orders(person) | any role but partner, anywhere |
| can_see_order(person, order) | any role but partner and contractor, in its commune; the contractors of its partner |
| can_open_order(person, commune) | operator, energy officer, in that commune |
| can_run_order(person, order) | operator, energy officer, in the order's commune |
| can_work_on(person, order) | who may run it; the contractors of its partner |
| can_say_who_works(person) | operator, on the whole territory |

An order without commune is on the whole territory. An administrator may do, in their scope, whatever others may.
A contractor is linked to the partners that they work for (`Crew`), and needs the role of contractor as well.
"""

from django.db.models import Q, QuerySet

from mitoyen.operate.alerts.perms import DECIDE
from mitoyen.operate.alerts.perms import SEE as AGENTS
from mitoyen.operate.work.models import Crew, WorkOrder
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Person
from mitoyen.territory.perms import RUN_THE_TERRITORY, Scope, Someone, Where, scope

CONTRACTOR = frozenset({RoleName.CONTRACTOR})


def seen(person: Someone) -> Scope:
    """Where a person sees every order, as an agent."""
    return scope(person, AGENTS)


def runs(person: Someone) -> Scope:
    """Where a person opens and gives orders."""
    return scope(person, DECIDE)


def partners_of(person: Someone) -> set[int]:
    """The partners that a contractor works for; none without the role."""
    if not isinstance(person, Person) or not scope(person, CONTRACTOR):
        return set()
    return set(Crew.objects.filter(person=person).values_list("partner_id", flat=True))


def visible(person: Someone, orders: QuerySet[WorkOrder]) -> QuerySet[WorkOrder]:
    """Of these orders, those that a person sees: for lists."""
    held = seen(person)
    if held.whole:
        return orders
    return orders.filter(Q(commune__in=held.communes) | Q(partner__in=partners_of(person)))


def can_see_orders(person: Someone) -> bool:
    """Agents may open the list, and contractors: it shows what each may see."""
    return bool(seen(person)) or bool(scope(person, CONTRACTOR))


def can_see_order(person: Someone, order: WorkOrder) -> bool:
    """Agents may see the orders of their communes; contractors those given to the partners that they work for."""
    return seen(person).covers(order.commune_id) or _is_of_crew(person, order)


def can_open_order(person: Someone, commune: Where) -> bool:
    """Operators and energy officers may open an order in their commune."""
    return runs(person).covers(commune)


def can_run_order(person: Someone, order: WorkOrder) -> bool:
    """Operators and energy officers may give, change, cancel and open again the orders of their commune."""
    return runs(person).covers(order.commune_id)


def can_work_on(person: Someone, order: WorkOrder) -> bool:
    """Who may run an order, and the contractors of its partner, may say that it is under way or done, note and add
    photos."""
    return can_run_order(person, order) or _is_of_crew(person, order)


def can_say_who_works(person: Someone) -> bool:
    """Operators of the whole territory may say which contractor works for which partner."""
    return scope(person, RUN_THE_TERRITORY).whole


def _is_of_crew(person: Someone, order: WorkOrder) -> bool:
    return order.partner_id is not None and order.partner_id in partners_of(person)
