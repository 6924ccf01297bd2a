"""Every act in every state, and what follows from it for the person, the desk and the requests joined to it."""

import pytest

from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.services import following, timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.services.models import Appointment, Request
from tests.services.conftest import MARIE, report

BY, OTHER = "clerk@example.org", "moderator@example.org"
ACTS = {
    "answer": lambda r, _all: timeline.answer(r, "Bonjour.", BY),
    "close": lambda r, _all: timeline.close(r, "C’est fait.", BY),
    "reopen": lambda r, _all: timeline.reopen(r, "Encore.", BY),
    "add": lambda r, _all: timeline.add_words(r, "Devant le 12.", Channel.SMS),
    "note": lambda r, _all: timeline.note_between_agents(r, "Entre nous.", BY),
    "pass_on": lambda r, _all: timeline.pass_on(r, "water", "", BY),
    "move": lambda r, all_: timeline.move(r, all_["49353"], "", BY),
    "join": lambda r, _all: timeline.join(r, report(Channel.IMPORT), BY),
    "release": lambda r, _all: timeline.release(r, OTHER),
    "refuse": lambda r, _all: timeline.refuse(r, "insult", "Non.", BY),
    "appeal": lambda r, _all: timeline.appeal(r, "Si.", Channel.MAIL),
}
# act -> the states in which it may be done, and the state that it leads to (None: the same).
ALLOWED = {
    "answer": ("open answered", State.ANSWERED),
    "close": ("open answered", State.CLOSED),
    "reopen": ("answered closed", State.OPEN),
    "add": ("held open answered", None),
    "note": ("held open answered closed refused unknown", None),
    "pass_on": ("open answered", None),
    "move": ("open answered", None),
    "join": ("held open answered", None),
    "release": ("held refused", State.OPEN),
    "refuse": ("held open answered", State.REFUSED),
    "appeal": ("refused", None),
}


def in_state(state, reach=MARIE, **more):
    request = report(Channel.WEB if state == State.HELD else Channel.COUNTER, reach, **more)
    if state == State.ANSWERED:
        timeline.answer(request, "Bonjour.", BY)
    if state == State.CLOSED:
        timeline.close(request, "C’est fait.", BY)
    if state == State.REFUSED:
        timeline.refuse(request, "insult", "Non.", BY)
    if state == State.UNKNOWN:
        Request.objects.filter(pk=request.pk).update(state=state)
    request.refresh_from_db()
    assert request.state == state
    return request


def again(request):
    return Request.objects.get(pk=request.pk)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", ACTS)
def test_each_act_in_each_state(communes, act, state):
    request = in_state(state)
    facts, entries = request.facts.count(), AuditEntry.objects.count()
    states, leads_to = ALLOWED[act]
    if state not in states.split():
        with pytest.raises(Refused) as refusal:
            ACTS[act](request, communes)
        assert refusal.value.code == "state"
        assert (again(request).state, request.facts.count(), AuditEntry.objects.count()) == (state, facts, entries)
        return
    ACTS[act](request, communes)
    assert again(request).state == (leads_to or state)
    assert request.facts.count() > facts
    assert (AuditEntry.objects.count() > entries) is (act not in ("add", "appeal"))


def test_the_first_answer_counts_and_the_end_has_its_day(communes):
    request = in_state(State.OPEN)
    first = timeline.answer(request, "Bonjour.", BY)
    timeline.answer(request, "Encore.", BY)
    closed = timeline.close(request, "C’est fait.", BY)
    now = again(request)
    assert (now.answered_at, now.closed_at) == (first.at, closed.at)
    timeline.reopen(request, "Non.")
    assert (again(request).closed_at, again(request).reopened, again(request).answered_at) == (None, 1, first.at)


@pytest.mark.parametrize("words", ["", "  \n", "\u200b", "x" * 4001])
def test_words_that_are_none_or_too_many_are_refused_and_never_cut(communes, words):
    request = in_state(State.OPEN)
    for act in (timeline.answer, timeline.close):
        with pytest.raises(Refused):
            act(request, words, BY)
    assert again(request).state == State.OPEN


def test_words_are_kept_without_what_is_invisible_or_turns_the_text_round(communes):
    assert timeline.answer(in_state(State.OPEN), " C’est\u202e fait\x00. ", BY).words == "C’est fait."


def test_passed_on_it_stays_the_same_request_and_the_person_is_told_to_whom(communes):
    request = in_state(State.OPEN)
    timeline.pass_on(request, "water", "C’est une fuite.", BY)
    assert again(request).team == "water"
    told = Notice.objects.latest("pk").body
    assert "equipe de l'eau" in told.replace("é", "e")
    for team in ("water", "cavalry"):
        with pytest.raises(Refused):
            timeline.pass_on(again(request), team, "", BY)


def test_moved_to_another_commune_it_keeps_its_code_and_the_person_is_told(communes):
    request = in_state(State.OPEN)
    code = request.code
    timeline.move(request, communes["49353"], "", BY)
    moved = again(request)
    assert (moved.code, moved.commune_id, moved.team) == (code, "49353", "roads")
    assert "Trélazé" in Notice.objects.latest("pk").body
    with pytest.raises(Refused):
        timeline.move(moved, communes["49353"], "", BY)


def test_joined_each_keeps_its_code_and_hears_what_happens(communes):
    head, one = in_state(State.OPEN), in_state(State.OPEN, Reach(Way.MAIL, "jean@exemple.fr"))
    timeline.join(one, head, BY)
    timeline.answer(head, "Nous venons jeudi.", BY)
    timeline.pass_on(head, "water", "C’est une fuite.", BY)
    timeline.move(head, communes["49353"], "", BY)
    timeline.close(head, "C’est réparé.", BY)
    joined = again(one)
    assert joined.code != head.code
    assert (joined.state, joined.team, joined.commune_id) == (State.CLOSED, again(head).team, "49353")
    assert joined.answered_at is not None
    assert joined.closed_at is not None
    told = " ".join(Notice.objects.filter(to="jean@exemple.fr").values_list("body", flat=True))
    for said in ("Nous venons jeudi.", "équipe de l’eau", "Trélazé", "C’est réparé."):
        assert said in told
    assert all(fact.detail.get("with") == head.code for fact in joined.facts.filter(kind__in=("moved", "closed")))


def test_passing_on_answers_nobody_and_opens_nothing(communes):
    head, one = in_state(State.OPEN), in_state(State.OPEN)
    timeline.join(one, head, BY)
    timeline.answer(one, "Vu.", BY)
    timeline.pass_on(head, "water", "", BY)
    assert again(one).state == State.ANSWERED
    assert again(one).team == "water"


def test_opened_again_the_joined_ones_are_too_without_the_persons_own_words(communes):
    head, one = in_state(State.OPEN), in_state(State.OPEN)
    timeline.join(one, head, BY)
    timeline.close(head, "C’est réparé.", BY)
    timeline.reopen(head, "Mon voisin M. Durand dit que non.")
    assert again(one).state == State.OPEN
    assert "Durand" not in one.facts.get(kind=FactKind.REOPENED).words
    timeline.close(head, "Cette fois oui.", BY)
    assert again(one).state == State.CLOSED


def test_joined_to_one_that_was_answered_it_is_answered_at_once(communes):
    head, one = in_state(State.ANSWERED), in_state(State.OPEN)
    timeline.join(one, head, BY)
    assert again(one).state == State.ANSWERED
    assert one.facts.filter(kind=FactKind.ANSWERED, words="Bonjour.").exists()


def test_joined_to_what_ended_is_held_or_is_itself_is_refused(communes):
    one = in_state(State.OPEN)
    for state in (State.HELD, State.CLOSED, State.REFUSED):
        with pytest.raises(Refused):
            timeline.join(one, in_state(state), BY)
    with pytest.raises(Refused):
        timeline.join(one, one, BY)
    two = in_state(State.OPEN)
    timeline.join(two, one, BY)
    with pytest.raises(Refused):
        timeline.join(one, two, BY)
    with pytest.raises(Refused):
        timeline.join(one, report(service="propose_idea", raw={"title": "Un banc", "words": "Oui."}, spot=None), BY)
    assert again(one).joined_to_id is None


def test_joined_to_one_that_is_joined_all_follow_the_same(communes):
    one, two, three = (in_state(State.OPEN) for _n in range(3))
    timeline.join(two, one, BY)
    timeline.join(one, three, BY)
    assert {again(one).joined_to_id, again(two).joined_to_id} == {three.pk}
    timeline.join(in_state(State.OPEN), two, BY)
    assert three.joined.count() == 3


def test_when_the_first_is_set_aside_those_joined_to_it_go_on_together(communes):
    head, one, two = (in_state(State.OPEN) for _n in range(3))
    timeline.join(one, head, BY)
    timeline.join(two, head, BY)
    timeline.refuse(head, "insult", "Ce mot insulte.", OTHER)
    assert (again(one).state, again(one).joined_to_id, again(two).joined_to_id) == (State.OPEN, None, one.pk)
    assert not one.facts.filter(kind=FactKind.REFUSED).exists()


def test_what_was_set_aside_is_read_again_by_someone_else(communes):
    request = in_state(State.REFUSED)
    assert not timeline.is_contested(request)
    timeline.appeal(request, "Si.", Channel.WEB)
    assert timeline.is_contested(request)
    assert list(Request.objects.filter(timeline.CONTESTED)) == [request]
    for act in (lambda: timeline.release(request, BY), lambda: timeline.refuse(request, "insult", "Non.", BY)):
        with pytest.raises(Refused) as refusal:
            act()
        assert refusal.value.code == "same_person"
    timeline.release(request, OTHER)
    assert again(request).state == State.OPEN
    assert not timeline.is_contested(again(request))


def test_set_aside_again_by_someone_else_the_person_is_told_and_it_is_the_end(communes):
    request = in_state(State.REFUSED)
    with pytest.raises(Refused):
        timeline.refuse(request, "insult", "Non.", OTHER)
    timeline.appeal(request, "Si.", Channel.WEB)
    with pytest.raises(Refused):
        timeline.appeal(request, "Si, si.", Channel.WEB)
    timeline.refuse(request, "off_topic", "Relu, cela reste.", OTHER)
    assert "Relu, cela reste." in Notice.objects.latest("pk").body
    assert not timeline.is_contested(request)
    with pytest.raises(Refused):
        timeline.appeal(request, "Si, si, si.", Channel.WEB)


def test_set_aside_a_second_time_after_it_went_on_it_may_be_contested_again(communes):
    request = in_state(State.REFUSED)
    timeline.appeal(request, "Si.", Channel.WEB)
    timeline.release(request, OTHER)
    timeline.refuse(request, "insult", "Encore.", BY)
    timeline.appeal(request, "Si.", Channel.WEB)
    assert timeline.is_contested(request)


def test_a_reason_is_from_the_published_list(communes):
    with pytest.raises(Refused):
        timeline.refuse(in_state(State.OPEN), "because", "Non.", BY)


def test_the_code_tells_the_timeline_and_nothing_of_who(communes):
    request = in_state(State.OPEN)
    timeline.note_between_agents(request, "Mme Dupont a appelé.", BY)
    timeline.answer(request, "Nous venons jeudi.", BY)
    told = following.story(again(request))
    text = " ".join(step.sentence for step in told.steps)
    assert "Nous venons jeudi." in text
    for secret in ("Dupont", "612345678", "example.org", "Entre"):
        assert secret not in text + told.title + told.team + told.commune


def test_nothing_that_an_agent_notes_is_told(communes):
    request = in_state(State.OPEN)
    before = Notice.objects.count()
    timeline.note_between_agents(request, "Entre nous.", BY)
    assert Notice.objects.count() == before


def test_a_seat_goes_back_when_its_request_is_set_aside(communes):
    from tests.services.test_appointments import slot_in

    slot = slot_in(communes["49007"])
    request = report(Channel.WEB, MARIE, service="digital_help", raw={"need": "mail"}, spot=None, slot=slot)
    assert not Notice.objects.exists(), "nobody is told while it is held, not of the appointment either"
    timeline.refuse(request, "advertising", "Non.", BY)
    assert not Appointment.objects.exists()
    timeline.release(request, OTHER)
    assert Appointment.objects.get().starts == slot.starts
    bodies = " ".join(Notice.objects.values_list("body", flat=True))
    assert "rendez-vous" in bodies


def test_a_seat_that_was_taken_meanwhile_is_said_to_the_agents(communes):
    from tests.services.test_appointments import slot_in

    slot = slot_in(communes["49007"])
    request = report(Channel.WEB, MARIE, service="digital_help", raw={"need": "mail"}, spot=None, slot=slot)
    timeline.refuse(request, "advertising", "Non.", BY)
    report(Channel.COUNTER, MARIE, service="digital_help", raw={"need": "mail"}, spot=None, slot=slot)
    timeline.release(request, OTHER)
    assert request.facts.filter(kind=FactKind.NOTED, between_agents=True).exists()
