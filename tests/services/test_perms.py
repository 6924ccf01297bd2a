"""Who may do what with requests: every rule, for every role, there, elsewhere and outside the territory."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser

from mitoyen.services import perms, timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, Way
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Person, Role
from tests.services.conftest import report

R = RoleName
HANDLE = {R.COUNTER_CLERK, R.OPERATOR, R.ADMINISTRATOR}
MODERATE = {R.MODERATOR, R.OPERATOR, R.ADMINISTRATOR}
ABOUT_A_REQUEST = {
    perms.can_see_request: HANDLE | MODERATE | {R.DATA_PROTECTION_OFFICER},
    perms.can_handle: HANDLE,
    perms.can_moderate: MODERATE,
    perms.can_decide_appeal: MODERATE,
    perms.can_see_contact: HANDLE | {R.DATA_PROTECTION_OFFICER},
    perms.can_erase: {R.DATA_PROTECTION_OFFICER, R.ADMINISTRATOR},
}
ANYWHERE = {
    perms.can_see_requests: HANDLE | MODERATE | {R.DATA_PROTECTION_OFFICER},
    perms.can_take_in: HANDLE,
    perms.can_announce: {R.OPERATOR, R.ADMINISTRATOR},
    perms.can_arrange: {R.OPERATOR, R.ADMINISTRATOR},
    perms.can_see_erasing: {R.DATA_PROTECTION_OFFICER, R.ADMINISTRATOR},
}


def agent(role, commune=None, **fields):
    person = Person.objects.create(email="agent@example.org", **fields)
    Role.objects.create(person=person, name=role, commune=commune)
    return person


@pytest.mark.parametrize("role", R)
def test_a_role_in_a_commune_holds_for_its_requests_alone(communes, role):
    person = agent(role, communes["49007"])
    here, elsewhere = report(), report(commune="49353")
    nowhere = report(service="propose_idea", raw={"title": "Un banc", "words": "Oui."}, spot=None)
    for rule, granted in ABOUT_A_REQUEST.items():
        assert rule(person, here) is (role in granted), rule.__name__
        assert rule(person, elsewhere) is False, rule.__name__
        assert rule(person, nowhere) is False, rule.__name__
    for anywhere, granted in ANYWHERE.items():
        assert anywhere(person) is (role in granted), anywhere.__name__


@pytest.mark.parametrize("role", R)
def test_a_role_on_the_whole_territory_holds_for_every_request(communes, role):
    person = agent(role)
    for request in (report(), report(service="propose_idea", raw={"title": "Un banc", "words": "Oui."}, spot=None)):
        for rule, granted in ABOUT_A_REQUEST.items():
            assert rule(person, request) is (role in granted), rule.__name__


def test_nobody_without_an_open_account_may_do_anything(communes):
    request = report()
    for someone in (agent(R.ADMINISTRATOR, is_active=False), AnonymousUser()):
        assert not any(rule(someone, request) for rule in ABOUT_A_REQUEST)
        assert not any(rule(someone) for rule in ANYWHERE)


def test_whoever_set_it_aside_does_not_decide_the_appeal(communes):
    person, request = agent(R.MODERATOR), report(Channel.WEB)
    timeline.refuse(request, "insult", "Non.", person.email)
    assert perms.can_moderate(person, request)
    assert not perms.can_decide_appeal(person, request)


def test_what_asks_for_ones_own_data_is_answered_by_the_officer(communes):
    person = agent(R.DATA_PROTECTION_OFFICER)
    asked = report(service="my_data", raw={"right": "see"}, spot=None, reach=Reach(Way.MAIL, "marie@exemple.fr"))
    assert perms.can_handle(person, asked)
    assert not perms.can_handle(person, report())


def test_the_table_in_the_docstring_is_the_functions():
    rows = re.findall(r"^\| (can_\w+)\(", perms.__doc__ or "", re.MULTILINE)
    functions = {name for name in vars(perms) if name.startswith("can_")}
    assert set(rows) == functions == {rule.__name__ for rule in (*ABOUT_A_REQUEST, *ANYWHERE)}
    assert len(rows) == len(set(rows))
    assert all(vars(perms)[name].__doc__ for name in functions)
