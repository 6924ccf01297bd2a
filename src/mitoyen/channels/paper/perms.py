"""Who may do what with paper. Every rule is a plain function; its docstring states it.

| rule | who |
| --- | --- |
| can_handle_form(person, form) | counter clerk, operator: of the commune of who scanned it, or who scanned it |
| can_handle_notice(person, notice) | who may handle the request that it is about; the whole territory otherwise |
"""

from mitoyen.channels.paper.models import PaperForm, Scan
from mitoyen.ledger.models import Notice
from mitoyen.services import perms
from mitoyen.services.models import Request
from mitoyen.territory.models import Person
from mitoyen.territory.perms import Someone, scope


def can_handle_form(person: Someone, form: PaperForm | Scan) -> bool:
    """Clerks and operators see and confirm the forms scanned in their commune; whoever scanned one, that one."""
    held = scope(person, perms.HANDLE)
    own = isinstance(person, Person) and form.by == person.email
    return bool(held) and (own or held.covers(form.commune or None))


def can_handle_notice(person: Someone, notice: Notice) -> bool:
    """Clerks and operators print, post and call for the requests of their communes."""
    kind, _colon, code = notice.about.partition(":")
    request = Request.objects.filter(code=code).first() if kind == "request" else None
    if request is None:
        return scope(person, perms.HANDLE).covers(None)
    return perms.can_handle(person, request)
