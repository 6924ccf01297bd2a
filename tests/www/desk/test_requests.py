"""Requests at the desk and at the counter: who does what, what the person is told, the same record as on the web."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.services import timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, State, Way
from mitoyen.services.models import Request
from mitoyen.territory.enums import RoleName
from tests.www.desk.conftest import person, report

GOOD = {"q-category": "road", "q-place": "Angers", "q-words": "Un trou.", "contact-way": "none"}


def act(client, request, name, **form):
    return client.post(reverse("desk:request-act", args=[request.pk]), {"act": name, **form})


def again(request):
    return Request.objects.get(pk=request.pk)


def test_a_clerk_answers_and_the_person_is_told_in_the_way_they_chose(desk, sign_in):
    request = report("Un trou.", desk.angers, reach=Reach(Way.SMS, "+33612345678", "Marie"))
    assert act(sign_in(desk.clerk), request, "answer", words="Une équipe passe jeudi.").status_code == 302
    assert again(request).state == State.ANSWERED
    told = Notice.objects.filter(about=f"request:{request.code}").order_by("pk")
    assert [notice.way for notice in told] == ["sms", "sms"]
    assert "Une équipe passe jeudi." in told[1].body
    assert AuditEntry.objects.filter(action="request.answered", subject=request.code, actor=desk.clerk.email).exists()


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("answer", {"words": "x"}),
        ("close", {"words": "x"}),
        ("pass_on", {"team": "water"}),
        ("move", {"commune": "49353"}),
    ],
)
def test_a_moderator_reads_but_does_not_handle(desk, sign_in, name, form):
    assert act(sign_in(desk.moderator), desk.demand, name, **form).status_code == 403
    assert again(desk.demand).state == State.OPEN


@pytest.mark.parametrize("name", ["refuse", "release"])
def test_a_clerk_handles_but_does_not_moderate(desk, sign_in, name):
    assert act(sign_in(desk.clerk), desk.demand, name, reason="insult", words="x").status_code == 403


def test_an_answer_without_words_is_refused_and_nothing_is_told(desk, sign_in):
    answer = act(sign_in(desk.clerk), desk.demand, "answer", words="  ")
    assert answer.status_code == 422
    assert "Écrivez ce qu’il faut dire à la personne." in answer.content.decode()
    assert again(desk.demand).state == State.OPEN


def test_who_set_aside_does_not_decide_when_it_is_contested(desk, sign_in):
    other = person("other.moderator@example.org", (RoleName.MODERATOR, desk.angers))
    timeline.refuse(desk.demand, "off_topic", "Hors sujet.", desk.moderator.email)
    timeline.appeal(desk.demand, "Pas du tout.", Channel.WEB)
    assert act(sign_in(desk.moderator), desk.demand, "release").status_code == 403
    assert act(sign_in(other), desk.demand, "release").status_code == 302
    assert again(desk.demand).state == State.OPEN


def test_moved_to_the_next_commune_it_keeps_its_code_and_changes_hands(desk, sign_in):
    assert act(sign_in(desk.clerk), desk.demand, "move", commune=desk.trelaze.insee).status_code == 302
    moved = again(desk.demand)
    assert (moved.commune, moved.code) == (desk.trelaze, desk.demand.code)
    assert sign_in(desk.clerk).get(reverse("desk:request", args=[moved.pk])).status_code == 403
    assert sign_in(desk.clerk_trelaze).get(reverse("desk:request", args=[moved.pk])).status_code == 200


def test_a_joined_request_is_answered_with_the_first_one(desk, sign_in):
    second = report("Le même trou.", desk.angers, reach=Reach(Way.MAIL, "luc@exemple.fr"))
    client = sign_in(desk.clerk)
    assert act(client, second, "join", code=desk.demand.code).status_code == 302
    act(client, desk.demand, "close", words="Rebouché.")
    assert again(second).state == State.CLOSED
    assert "Rebouché." in Notice.objects.filter(to="luc@exemple.fr").latest("pk").body


def test_only_those_who_handle_see_who_asked(desk, sign_in):
    request = report("Un trou.", desk.angers, reach=Reach(Way.MAIL, "marie@exemple.fr", "Marie"))
    address = reverse("desk:request", args=[request.pk])
    assert "marie@exemple.fr" in sign_in(desk.clerk).get(address).content.decode()
    assert "marie@exemple.fr" not in sign_in(desk.moderator).get(address).content.decode()


def test_the_list_shows_one_s_communes_the_most_urgent_first_and_opens_a_code(desk, sign_in):
    report("Ailleurs.", desk.trelaze)
    client = sign_in(desk.clerk)
    page = client.get(reverse("desk:requests")).content.decode()
    assert "Trélazé" not in page
    found = client.get(reverse("desk:requests"), {"code": desk.demand.code.lower()})
    assert found.url == reverse("desk:request", args=[desk.demand.pk])


def test_the_list_costs_few_queries_however_long(desk, sign_in, django_assert_max_num_queries):
    for number in range(30):
        report(f"Trou {number}.", desk.angers)
    client = sign_in(desk.clerk)
    with django_assert_max_num_queries(10):
        client.get(reverse("desk:requests"))


def test_the_counter_ends_in_the_same_record_as_the_web(desk, sign_in):
    """But for the code, the times and who took it in, a request is the same whichever way it came."""
    address = reverse("desk:counter-form", args=["report_problem"])
    taken = sign_in(desk.clerk).post(address, {"token": str(uuid.uuid4()), **GOOD, "canal": "guichet"})
    Client().post("/services/report_problem/", {"token": str(uuid.uuid4()), **GOOD})
    web, counter = Request.objects.get(channel="web"), Request.objects.get(taken_by=desk.clerk.email)
    assert taken.url == reverse("desk:receipt", args=[counter.pk])
    for field in ("service", "version", "answers", "category", "commune_id", "team", "longitude", "promised_for"):
        assert getattr(web, field) == getattr(counter, field), field
    assert (web.state, counter.state) == (State.HELD, State.OPEN)


def test_the_phone_is_a_channel_of_its_own_with_words_to_say(desk, sign_in):
    client = sign_in(desk.clerk)
    address = reverse("desk:counter-form", args=["report_problem"])
    assert "Je vous pose quelques questions" in client.get(address, {"canal": "telephone"}).content.decode()
    answer = client.post(address, {"token": str(uuid.uuid4()), **GOOD, "canal": "telephone"}, follow=True)
    request = Request.objects.get(channel=Channel.PHONE)
    assert " ".join(request.code[:3]) in answer.content.decode()


def test_a_clerk_takes_in_for_another_commune_and_still_prints_the_receipt(desk, sign_in):
    client = sign_in(desk.clerk)
    address = reverse("desk:counter-form", args=["report_problem"])
    answer = client.post(address, {"token": str(uuid.uuid4()), **GOOD, "q-place": "Trélazé"}, follow=True)
    assert answer.status_code == 200
    assert Request.objects.latest("pk").commune == desk.trelaze


def test_the_team_is_told_what_becomes_its_own_never_who_asked(desk, sign_in):
    client = sign_in(desk.operator)
    for commune, email in (("", "rues@metropole.example"), (desk.trelaze.insee, "rues@trelaze.example")):
        form = {"team": "report_problem.roads", "commune": commune, "email": email}
        assert client.post(reverse("desk:team-record"), form).status_code == 302
    request = report("Un trou.", desk.angers, reach=Reach(Way.MAIL, "marie@exemple.fr", "Marie"))
    notice = Notice.objects.get(to="rues@metropole.example")
    assert request.team == "roads"
    assert "Un trou." in notice.body
    assert "marie@exemple.fr" not in notice.body
    assert "Marie" not in notice.body
    timeline.move(request, desk.trelaze, "", desk.clerk.email)
    assert Notice.objects.filter(to="rues@trelaze.example").count() == 1


def test_a_team_without_address_fails_nobody(desk):
    request = report("Un trou.", desk.angers)
    assert not Notice.objects.filter(about=f"request:{request.code}").exists()


def test_someone_of_one_commune_speaks_for_that_commune_alone(desk, sign_in):
    client = sign_in(desk.admin_trelaze)
    form = {"team": "report_problem.roads", "email": "x@exemple.fr"}
    for commune in ("", desk.angers.insee):
        assert client.post(reverse("desk:team-record"), {**form, "commune": commune}).status_code == 422
    assert client.post(reverse("desk:team-record"), {**form, "commune": desk.trelaze.insee}).status_code == 302


def test_hours_of_a_place_to_meet_become_times_that_people_choose(desk, sign_in):
    client = sign_in(desk.operator)
    address = reverse("desk:venue", args=[desk.venue.pk])
    hours = {"weekday": 3, "starts": "14:00", "ends": "16:00", "minutes": 60, "seats": 2}
    assert client.post(address, hours).status_code == 302
    assert client.post(address, {**hours, "starts": "15:00"}).status_code == 422
    assert client.post(address, {**hours, "weekday": 4, "ends": "13:00"}).status_code == 422
    offered = Client().get("/services/digital_help/").content.decode()
    assert "jeudi" in offered
    assert "Parc" in offered
    assert client.post(reverse("desk:venue-close", args=[desk.venue.pk])).status_code == 302
    assert "Parc" not in Client().get("/services/digital_help/").content.decode()


@pytest.mark.parametrize("channel", [Channel.MAIL, Channel.OPEN311, Channel.PAPER])
def test_what_is_likely_the_same_is_offered_to_the_clerk_and_joined_without_losing_anyone(desk, sign_in, channel):
    first = report("Un trou.", desk.trelaze, reach=Reach(Way.MAIL, "a@exemple.fr"))
    second = report("Le trou.", desk.trelaze, channel, Reach(Way.MAIL, "b@exemple.fr"))
    Request.objects.filter(pk=second.pk).update(state=State.OPEN)
    client = sign_in(desk.clerk_trelaze)
    page = client.get(reverse("desk:request", args=[second.pk])).content.decode()
    assert "Peut-être la même chose" in page
    assert first.code in page
    assert act(client, second, "join", code=first.code).status_code == 302
    assert again(second).joined_to_id == first.pk
    assert "votre code reste" in Notice.objects.filter(to="b@exemple.fr").latest("pk").body
    act(client, first, "close", words="Il est rebouché.")
    for asked, to in ((first, "a@exemple.fr"), (second, "b@exemple.fr")):
        assert again(asked).state == State.CLOSED
        assert "Il est rebouché." in Notice.objects.filter(to=to).latest("pk").body
