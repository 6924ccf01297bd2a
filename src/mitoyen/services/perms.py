"""Who may do what with requests. Every rule is a plain function; its docstring states it.

| rule | who, in the request's commune |
| --- | --- |
| can_see_requests(person) | counter clerk, operator, moderator, data protection officer, anywhere |
| can_see_request(person, request) | counter clerk, operator, moderator, data protection officer |
| can_take_in(person) | counter clerk, operator, anywhere |
| can_handle(person, request) | counter clerk, operator; data protection officer, what asks for one's own data |
| can_moderate(person, request) | moderator, operator |
| can_decide_appeal(person, request) | who may moderate, except whoever set the request aside |
| can_announce(person) | operator, anywhere, for the communes of the role |
| can_arrange(person) | operator, anywhere: teams and places to meet, for the communes of the role |
| can_see_contact(person, request) | who may handle it; data protection officer |
| can_erase(person, request) | data protection officer |
| can_see_erasing(person) | data protection officer, anywhere, for the communes of the role |

A request without commune is on the whole territory. An administrator may do, in their scope, whatever others may.
"""

from mitoyen.services.enums import FactKind
from mitoyen.services.models import Request
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Person
from mitoyen.territory.perms import Scope, Someone, scope

R = RoleName
HANDLE = frozenset({R.COUNTER_CLERK, R.OPERATOR, R.ADMINISTRATOR})
MODERATE = frozenset({R.MODERATOR, R.OPERATOR, R.ADMINISTRATOR})
ANNOUNCE = frozenset({R.OPERATOR, R.ADMINISTRATOR})
ERASE = frozenset({R.DATA_PROTECTION_OFFICER, R.ADMINISTRATOR})
SEE = HANDLE | MODERATE | ERASE
MY_DATA = "my_data"
SEE_CONTACT = HANDLE | {R.DATA_PROTECTION_OFFICER}


def seen(person: Someone) -> Scope:
    """Where a person sees requests: for lists."""
    return scope(person, SEE)


def can_see_requests(person: Someone) -> bool:
    """Clerks, operators, moderators and data protection officers may open the list; it shows the requests of their
    communes."""
    return bool(seen(person))


def can_see_request(person: Someone, request: Request) -> bool:
    """Clerks, operators, moderators and data protection officers may read the requests of their commune."""
    return seen(person).covers(request.commune_id)


def can_take_in(person: Someone) -> bool:
    """Clerks and operators may take a request in for someone at the counter or on the phone, whatever its commune:
    nobody is sent away because their lamp stands across the border."""
    return bool(scope(person, HANDLE))


def can_handle(person: Someone, request: Request) -> bool:
    """Clerks and operators may answer, pass on, move, join and close the requests of their commune; data protection
    officers those that ask for one's own data."""
    handlers = HANDLE | ERASE if request.service == MY_DATA else HANDLE
    return scope(person, handlers).covers(request.commune_id)


def can_moderate(person: Someone, request: Request) -> bool:
    """Moderators and operators may release or set aside the requests of their commune."""
    return scope(person, MODERATE).covers(request.commune_id)


def can_decide_appeal(person: Someone, request: Request) -> bool:
    """Who may moderate there, but never the one who set the request aside."""
    if not isinstance(person, Person) or not can_moderate(person, request):
        return False
    refusals = request.facts.filter(kind=FactKind.REFUSED)
    return not refusals.filter(by=person.email).exists()


def announces(person: Someone) -> Scope:
    """Where a person may tell those who asked to be told."""
    return scope(person, ANNOUNCE)


def can_announce(person: Someone) -> bool:
    """Operators and administrators may announce floods, cuts and works in the communes of their role."""
    return bool(announces(person))


def arranges(person: Someone) -> Scope:
    """Where a person may say how teams are reached and where people are received."""
    return scope(person, ANNOUNCE)


def can_arrange(person: Someone) -> bool:
    """Operators and administrators may arrange the teams and the places to meet of their communes."""
    return bool(arranges(person))


def can_see_contact(person: Someone, request: Request) -> bool:
    """Who asked is shown to those who handle the request, and to the data protection officer."""
    return scope(person, SEE_CONTACT).covers(request.commune_id)


def erases(person: Someone) -> Scope:
    """Where a person sees what is erased, and may erase at once."""
    return scope(person, ERASE)


def can_erase(person: Someone, request: Request) -> bool:
    """Data protection officers may erase what is personal in the requests of their commune, when its person asks."""
    return erases(person).covers(request.commune_id)


def can_see_erasing(person: Someone) -> bool:
    """Data protection officers see what is due and what was erased, in counts."""
    return bool(erases(person))
