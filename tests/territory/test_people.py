"""Accounts by invitation, roles given and taken: all of it audited, and never nobody left in charge."""

import pytest
from django.contrib.auth import authenticate

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory import people
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Commune, Person
from mitoyen.territory.perms import Scope

pytestmark = pytest.mark.django_db
ADMIN = "administration@example.org"


@pytest.fixture
def lea(angers):
    return people.invite("Lea@Example.org ", "Léa  Martin", [(RoleName.ENERGY_OFFICER, angers)], ADMIN).person


def roles(person: Person) -> set[tuple[str, str | None]]:
    return set(person.roles.values_list("name", "commune"))


def acts() -> list[tuple[str, str]]:
    about_people = AuditEntry.objects.exclude(subject="territory")
    return list(about_people.values_list("action", "subject"))


def test_an_invitation_opens_an_account_with_its_roles_and_a_password_to_hand_over_once(angers):
    invitation = people.invite("lea@example.org", "Léa", [(RoleName.READER, angers)], ADMIN)
    person = Person.objects.get()
    assert person.check_password(invitation.password)
    assert person.has_one_time_password
    assert roles(person) == {("reader", "49007")}
    assert acts() == [("account.opened", "lea@example.org"), ("role.given", "lea@example.org")]


def test_addresses_and_names_are_tidied(lea):
    assert (lea.email, lea.name) == ("lea@example.org", "Léa Martin")


def test_a_password_of_ones_own_is_kept_but_must_be_strong(angers):
    with pytest.raises(Refused) as refusal:
        people.invite("lea@example.org", "Léa", [], ADMIN, password="12345")
    assert refusal.value.code == "weak_password"
    invitation = people.invite("lea@example.org", "Léa", [], ADMIN, password="un-cheval-bleu-sur-la-Loire")
    assert invitation.password == ""
    assert not invitation.person.has_one_time_password


def test_one_time_passwords_are_never_the_same():
    assert len({people.one_time_password() for _n in range(1000)}) == 1000


@pytest.mark.parametrize("email", ["", "lea", "lea@", "<b>@example.org", "a" * 300 + "@example.org"])
def test_what_is_no_address_is_refused(email):
    with pytest.raises(Refused) as refusal:
        people.invite(email, "Léa", [], ADMIN)
    assert refusal.value.code == "bad_email"
    assert not Person.objects.exists()


def test_an_account_is_opened_once(lea):
    with pytest.raises(Refused) as refusal:
        people.invite("LEA@example.org", "Léa", [], ADMIN)
    assert refusal.value.code == "already_there"


def test_roles_are_made_what_is_asked_and_each_change_is_audited(lea, angers, avrille):
    people.set_roles(lea, [(RoleName.ENERGY_OFFICER, avrille), (RoleName.READER, None)], ADMIN)
    assert roles(lea) == {("energy_officer", "49015"), ("reader", None)}
    assert sorted(action for action, _subject in acts()[2:]) == ["role.given", "role.given", "role.taken"]


def test_a_commune_s_administrator_leaves_the_other_communes_roles_alone(lea, angers, avrille):
    mine = Scope(whole=False, communes=frozenset({avrille.insee}))
    people.set_roles(lea, [(RoleName.CONTRACTOR, avrille)], ADMIN, within=mine)
    assert roles(lea) == {("energy_officer", "49007"), ("contractor", "49015")}
    people.set_roles(lea, [], ADMIN, within=mine)
    assert roles(lea) == {("energy_officer", "49007")}


@pytest.mark.parametrize("insee", ["49007", None])
def test_a_role_outside_the_scope_is_refused(lea, avrille, insee):
    mine = Scope(whole=False, communes=frozenset({avrille.insee}))
    place = Commune.objects.get(insee=insee) if insee else None
    with pytest.raises(Refused) as refusal:
        people.set_roles(lea, [(RoleName.ADMINISTRATOR, place)], ADMIN, within=mine)
    assert refusal.value.code == "beyond_scope"
    assert roles(lea) == {("energy_officer", "49007")}


def test_an_unknown_role_is_refused(lea):
    with pytest.raises(Refused, match="energy_officer") as refusal:
        people.add_role(lea, "king", None, ADMIN)
    assert refusal.value.code == "bad_role"


def test_a_role_is_added_and_removed(lea, angers):
    people.add_role(lea, "reader", None, ADMIN)
    people.add_role(lea, "reader", None, ADMIN)
    assert roles(lea) == {("energy_officer", "49007"), ("reader", None)}
    people.remove_role(lea, "energy_officer", angers, ADMIN)
    assert roles(lea) == {("reader", None)}
    with pytest.raises(Refused) as refusal:
        people.remove_role(lea, "energy_officer", angers, ADMIN)
    assert refusal.value.code == "no_such_role"


def test_two_who_change_the_same_person_s_roles_undo_nothing_of_each_other(lea, angers, avrille):
    seen_before = Person.objects.prefetch_related("roles").get(pk=lea.pk)
    people.add_role(lea, RoleName.READER, avrille, ADMIN)
    people.add_role(seen_before, RoleName.CONTRACTOR, angers, ADMIN)
    stale = Person.objects.prefetch_related("roles").get(pk=lea.pk)
    people.remove_role(lea, RoleName.READER, avrille, ADMIN)
    people.remove_role(stale, RoleName.CONTRACTOR, angers, ADMIN)
    assert roles(lea) == {("energy_officer", "49007")}
    assert [action for action, _subject in acts()].count("role.taken") == 2


def test_the_last_administrator_of_the_whole_stays(db):
    only = people.invite("admin@example.org", "A", [(RoleName.ADMINISTRATOR, None)], "mitoyen people add").person
    with pytest.raises(Refused) as refusal:
        people.remove_role(only, RoleName.ADMINISTRATOR, None, ADMIN)
    assert refusal.value.code == "last_administrator"
    with pytest.raises(Refused):
        people.deactivate(only, ADMIN)
    assert Person.objects.get().is_active
    assert roles(only) == {("administrator", None)}
    people.invite("other@example.org", "B", [(RoleName.ADMINISTRATOR, None)], ADMIN)
    people.deactivate(only, ADMIN)
    assert not Person.objects.get(email="admin@example.org").is_active


def test_a_closed_account_can_t_sign_in_and_can_be_opened_again(lea, rf):
    lea.set_password("un-cheval-bleu-sur-la-Loire")
    lea.save()
    request = rf.post("/compte/login/")
    credentials = {"email": "lea@example.org", "password": "un-cheval-bleu-sur-la-Loire"}
    people.deactivate(lea, ADMIN)
    assert authenticate(request, **credentials) is None
    people.reactivate(lea, ADMIN)
    assert authenticate(request, **credentials) == lea
    assert [action for action, _subject in acts()[-2:]] == ["account.closed", "account.reopened"]


def test_a_reset_gives_a_new_one_time_password(lea):
    password = people.reset_password(lea, ADMIN)
    person = Person.objects.get()
    assert person.check_password(password)
    assert person.has_one_time_password
    assert password not in "".join(AuditEntry.objects.values_list("detail", flat=True))


def test_an_account_is_found_by_its_address_or_refused(lea):
    assert people.person_of(" LEA@example.org") == lea
    with pytest.raises(Refused) as refusal:
        people.person_of("nobody@example.org")
    assert refusal.value.code == "no_account"
