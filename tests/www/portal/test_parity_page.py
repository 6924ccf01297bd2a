"""“The same service for everyone?” on the portal, and the alert at the desk."""

import re

import pytest
from django.test import Client

from mitoyen.demo import costs as example
from mitoyen.services.enums import Channel
from mitoyen.services.parity import keeping
from mitoyen.territory.enums import Origin, RoleName
from mitoyen.www.portal import cache
from tests.services.parity.test_report import ask
from tests.www.desk.conftest import person

PAGE = "/le-meme-service-pour-tous/"


def words(answer):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.fixture
def slow_paper(db, home):
    ask(60, Channel.WEB, passed=0.2)
    ask(40, Channel.PAPER, days=4.0, ends=5.0, passed=3.2)
    ask(3, Channel.SMS)
    keeping.keep()


def test_before_the_first_measure_it_says_so(db, home):
    assert "Rien n’est encore mesuré" in words(Client().get(PAGE))


def test_a_worse_channel_is_said_in_plain_words_with_its_step(slow_paper):
    page = words(Client().get(PAGE))
    assert "sur papier : on attend la réponse environ 3 jours de plus que sur le site" in page
    assert "avant qu’elle arrive à la bonne équipe" in page


def test_few_are_too_few_and_small_counts_are_not_written(slow_paper):
    page = Client().get(PAGE)
    assert "trop peu pour le dire" in words(page)
    assert re.findall(r'<td class="n">(\d+)</td>', page.content.decode()) == ["60"]


def test_without_a_worse_one_it_claims_no_equality(db, home):
    ask(60, Channel.WEB)
    ask(40, Channel.PHONE)
    keeping.keep()
    assert "Ce n’est pas la preuve" in words(Client().get(PAGE))


def test_made_up_requests_are_marked(db, home):
    ask(60, Channel.WEB, origin=Origin.GENERATED)
    keeping.keep()
    assert "Demandes générées" in words(Client().get(PAGE))


def test_the_desk_is_told_where_requests_are_seen(slow_paper, client):
    client.force_login(person("clerk@example.org", (RoleName.COUNTER_CLERK, None)))
    assert "sur papier : on attend la réponse" in words(client.get("/bureau/demandes/"))


def test_the_desk_is_told_nothing_without_cause(db, home, client):
    client.force_login(person("clerk@example.org", (RoleName.COUNTER_CLERK, None)))
    assert "on attend la réponse" not in words(client.get("/bureau/demandes/"))


def test_costs_are_a_sourced_table_or_unknown_with_how_to_give_them(slow_paper, home):
    page = words(Client().get(PAGE))
    assert "c’est donc inconnu. La collectivité peut le donner" in page
    assert "Chiffres d’exemple" not in page
    (home / "costs.toml").write_text(
        "[hour]\neuros = 30\nsource = 'service de paie'\non = 2026-01-31\n"
        "[channel.paper]\nminutes = 16\neuros = 1.9\nsource = 'une semaine'\non = 2026-03-01\n"
    )
    cache.clear()
    page = words(Client().get(PAGE))
    assert "Sur papier 16 min 1,90 € 9,90 € une semaine, 1 mars 2026" in page
    assert "Au guichet inconnu" in page
    assert "compte pour 30 € (service de paie, 31 janvier 2026)" in page
    assert "Chiffres d’exemple" not in page


def test_made_up_costs_are_marked(slow_paper, home):
    example.make()
    assert "Chiffres d’exemple, inventés" in words(Client().get(PAGE))


def test_a_table_with_a_fault_leaves_the_page_standing(slow_paper, home):
    (home / "costs.toml").write_text("[hour")
    assert "c’est donc inconnu" in words(Client().get(PAGE))
