"""The desk's lists: one table for all of them, and what stands in its place while there is nothing to list."""

import pytest
from django.urls import reverse

from mitoyen.evaluate.models import Action, Closure
from mitoyen.ledger import audit

LISTS = {"accounts": 11, "actions": 1, "audit": 4, "buildings": 1, "closures": 1, "partners": 1, "places": 1}
"""page -> its rows in the small desk"""


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_the_desk_s_one_table_with_a_row_for_each(desk, sign_in, name):
    audit.record("someone@example.org", "batch.undo", "batch:7")
    answer = sign_in(desk.admin).get(reverse(f"desk:{name}"))
    assert "desk/list.html" in [template.name for template in answer.templates]
    page = answer.content.decode()
    assert page.count('<th scope="row"') == LISTS[name] == len(answer.context["rows"])
    assert page.count('<div class="table') == 1
    assert 'role="region" aria-label="' in page


@pytest.mark.parametrize(("name", "says"), [("actions", "Aucune action"), ("closures", "Aucun jour de fermeture")])
def test_an_empty_list_says_so_without_a_table(desk, sign_in, name, says):
    Action.objects.all().delete()
    Closure.objects.all().delete()
    page = sign_in(desk.admin).get(reverse(f"desk:{name}")).content.decode()
    assert says in page
    assert "<table" not in page
