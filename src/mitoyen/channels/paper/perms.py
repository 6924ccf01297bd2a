"""Who may do what with paper. Every rule is a plain function; its docstring states it.

| rule | who |
| --- | --- |
| can_handle_form(person, form) | counter clerk, operator: of the commune of who scanned it, or who scanned it |
| forms_of(person) | the same, as a list |
| can_handle_notice(person, notice) | who may handle the request that it is about; the whole territory otherwise |
"""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

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


def forms_of(person: Someone) -> QuerySet[PaperForm]:
    """The forms that `can_handle_form` says yes to."""
    held = scope(person, perms.HANDLE)
    if held.whole:
        return PaperForm.objects.all()
    if not held or not isinstance(person, Person):
        return PaperForm.objects.none()
    return PaperForm.objects.filter(Q(commune__in=held.communes) | Q(by=person.email))


def handled(person: Someone, notices: Iterable[Notice]) -> list[Notice]:
    """Of many notices those that a person may handle, as `can_handle_notice` says of one."""
    held, found = scope(person, perms.HANDLE), list(notices)
    codes = [notice.about.partition(":")[2] for notice in found if notice.about.startswith("request:")]
    communes = dict(Request.objects.filter(code__in=codes).values_list("code", "commune"))
    return [one for one in found if held.covers(communes.get(one.about.removeprefix("request:")))]


def can_handle_notice(person: Someone, notice: Notice) -> bool:
    """Clerks and operators print, post and call for the requests of their communes."""
    return bool(handled(person, [notice]))
