"""Queries per page: held, so that a list never costs one a line."""

import pytest
from django.urls import reverse

from mitoyen.operate.models import Finding
from mitoyen.territory.models import Thing

# page -> most queries, session, roles and menu included
MOST = {
    "home": 14,
    "findings": 14,
    "imports": 10,
    "batches": 9,
    "buildings": 9,
    "actions": 8,
    "corrections": 9,
    "closures": 8,
    "places": 8,
    "partners": 8,
    "accounts": 12,
    "audit": 8,
    "privacy": 6,
}


@pytest.fixture
def many(desk):
    """Twenty buildings with a finding each."""
    for number in range(20):
        thing = Thing.objects.create(slug=f"b{number}", name=f"B {number}", kind="building", commune=desk.angers)
        Finding.objects.create(
            key=f"buildings/night_base_load/{number}", rule="night_base_load", thing=thing, commune=desk.angers,
            first=desk.finding.first, last=desk.finding.last, eur=float(number), evidence={"facts": {}, "sure": True},
        )  # fmt: skip
    return desk


@pytest.mark.parametrize("name", MOST)
def test_a_page_asks_few_questions_however_long_its_list(many, sign_in, django_assert_max_num_queries, name):
    client = sign_in(many.admin)
    with django_assert_max_num_queries(MOST[name]):
        assert client.get(reverse(f"desk:{name}")).status_code == 200


def test_a_building_s_story_asks_few_questions(many, readings, sign_in, django_assert_max_num_queries):
    client = sign_in(many.admin)
    with django_assert_max_num_queries(16):
        client.get(reverse("desk:building", args=["ecole"]))
