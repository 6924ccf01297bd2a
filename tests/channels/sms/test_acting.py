"""A code with words after it, by SMS: what the follow-up page allows, and nothing else."""

import pytest
from django.test import Client

from mitoyen.channels.sms import acting, talk
from mitoyen.channels.sms.models import Dialogue
from mitoyen.ledger import gsm7
from mitoyen.services import codes, throttle, timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import State, Way
from mitoyen.services.models import Request
from tests.channels.sms.conftest import MARIE
from tests.services.conftest import report

NUMBER = "+" + MARIE


def say(text, number=NUMBER):
    """What is sent back, as it is sent."""
    return gsm7.plain(talk.answer(number, text)[0].text)


def shown(request):
    return codes.shown(request.code)


def last(request):
    fact = request.facts.last()
    return fact.kind, fact.words, fact.channel


def state(request):
    return Request.objects.get(pk=request.pk).state


@pytest.fixture
def asked(communes):
    return report()


def test_words_after_the_code_complete_a_request_under_way(asked):
    assert f"Envoyez {shown(asked)} puis vos mots" in say(shown(asked))
    assert say(f"{shown(asked)} il est devant le 5") == f"C'est ajouté à {shown(asked)}."
    assert last(asked) == ("added", "il est devant le 5", "sms")


def test_they_open_again_what_was_answered_or_finished(asked):
    for end in (timeline.answer, timeline.close):
        end(asked, "Réparé.", "agent@example.org")
        assert f"Pas réglé ? Envoyez {shown(asked)}" in say(shown(asked))
        assert "rouverte" in say(f"{shown(asked).lower()} : il clignote encore")
        assert last(asked) == ("reopened", "il clignote encore", "sms")
        assert state(asked) == State.OPEN
    assert Request.objects.get(pk=asked.pk).reopened == 2


def test_thanks_open_nothing_again(asked):
    timeline.close(asked, "Réparé.", "agent@example.org")
    assert "reste en l'état" in say(f"{shown(asked)} Merci beaucoup !")
    assert (state(asked), last(asked)) == (State.CLOSED, ("added", "Merci beaucoup !", "sms"))


def test_they_contest_once_what_was_set_aside(asked):
    timeline.refuse(asked, "off_topic", "Sans rapport.", "moderator@example.org")
    assert "Pas d'accord ?" in say(shown(asked))
    assert "Une autre personne relit" in say(f"{shown(asked)} si, c'est votre rue")
    assert last(asked)[:2] == ("appealed", "si, c'est votre rue")
    assert "déjà contesté" in say(f"{shown(asked)} encore une fois")
    assert asked.facts.filter(kind="appealed").count() == 1


def test_each_ends_in_the_fact_that_the_page_makes(communes):
    """The same words with the code by SMS and on the page."""
    for end in (None, "answer", "close", "refuse"):
        facts = []
        for _way in ("sms", "web"):
            one = report()
            if end == "refuse":
                timeline.refuse(one, "off_topic", "Sans rapport.", "moderator@example.org")
            elif end:
                getattr(timeline, end)(one, "Réparé.", "agent@example.org")
            if _way == "sms":
                say(f"{shown(one)} Il clignote encore.")
            else:
                act = {None: "add", "refuse": "contest"}.get(end, "reopen")
                Client().post("/suivre/", {"code": one.code, "act": act, "words": "Il clignote encore."})
            facts.append((last(one)[:2], state(one)))
        assert facts[0] == facts[1]


def test_stop_after_a_code_ends_what_is_told_because_of_it(communes):
    one = report(service="be_told", raw={"topics": ["flood"]}, reach=Reach(Way.SMS, NUMBER))
    assert one.subscriptions.filter(ended_at=None).exists()
    assert "on ne vous écrit plus" in say(f"{shown(one)} STOP")
    assert not one.subscriptions.filter(ended_at=None).exists()


def test_wrong_codes_with_words_are_counted_and_throttled(asked):
    for _try in range(28):
        throttle.count("wrong_code", NUMBER)
    for _try in range(2):
        assert "Aucune demande" in say(f"{codes.shown(codes.new_code())} il clignote")
    assert "Trop de codes" in say(f"{shown(asked)} il clignote")
    assert asked.facts.count() == 1
    assert "C'est ajouté" in say(f"{shown(asked)} il clignote", "+33612345679")


def test_an_answer_in_a_dialogue_is_no_code_unless_it_is_a_right_one(asked):
    say("SIGNALER")
    say("1")
    say("12 rue des Ponts, Angers")
    assert Dialogue.objects.exists()
    assert asked.facts.count() == 1
    assert "C'est ajouté" in say(f"{shown(asked)} devant le 5")
    assert Dialogue.objects.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("K7M-2XA-9FC il clignote", True),
        ("Il clignote devant le 5", False),
        ("signaler un trou", False),
        ("K7M-2XA-9FC", False),
    ],
)
def test_what_is_a_code_with_words(text, code, monkeypatch):
    monkeypatch.setattr(codes, "read", lambda typed: typed if typed.startswith("K7M") else None)
    assert (acting.parted(text) is not None) is code
