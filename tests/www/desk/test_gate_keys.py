"""Keys made at the desk: shown once, limited as asked, known by the machines' door until they are taken out."""

import os
import re

import pytest
from django.urls import reverse

from mitoyen.gate import keys
from mitoyen.gate.keys import Holder
from mitoyen.gate.limits import Limits
from mitoyen.ledger.models import AuditEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(desk, sign_in):
    return sign_in(desk.operator)


def test_a_key_is_made_shown_once_and_taken_out(operator, desk, home):
    page = reverse("desk:gate-keys")
    given = {"name": "reseau", "may": ["uplinks"], "formats": ["chirpstack4"], "communes": ["49007"]}
    made = operator.post(page, given)
    (key,) = re.findall(r"<code>(.+)</code>", made.content.decode())
    assert "no-store" in made.headers["Cache-Control"]
    holder = keys.holder_of(home / "gate.keys", f"Bearer {key}")
    assert holder is not None
    uplinks, formats, communes = map(frozenset, (["uplinks"], ["chirpstack4"], ["49007"]))
    assert holder == Holder("reseau", Limits(uplinks, formats, communes=communes))
    listed = operator.get(page).content.decode()
    assert key not in listed
    assert "ChirpStack v4, Angers" in listed
    answer = operator.post(reverse("desk:gate-key-take-out"), {"name": "reseau"})
    assert answer.status_code == 302
    assert keys.holder_of(home / "gate.keys", f"Bearer {key}") is None
    acts = list(AuditEntry.objects.order_by("number").values_list("action", "subject"))
    assert acts[-2:] == [("gate.key_made", "reseau"), ("gate.key_revoked", "reseau")]


@pytest.mark.parametrize(
    "given",
    [
        {"name": "reseau"},
        {"name": "un nom", "may": ["read"]},
        {"name": "reseau", "may": ["read"], "formats": ["chirpstack4"]},
        {"name": "reseau", "may": ["uplinks"], "communes": ["75056"]},
    ],
)
def test_what_can_not_be_a_key_is_said_and_none_is_made(operator, home, given):
    answer = operator.post(reverse("desk:gate-keys"), given)
    assert answer.status_code == 422
    assert not (home / "gate.keys").exists()


def test_a_blank_line_is_no_key_and_what_is_left_stays_the_doors(home):
    file = home / "gate.keys"
    for name in ("one", "two"):
        keys.make_key(file, name)
    file.write_text(file.read_text() + "\n  \n")
    assert [holder.name for holder in keys.holders(file)] == ["one", "two"]
    if os.geteuid() == 0:
        os.chown(file, 1234, 1234)
    owner = file.stat().st_uid
    assert keys.revoke(file, "one") == 1
    assert (file.stat().st_uid, [holder.name for holder in keys.holders(file)]) == (owner, ["two"])
