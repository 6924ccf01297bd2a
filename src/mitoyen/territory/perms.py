"""Who may do what. Every rule is a plain function; its docstring states it.

A role holds in one commune, or on the whole territory (its commune is null). What lies outside the territory (a thing
or a finding without commune) belongs to nobody's commune: only roles on the whole territory reach it.
Nobody without an open account may do anything at the desk.
An administrator may do, in their scope, whatever others may.

| rule | who, in the commune asked about |
| --- | --- |
| can_see_desk(person) | any role but partner, anywhere |
| can_see_commune(person, commune) | any role but partner |
| can_import(person, commune) | energy officer, operator |
| can_import_somewhere(person) | who may import in one commune at least |
| can_undo_batch(person, batch_communes) | who may import, in every commune of the batch |
| can_correct(person, commune) | energy officer, operator |
| can_decide_finding(person, finding_commune) | energy officer, operator |
| can_record_action(person, commune) | energy officer, operator |
| can_edit_thing(person, commune) | energy officer, operator |
| can_swap_meter(person, commune) | energy officer, operator, contractor |
| can_evaluate(person) | energy officer, operator, evaluator, anywhere |
| can_load_communes(person) | operator, on the whole territory |
| can_manage_partners(person) | operator, on the whole territory |
| can_see_job(person, job) | who asked for it; operator, on the whole territory |
| can_read_audit(person) | evaluator, data protection officer, on the whole territory |
| can_see_people(person, commune) | data protection officer, administrator |
| can_manage_accounts(person, commune) | administrator, once the second factor is not overdue |
| can_grant(person, role, commune) | who may manage accounts there |
| can_close_account(person, other) | who may manage accounts wherever the other has a role; never one's own |
| must_have_second_factor(person) | administrators, whatever their scope |
| lacks_second_factor(person) | who must have one and has none yet |
| is_second_factor_overdue(person) | who lacks one 14 days after joining |

For lists, `scope(person, RIGHT)` says once where a right holds; `scope.restrict(queryset, "commune")` filters by it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone

from mitoyen.ledger.models import Job
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Commune, Person

Someone: TypeAlias = Person | AnonymousUser
Where: TypeAlias = Commune | str | None

R = RoleName
SEE = frozenset(set(R) - {R.PARTNER})
MANAGE_ENERGY = frozenset({R.ENERGY_OFFICER, R.OPERATOR, R.ADMINISTRATOR})
SWAP = MANAGE_ENERGY | {R.CONTRACTOR}
EVALUATE = MANAGE_ENERGY | {R.EVALUATOR}
RUN_THE_TERRITORY = frozenset({R.OPERATOR, R.ADMINISTRATOR})
READ_AUDIT = frozenset({R.EVALUATOR, R.DATA_PROTECTION_OFFICER, R.ADMINISTRATOR})
SEE_PEOPLE = frozenset({R.DATA_PROTECTION_OFFICER, R.ADMINISTRATOR})
ADMINISTER = frozenset({R.ADMINISTRATOR})

GRACE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a right holds: on the whole territory and beyond, or in these communes (INSEE codes)."""

    whole: bool
    communes: frozenset[str]

    def __bool__(self) -> bool:
        return self.whole or bool(self.communes)

    def covers(self, commune: Where) -> bool:
        """Whether the right holds in `commune` (a Commune, its INSEE code, or None for outside the territory)."""
        if self.whole:
            return True
        return (commune.insee if isinstance(commune, Commune) else commune) in self.communes

    def restrict(self, queryset: QuerySet[Any], field: str = "commune") -> QuerySet[Any]:
        """The rows of `queryset` whose `field` (a path to a Commune) the right covers."""
        return queryset if self.whole else queryset.filter(**{f"{field}__in": self.communes})


NOWHERE = Scope(whole=False, communes=frozenset())


def scope(person: Someone, roles: Iterable[RoleName]) -> Scope:
    """Where `person` has one of these roles; nowhere for anonymous visitors and closed accounts. One query."""
    if not isinstance(person, Person) or not person.is_active:
        return NOWHERE
    wanted = set(roles)
    held = [role for role in person.roles.all() if role.name in wanted]
    communes = frozenset(role.commune_id for role in held if role.commune_id is not None)
    return Scope(whole=any(role.commune_id is None for role in held), communes=communes)


def can_see_desk(person: Someone) -> bool:
    """Any agent may: whoever has an open account and a role other than partner, wherever it holds."""
    return bool(scope(person, SEE))


def can_see_commune(person: Someone, commune: Where) -> bool:
    """Any agent may see, at the desk, what concerns the communes of their roles."""
    return scope(person, SEE).covers(commune)


def can_import(person: Someone, commune: Where) -> bool:
    """Energy officers and operators may import readings and things of their commune.

    Into what lies outside the territory (None), or when the commune is not known yet: on the whole territory only.
    """
    return scope(person, MANAGE_ENERGY).covers(commune)


def can_import_somewhere(person: Someone) -> bool:
    """Who may import in one commune at least may open the import page and have a file examined."""
    return bool(scope(person, MANAGE_ENERGY))


def can_undo_batch(person: Someone, batch_communes: Iterable[Where]) -> bool:
    """Who may import in *every* commune that the batch touches may take it back.

    A batch that touches none belongs to the whole territory.
    """
    held = scope(person, MANAGE_ENERGY)
    return all(held.covers(commune) for commune in (list(batch_communes) or [None]))


def can_correct(person: Someone, commune: Where) -> bool:
    """Energy officers and operators may correct readings of their commune; each correction says who and why."""
    return scope(person, MANAGE_ENERGY).covers(commune)


def can_decide_finding(person: Someone, finding_commune: Where) -> bool:
    """Energy officers and operators may decide on the findings of their commune."""
    return scope(person, MANAGE_ENERGY).covers(finding_commune)


def can_record_action(person: Someone, commune: Where) -> bool:
    """Energy officers and operators may record what was done, when and at what cost, in their commune."""
    return scope(person, MANAGE_ENERGY).covers(commune)


def can_edit_thing(person: Someone, commune: Where) -> bool:
    """Energy officers and operators may describe the buildings and meters of their commune (area, users, names)."""
    return scope(person, MANAGE_ENERGY).covers(commune)


def can_swap_meter(person: Someone, commune: Where) -> bool:
    """Energy officers and operators may record a swap in their commune, and contractors, whose job it is."""
    return scope(person, SWAP).covers(commune)


def can_evaluate(person: Someone) -> bool:
    """Energy officers, operators and evaluators may have savings computed again: it changes no reading."""
    return bool(scope(person, EVALUATE))


def can_load_communes(person: Someone) -> bool:
    """Only an operator or administrator of the whole territory may load the communes' polygons."""
    return scope(person, RUN_THE_TERRITORY).whole


def can_manage_partners(person: Someone) -> bool:
    """Only an operator or administrator of the whole territory may record partners and agreements."""
    return scope(person, RUN_THE_TERRITORY).whole


def can_see_job(person: Someone, job: Job) -> bool:
    """A job is seen by the agent who asked for it, and by operators and administrators of the whole territory."""
    if scope(person, RUN_THE_TERRITORY).whole:
        return True
    return can_see_desk(person) and isinstance(person, Person) and job.asked_by == person.email


def can_read_audit(person: Someone) -> bool:
    """Evaluators, data protection officers and administrators of the whole territory may read the audit trail.

    It names agents of every commune: a role in one commune does not open it.
    """
    return scope(person, READ_AUDIT).whole


def can_see_people(person: Someone, commune: Where) -> bool:
    """Administrators, and data protection officers for their duty, may see who has which role in their commune."""
    return scope(person, SEE_PEOPLE).covers(commune)


def can_manage_accounts(person: Someone, commune: Where) -> bool:
    """Administrators may invite people, give and take roles, in their commune (None: on the whole territory).

    Not once their second factor is overdue: whoever can open accounts must be hard to impersonate.
    """
    return scope(person, ADMINISTER).covers(commune) and not is_second_factor_overdue(person)


def can_grant(person: Someone, role: RoleName | str, commune: Where) -> bool:
    """Who may manage accounts in a commune may give any known role there, and nothing beyond their own scope."""
    return role in set(RoleName) and can_manage_accounts(person, commune)


def can_close_account(person: Someone, other: Person) -> bool:
    """Who may manage accounts wherever the other has a role may close the account, but nobody their own."""
    if not isinstance(person, Person) or person.pk == other.pk:
        return False
    places = [role.commune_id for role in other.roles.all()] or [None]
    return all(can_manage_accounts(person, place) for place in places)


def must_have_second_factor(person: Someone) -> bool:
    """Administrators, whatever their scope, sign in with a second factor."""
    return bool(scope(person, ADMINISTER))


def lacks_second_factor(person: Someone) -> bool:
    """Whether someone who must have a second factor has set up none yet (a page reminds them of it)."""
    if not must_have_second_factor(person):
        return False
    from allauth.mfa.utils import is_mfa_enabled

    return not is_mfa_enabled(person)


def is_second_factor_overdue(person: Someone) -> bool:
    """A new administrator has 14 days from the opening of the account to set it up."""
    if not isinstance(person, Person) or not lacks_second_factor(person):
        return False
    return timezone.now() > person.joined_at + GRACE
