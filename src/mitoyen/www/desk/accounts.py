"""Accounts: people invited, their roles by commune, accounts closed and opened again."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.ledger.refusal import Refused
from mitoyen.territory import people, perms
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Commune, Person
from mitoyen.www.desk import rules, scope
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.page import email_of, page, say_refusal, to

WHOLE = "*"


class RoleForm(DeskForm):
    """One role, in one commune or on the whole, among those that the person acting may give."""

    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=RoleName.choices)
    place = forms.ChoiceField(label=gettext_lazy("Where"))

    def __init__(self, *arguments: Any, acting: Person, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.acting = acting
        field = self.fields["place"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _places(acting)

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        role, place = said.get("role"), said.get("place")
        if role and place and not perms.can_grant(self.acting, role, None if place == WHOLE else place):
            self.add_error("role", _("You may not give this role there."))
        return said

    @property
    def commune(self) -> Commune | None:
        place = self.cleaned_data["place"]
        return None if place == WHOLE else Commune.objects.get(insee=place)


class InviteForm(RoleForm):
    """A new account with its first role."""

    email = forms.EmailField(label=gettext_lazy("Email address"), max_length=254)
    name = forms.CharField(label=gettext_lazy("First and last name"), max_length=120)
    field_order = ("email", "name", "role", "place")


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """The accounts that the person may manage, by name."""
    held = perms.scope(rules.person_of(request), perms.ADMINISTER)
    everyone = Person.objects.prefetch_related("roles__commune").order_by("name", "email")
    shown = [person for person in everyone if rules.reaches_account(held, person)]
    return page(request, "accounts.html", "accounts", rows=shown)


def new(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Invite someone. The one-time password is shown once, to be handed over."""
    form = InviteForm(request.POST if request.method == "POST" else None, acting=rules.person_of(request))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            invitation = people.invite(said["email"], said["name"], [(said["role"], form.commune)], email_of(request))
        except Refused as refusal:
            form.add_error("email", str(refusal))
        else:
            context = {"person": invitation.person, "password": invitation.password, "is_new": True}
            return page(request, "account_password.html", "accounts", context)
    return page(request, "account_new.html", "accounts", form=form)


def story(request: HttpRequest, person: Person) -> HttpResponse:
    """One account: roles, and what can be done with it."""
    return _shown(request, person, RoleForm(acting=rules.person_of(request)))


def add_role(request: HttpRequest, person: Person) -> HttpResponse:
    """Give one more role."""
    form = RoleForm(request.POST, acting=rules.person_of(request))
    if not form.is_valid():
        return _shown(request, person, form)
    people.add_role(person, form.cleaned_data["role"], form.commune, email_of(request))
    return to(request, "account", person.pk, said=_("The role is given. To undo it, take it away below."))


def remove_role(request: HttpRequest, person: Person) -> HttpResponse:
    """Take one role away; only one that the person acting could give."""
    role = person.roles.filter(pk=_number(request.POST.get("role"))).select_related("commune").first()
    if role is None:
        return to(request, "account", person.pk, said=_("This role was taken away already."))
    if not perms.can_grant(rules.person_of(request), role.name, role.commune):
        raise PermissionDenied
    try:
        people.remove_role(person, role.name, role.commune, email_of(request))
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "account", person.pk)
    return to(request, "account", person.pk, said=_("The role is taken away. To undo it, give it again."))


def close(request: HttpRequest, person: Person) -> HttpResponse:
    """Close the account, or open it again."""
    try:
        if person.is_active:
            people.deactivate(person, email_of(request))
            said = _("The account is closed. To undo it, open it again.")
        else:
            people.reactivate(person, email_of(request))
            said = _("The account is open again, with the roles it had.")
    except Refused as refusal:
        say_refusal(request, refusal)
        return to(request, "account", person.pk)
    return to(request, "account", person.pk, said=said)


def reset(request: HttpRequest, person: Person) -> HttpResponse:
    """A new one-time password, shown once; a lock-out is lifted."""
    password = people.reset_password(person, email_of(request))
    return page(request, "account_password.html", "accounts", person=person, password=password, is_new=False)


def may_close(acting: Person, person: Person) -> bool:
    """Whoever manages accounts wherever the other has a role, never their own account."""
    return perms.can_close_account(acting, person)


def _shown(request: HttpRequest, person: Person, form: RoleForm) -> HttpResponse:
    acting = rules.person_of(request)
    roles = person.roles.select_related("commune").order_by("name", "commune__name")
    context = {
        "person": person,
        "roles": [(role, perms.can_grant(acting, role.name, role.commune)) for role in roles],
        "may_close": may_close(acting, person),
        "form": form,
    }
    return page(request, "account.html", "accounts", context)


def _places(acting: Person) -> list[tuple[str, str]]:
    held = perms.scope(acting, perms.ADMINISTER)
    whole = [(WHOLE, _("the whole territory"))] if held.whole else []
    return [("", _("Choose…")), *whole, *((c.insee, c.name) for c in scope.communes(held))]


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
