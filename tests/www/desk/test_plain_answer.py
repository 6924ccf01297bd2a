"""Whether an answer is easy to read is told to whoever writes it, before it goes out; nothing is sent, nothing lost."""

import pytest
from django.urls import reverse

from mitoyen.ledger.models import Notice
from mitoyen.services.enums import State
from mitoyen.services.models import Request


def reread(client, request, words):
    return client.post(reverse("desk:request-act", args=[request.pk]), {"act": "reread", "words": words})


def test_what_to_mend_is_told_and_the_words_stay(desk, sign_in):
    told = Notice.objects.count()
    answer = reread(sign_in(desk.clerk), desk.demand, "Nonobstant le CCAS, ce n’est pas impossible.")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "« nonobstant » n’est pas un mot de tous les jours" in page.replace("\xa0", " ")
    assert "CCAS" in page
    assert "Deux négations" in page
    assert "Nonobstant le CCAS, ce n’est pas impossible.</textarea>" in page
    assert Request.objects.get(pk=desk.demand.pk).state == State.OPEN
    assert Notice.objects.count() == told


def test_a_plain_answer_is_said_to_be_plain(desk, sign_in):
    page = reread(sign_in(desk.clerk), desk.demand, "Une équipe passe jeudi.").content.decode()
    assert "Rien à corriger" in page


def test_who_may_not_answer_rereads_nothing(desk, sign_in):
    answer = reread(sign_in(desk.moderator), desk.demand, "Nonobstant.")
    assert answer.status_code == 422
    assert "tous les jours" not in answer.content.decode()


@pytest.mark.browser
def test_what_to_mend_is_shown_without_fault(desk, sign_in, open_page, axe):
    answer = reread(sign_in(desk.clerk), desk.demand, "Nonobstant le CCAS, ce n’est pas impossible.")
    for width in (320, 1280):
        page = open_page("/accessibilite/", width=width)
        page.set_content(answer.content.decode())
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
