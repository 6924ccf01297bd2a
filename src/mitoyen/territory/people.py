"""People and their roles: invited, given roles, closed. Each act is audited under the name of whoever did it.

These functions don't ask who may: pages do so with `perms.can_grant` and `perms.can_close_account`, and the command
line belongs to whoever runs the installation.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from axes.utils import reset as forget_failed_sign_ins
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Commune, Person, Role
from mitoyen.territory.perms import Scope

Grant: TypeAlias = tuple[RoleName | str, Commune | None]

WHOLE = Scope(whole=True, communes=frozenset())
# No letters or digits that are confused when read aloud or copied by hand.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A new account, and the password to hand over once: it must be changed at the first sign-in.

    `password` is empty when the person's own was given.
    """

    person: Person
    password: str


def invite(email: str, name: str, roles: Iterable[Grant], by: str, *, password: str = "") -> Invitation:
    """Open an account with its roles. Raises Refused for a bad address, a weak password, an account already open."""
    email = email.strip().lower()
    _check_email(email)
    if Person.objects.filter(email=email).exists():
        raise Refused(
            _("%(email)s has an account already.") % {"email": email},
            _("Change its roles instead."),
            code="already_there",
        )
    person = Person(email=email, name=_clean_name(name), has_one_time_password=not password)
    if password:
        _check_password(password, person)
    given = password or one_time_password()
    person.set_password(given)
    with transaction.atomic():
        person.save()
        audit.record(by, "account.opened", email)
        set_roles(person, roles, by)
    return Invitation(person, "" if password else given)


def set_roles(person: Person, roles: Iterable[Grant], by: str, *, within: Scope = WHOLE) -> None:
    """Make the person's roles these, within a scope: roles that lie outside it stay as they are.

    Raises Refused for an unknown role, a role outside `within`, and when no administrator of the whole would remain.
    """
    wanted = {(_known(role), commune.insee if commune else None) for role, commune in roles}
    beyond = sorted(role for role, commune in wanted if not within.covers(commune))
    if beyond:
        raise Refused(
            _("The role %(role)s is asked for outside of your communes.") % {"role": beyond[0]}, code="beyond_scope"
        )
    with transaction.atomic():
        _wait_for_my_turn(person)
        now = Role.objects.filter(person=person)
        held = {(role.name, role.commune_id) for role in now if within.covers(role.commune_id)}
        for name, insee in sorted(held - wanted, key=str):
            person.roles.filter(name=name, commune_id=insee).delete()
            audit.record(by, "role.taken", person.email, role=name, commune=insee)
        for name, insee in sorted(wanted - held, key=str):
            Role.objects.create(person=person, name=name, commune_id=insee)
            audit.record(by, "role.given", person.email, role=name, commune=insee)
        if (RoleName.ADMINISTRATOR, None) in held - wanted:
            _keep_an_administrator()


def add_role(person: Person, role: RoleName | str, commune: Commune | None, by: str) -> None:
    """Give one more role."""
    with transaction.atomic():
        _wait_for_my_turn(person)
        set_roles(person, [*_grants(person), (role, commune)], by)


def remove_role(person: Person, role: RoleName | str, commune: Commune | None, by: str) -> None:
    """Take one role away. Raises Refused when the person does not have it."""
    going = (_known(role), commune.insee if commune else None)
    with transaction.atomic():
        _wait_for_my_turn(person)
        kept = [(name, place) for name, place in _grants(person) if (name, place.insee if place else None) != going]
        if len(kept) == person.roles.count():
            raise Refused(_("%(email)s does not have this role.") % {"email": person.email}, code="no_such_role")
        set_roles(person, kept, by)


def deactivate(person: Person, by: str) -> None:
    """Close the account: it can't sign in and its roles no longer count; what it did stays in the audit trail."""
    with transaction.atomic():
        person.is_active = False
        person.save(update_fields=["is_active"])
        audit.record(by, "account.closed", person.email)
        if person.roles.filter(name=RoleName.ADMINISTRATOR, commune=None).exists():
            _keep_an_administrator()


def reactivate(person: Person, by: str) -> None:
    """Open a closed account again, with the roles it had."""
    with transaction.atomic():
        person.is_active = True
        person.save(update_fields=["is_active"])
        audit.record(by, "account.reopened", person.email)


def reset_password(person: Person, by: str) -> str:
    """A new one-time password, to hand over; a lock-out after failed sign-ins is lifted too."""
    password = one_time_password()
    with transaction.atomic():
        person.set_password(password)
        person.has_one_time_password = True
        person.save(update_fields=["password", "has_one_time_password"])
        forget_failed_sign_ins(username=person.email)
        audit.record(by, "account.password_reset", person.email)
    return password


def remove_second_factors(person: Person, by: str) -> int:
    """For someone who lost their telephone and codes: they sign in with the password, and set another up."""
    from allauth.mfa.models import Authenticator

    with transaction.atomic():
        removed: int
        removed, _by_model = Authenticator.objects.filter(user=person).delete()
        audit.record(by, "account.second_factors_removed", person.email, count=removed)
    return removed


def person_of(email: str) -> Person:
    """The account of this address. Raises Refused."""
    person = Person.objects.filter(email=email.strip().lower()).first()
    if person is None:
        raise Refused(
            _("%(email)s has no account.") % {"email": email},
            _("`mitoyen people list` shows those there are."),
            code="no_account",
        )
    return person


def one_time_password() -> str:
    """Four groups of four characters, 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _n in range(4)) for _group in range(4))


def _wait_for_my_turn(person: Person) -> None:
    """Of two who change the same person's roles, the second one starts from what the first one left."""
    Person.objects.select_for_update().get(pk=person.pk)


def _grants(person: Person) -> list[Grant]:
    return [(role.name, role.commune) for role in person.roles.select_related("commune")]


def _keep_an_administrator() -> None:
    remaining = Role.objects.filter(name=RoleName.ADMINISTRATOR, commune=None, person__is_active=True)
    if not remaining.exists():
        raise Refused(
            _("Nobody would be left to manage the accounts of the whole territory."),
            _("Make someone else an administrator of the whole first."),
            code="last_administrator",
        )


def _known(role: RoleName | str) -> str:
    if role not in set(RoleName):
        names = ", ".join(RoleName)
        raise Refused(
            _("%(role)s is not a role.") % {"role": role},
            _("Known ones: %(names)s.") % {"names": names},
            code="bad_role",
        )
    return RoleName(role).value


def _check_email(email: str) -> None:
    try:
        validate_email(email if len(email) <= 254 else "")
    except ValidationError as error:
        raise Refused(_("%(email)s is not an email address.") % {"email": email[:80]}, code="bad_email") from error


def _check_password(password: str, person: Person) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        grounds = [Ground("weak_password", message) for message in error.messages]
        raise Refused(_("This password is too weak."), "", grounds, "weak_password") from error


def _clean_name(name: str) -> str:
    return " ".join("".join(letter for letter in name if letter.isprintable()).split())[:120]
