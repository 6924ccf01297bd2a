"""Who may do what: every rule, for every role, in one's commune, elsewhere, and outside of the territory.

The table says which roles a rule grants; whatever it does not name must be refused.
"""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from mitoyen.ledger.models import Job
from mitoyen.territory import perms
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Person, Role, Thing

R = RoleName
ENERGY = {R.ENERGY_OFFICER, R.OPERATOR, R.ADMINISTRATOR}
ALL_BUT_PARTNER = set(R) - {R.PARTNER}

# Rules that ask about a commune: granted there, and anywhere to whom has the role on the whole territory.
IN_A_COMMUNE = {
    perms.can_see_commune: ALL_BUT_PARTNER,
    perms.can_import: ENERGY,
    perms.can_correct: ENERGY,
    perms.can_decide_finding: ENERGY,
    perms.can_record_action: ENERGY,
    perms.can_edit_thing: ENERGY,
    perms.can_swap_meter: ENERGY | {R.CONTRACTOR},
    perms.can_see_people: {R.DATA_PROTECTION_OFFICER, R.ADMINISTRATOR},
    perms.can_manage_accounts: {R.ADMINISTRATOR},
}
# Rules that a role grants wherever it holds.
ANYWHERE = {
    perms.can_see_desk: ALL_BUT_PARTNER,
    perms.can_import_somewhere: ENERGY,
    perms.can_evaluate: ENERGY | {R.EVALUATOR},
    perms.must_have_second_factor: {R.ADMINISTRATOR},
    perms.lacks_second_factor: {R.ADMINISTRATOR},
}
# Rules that only a role on the whole territory grants.
ON_THE_WHOLE = {
    perms.can_load_communes: {R.OPERATOR, R.ADMINISTRATOR},
    perms.can_manage_partners: {R.OPERATOR, R.ADMINISTRATOR},
    perms.can_read_audit: {R.EVALUATOR, R.DATA_PROTECTION_OFFICER, R.ADMINISTRATOR},
}


@pytest.fixture
def agent(db):
    def make(role=None, commune=None, email="agent@example.org", **fields):
        person = Person.objects.create_user(email, **fields)
        if role is not None:
            Role.objects.create(person=person, name=role, commune=commune)
        return person

    return make


def name(rule):
    return rule.__name__


@pytest.mark.parametrize("role", R)
@pytest.mark.parametrize("rule", IN_A_COMMUNE, ids=name)
class TestInACommune:
    def test_a_role_in_a_commune_holds_there_and_nowhere_else(self, agent, angers, avrille, rule, role):
        person = agent(role, angers)
        granted = role in IN_A_COMMUNE[rule]
        assert rule(person, angers) is granted
        assert rule(person, angers.insee) is granted
        assert rule(person, avrille) is False
        assert rule(person, None) is False

    def test_a_role_on_the_whole_territory_holds_everywhere_and_outside(self, agent, angers, rule, role):
        person = agent(role)
        assert rule(person, angers) is (role in IN_A_COMMUNE[rule])
        assert rule(person, None) is (role in IN_A_COMMUNE[rule])


@pytest.mark.parametrize("role", R)
@pytest.mark.parametrize("rule", ANYWHERE, ids=name)
def test_a_rule_that_any_scope_grants(agent, angers, rule, role):
    assert rule(agent(role, angers)) is (role in ANYWHERE[rule])
    assert rule(agent(role, email="whole@example.org")) is (role in ANYWHERE[rule])


@pytest.mark.parametrize("role", R)
@pytest.mark.parametrize("rule", ON_THE_WHOLE, ids=name)
def test_a_rule_that_only_the_whole_grants(agent, angers, rule, role):
    assert rule(agent(role)) is (role in ON_THE_WHOLE[rule])
    assert rule(agent(role, angers, "commune@example.org")) is False


@pytest.mark.parametrize("rule", [*IN_A_COMMUNE, *ANYWHERE, *ON_THE_WHOLE], ids=name)
class TestNobody:
    def arguments(self, rule, person):
        return (person, None) if rule in IN_A_COMMUNE else (person,)

    def test_a_visitor_may_not(self, db, rule):
        assert rule(*self.arguments(rule, AnonymousUser())) is False

    def test_someone_without_role_may_not(self, agent, rule):
        assert rule(*self.arguments(rule, agent())) is False

    def test_a_closed_account_may_not(self, agent, rule):
        assert rule(*self.arguments(rule, agent(R.ADMINISTRATOR, is_active=False))) is False


def test_every_rule_is_in_the_table_above_and_in_the_module_s():
    rules = {rule for rule in vars(perms) if rule.startswith(("can_", "must_", "lacks_", "is_"))}
    apart = {"can_undo_batch", "can_grant", "can_close_account", "can_see_job", "is_second_factor_overdue"}
    tested = {rule.__name__ for rule in (*IN_A_COMMUNE, *ANYWHERE, *ON_THE_WHOLE)}
    assert rules == tested | apart
    assert perms.__doc__ is not None
    assert [rule for rule in sorted(rules) if f"| {rule}(" not in perms.__doc__] == []


def test_a_batch_is_taken_back_by_who_may_import_in_each_of_its_communes(agent, angers, avrille):
    person = agent(R.ENERGY_OFFICER, angers)
    assert perms.can_undo_batch(person, [angers])
    assert not perms.can_undo_batch(person, [angers, avrille])
    assert not perms.can_undo_batch(person, [angers, None])
    Role.objects.create(person=person, name=R.OPERATOR, commune=avrille)
    assert perms.can_undo_batch(person, [angers, avrille])


def test_a_batch_that_touches_no_commune_belongs_to_the_whole(agent, angers):
    assert not perms.can_undo_batch(agent(R.ENERGY_OFFICER, angers), [])
    assert perms.can_undo_batch(agent(R.ENERGY_OFFICER, email="whole@example.org"), [])
    assert not perms.can_undo_batch(agent(R.READER, email="reader@example.org"), [])


def test_roles_are_given_within_one_s_own_scope(agent, angers, avrille):
    person = agent(R.ADMINISTRATOR, angers)
    assert perms.can_grant(person, R.ENERGY_OFFICER, angers)
    assert not perms.can_grant(person, R.ENERGY_OFFICER, avrille)
    assert not perms.can_grant(person, R.ADMINISTRATOR, None)
    assert not perms.can_grant(person, "king", angers)
    assert not perms.can_grant(agent(R.OPERATOR, email="operator@example.org"), R.READER, angers)


def test_an_account_is_closed_by_who_manages_all_of_its_roles_but_never_one_s_own(agent, angers, avrille):
    other = agent(R.READER, angers, "other@example.org")
    person = agent(R.ADMINISTRATOR, angers)
    assert perms.can_close_account(person, other)
    assert not perms.can_close_account(person, person)
    assert not perms.can_close_account(other, person)
    Role.objects.create(person=other, name=R.READER, commune=avrille)
    assert not perms.can_close_account(person, other)
    assert not perms.can_close_account(AnonymousUser(), other)


def test_an_account_without_role_is_closed_by_who_manages_the_whole(agent, angers):
    other = agent(email="other@example.org")
    assert not perms.can_close_account(agent(R.ADMINISTRATOR, angers), other)
    assert perms.can_close_account(agent(R.ADMINISTRATOR, email="whole@example.org"), other)


def test_a_job_is_seen_by_who_asked_and_by_who_runs_the_territory(agent, angers):
    job = Job.objects.create(kind="import", asked_by="agent@example.org")
    assert perms.can_see_job(agent(R.ENERGY_OFFICER, angers), job)
    assert not perms.can_see_job(agent(R.ENERGY_OFFICER, angers, "other@example.org"), job)
    assert not perms.can_see_job(agent(R.OPERATOR, angers, "angers@example.org"), job)
    assert perms.can_see_job(agent(R.OPERATOR, email="operator@example.org"), job)
    assert not perms.can_see_job(AnonymousUser(), job)


class TestSecondFactor:
    def late(self, person):
        Person.objects.filter(pk=person.pk).update(joined_at=timezone.now() - perms.GRACE - timedelta(minutes=1))
        person.refresh_from_db()
        return person

    def test_a_new_administrator_has_14_days(self, agent):
        person = agent(R.ADMINISTRATOR)
        assert not perms.is_second_factor_overdue(person)
        assert perms.can_manage_accounts(person, None)

    def test_after_that_accounts_are_out_of_reach_but_the_rest_is_not(self, agent):
        person = self.late(agent(R.ADMINISTRATOR))
        assert perms.is_second_factor_overdue(person)
        assert not perms.can_manage_accounts(person, None)
        assert perms.can_import(person, None)

    def test_a_second_factor_settles_it(self, agent):
        person = self.late(agent(R.ADMINISTRATOR))
        Authenticator.objects.create(user=person, type=Authenticator.Type.TOTP, data={"secret": "x"})
        assert not perms.lacks_second_factor(person)
        assert perms.can_manage_accounts(person, None)

    def test_others_need_none(self, agent):
        person = self.late(agent(R.ENERGY_OFFICER))
        assert not perms.lacks_second_factor(person)
        assert not perms.is_second_factor_overdue(person)


def test_a_scope_filters_lists(agent, angers, avrille):
    for slug, commune in (("a", angers), ("b", avrille), ("c", None)):
        Thing.objects.create(slug=slug, name=slug, kind="building", commune=commune)
    mine = perms.scope(agent(R.ENERGY_OFFICER, angers), perms.MANAGE_ENERGY)
    whole = perms.scope(agent(R.OPERATOR, email="whole@example.org"), perms.MANAGE_ENERGY)
    nowhere = perms.scope(AnonymousUser(), perms.MANAGE_ENERGY)
    found = [[thing.slug for thing in scope.restrict(Thing.objects.all())] for scope in (mine, whole, nowhere)]
    assert found == [["a"], ["a", "b", "c"], []]
    assert [bool(mine), bool(whole), bool(nowhere)] == [True, True, False]
