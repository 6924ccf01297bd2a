"""A day's measure from requests and their facts, as it may be published."""

import datetime as dt
import json
import time

import numpy as np
import pytest
from django.utils import timezone, translation

from mitoyen.services import codes
from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.models import Fact, ParityMeasure, Request
from mitoyen.services.parity import cases, keeping, leaving, wording
from mitoyen.services.parity.report import measure
from mitoyen.territory.enums import Origin

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
DAY = dt.timedelta(days=1)
USED: set[str] = set()


def fresh_code():
    """One that no earlier request of this module has: among 62,000 two alike are to be expected one time in ten."""
    code = codes.new_code()
    while code in USED:
        code = codes.new_code()
    USED.add(code)
    return code


@pytest.fixture(autouse=True)
def at_home(home):
    """costs.toml is looked for in the home."""


def ask(count, channel, *, days=1.0, ends=2.0, ago=100.0, passed=None, **more):
    """`count` requests on a channel: answered after about `days`, ended after about `ends` (None: not yet)."""
    rng = np.random.default_rng(count)
    made = []
    for _n in range(count):
        received = NOW - dt.timedelta(days=ago) + dt.timedelta(hours=rng.uniform(0, 24))
        noise = dt.timedelta(hours=rng.uniform(0, 12))
        answered = None if days is None else received + noise + days * DAY
        fields = {"service": "report_problem", "category": "road", "state": State.CLOSED, **more}
        made.append(
            Request(
                code=fresh_code(),
                channel=channel,
                version="1.0",
                team="roads",
                received_at=received,
                promised_for=(received + 5 * DAY).date(),
                answered_at=answered,
                closed_at=None if ends is None or days is None else received + noise + ends * DAY,
                **fields,
            )
        )
    kept = Request.objects.bulk_create(made)
    if passed is not None:
        moments = [(one, (one.answered_at or NOW) - (days - passed) * DAY) for one in kept]
        Fact.objects.bulk_create(Fact(request=one, kind=FactKind.PASSED_ON, at=at) for one, at in moments)
    return kept


def channel_of(told, channel, service="report_problem"):
    """One channel's measure."""
    one = next(entry for entry in told["services"] if entry["service"] == service)
    return next(entry for entry in one["channels"] if entry["channel"] == channel)


def test_a_channel_slower_by_being_passed_on_late_is_named_with_its_step():
    ask(60, Channel.WEB, days=1.0, passed=0.2)
    ask(40, Channel.PAPER, days=4.0, ends=5.0, passed=3.2)
    told = measure()
    paper = channel_of(told, "paper")
    assert paper["offline"]
    assert paper["against_web"]["answer"]["verdict"] == "slower"
    assert paper["against_web"]["answer"]["median"] == pytest.approx(3.0, abs=0.2)
    assert paper["against_web"]["answer"]["step"]["name"] == "passed_on"
    assert paper["against_web"]["answer"]["step"]["days"] == pytest.approx(3.0, abs=0.3)
    assert [(one["channel"], one["what"]) for one in told["worse"]] == [("paper", "answer"), ("paper", "end")]
    with translation.override("fr"):
        (sentence,) = wording.alerts(told)
    assert "sur papier" in sentence
    assert "3\xa0jours" in sentence.replace(" ", "\xa0")
    assert "bonne équipe" in sentence


def test_equal_channels_give_no_alert_and_are_never_called_equal():
    ask(60, Channel.WEB)
    ask(40, Channel.PHONE)
    told = measure()
    assert told["worse"] == []
    assert channel_of(told, "phone")["against_web"]["answer"]["verdict"] == "none_shown"
    with translation.override("fr"):
        assert "démontré" in wording.verdict(channel_of(told, "phone")["against_web"]["answer"])


def test_no_difference_says_how_large_one_may_be_and_never_at_most_nothing():
    with translation.override("fr"):
        said = [
            wording.verdict({"verdict": "none_shown", "interval": interval})
            for interval in ([-0.5, 1.0], [0.01, 1.5], [-1.5, 0.0])
        ]
    assert [one.replace("\xa0", " ") for one in said] == [
        "pas d’écart démontré (au plus 12 heures de moins, 24 heures de plus)",
        "pas d’écart démontré (au plus 36 heures de plus)",
        "pas d’écart démontré (au plus 36 heures de moins)",
    ]


def test_few_say_that_they_are_few():
    ask(60, Channel.WEB)
    ask(19, Channel.PHONE, days=30.0, ends=40.0)
    phone = channel_of(measure(), "phone")
    assert phone["answer"] == {"enough": False, "median": None, "p90": None}
    assert phone["against_web"]["answer"]["verdict"] == "too_few"
    assert phone["against_web"]["answer"]["compared"] is None


def test_small_counts_are_hidden_with_what_would_give_them_away():
    ask(60, Channel.WEB)
    ask(30, Channel.COUNTER)
    ask(3, Channel.PAPER)
    told = measure()
    assert told["services"][0]["total"] == 93
    assert channel_of(told, "paper")["count"] is None
    assert channel_of(told, "counter")["count"] is None
    assert channel_of(told, "web")["count"] == 60
    assert channel_of(told, "paper")["share"] is None
    assert '"count": 3' not in json.dumps(told)


def test_how_many_were_compared_gives_no_few_away_either():
    ask(60, Channel.WEB)
    ask(40, Channel.PHONE)
    assert channel_of(measure(), "phone")["against_web"]["answer"]["compared"] == 40
    ask(2, Channel.PHONE, category="water")
    assert channel_of(measure(), "phone")["against_web"]["answer"]["compared"] is None


def test_what_still_waits_counts_and_what_can_t_be_reached_says_more_than():
    ask(25, Channel.WEB, days=1.0)
    ask(75, Channel.WEB, days=None, ends=None, state=State.OPEN, ago=20.0)
    told = channel_of(measure(), "web")["answer"]
    assert told["median"] == {"more_than": pytest.approx(100.0, abs=101)}
    with translation.override("fr"):
        assert wording.delay(told["median"]).startswith("plus de")


def test_left_without_an_answer_and_reopened_are_shares_with_an_interval():
    ask(40, Channel.WEB)
    ask(10, Channel.WEB, days=None, ends=None, state=State.OPEN)
    ask(10, Channel.WEB, days=None, ends=None, state=State.OPEN, ago=20.0)
    ask(10, Channel.WEB, reopened=1)
    web = channel_of(measure(), "web")
    assert web["unanswered"]["share"] == pytest.approx(10 / 60, abs=1e-3)
    # Wilson's interval of 10 in 50, worked by hand.
    assert web["reopened"] == {"share": 0.2, "interval": [0.1124, 0.3304]}


def test_a_channel_opened_again_more_often_is_said_and_in_plain_words():
    ask(200, Channel.WEB)
    ask(12, Channel.WEB, reopened=1)
    ask(80, Channel.PHONE)
    ask(20, Channel.PHONE, reopened=1)
    told = measure()
    assert channel_of(told, "phone")["against_web"]["reopened"]["verdict"] == "more"
    assert channel_of(told, "phone")["against_web"]["unanswered"]["verdict"] == "too_few"
    assert [(one["channel"], one["what"]) for one in told["worse"]] == [("phone", "reopened")]
    with translation.override("fr"):
        (sentence,) = wording.alerts(told)
    assert "rouvertes plus souvent que sur le site" in sentence


def test_a_channel_marked_lower_and_one_left_without_answer_are_said():
    waiting = {"days": None, "ends": None, "state": State.OPEN}
    ask(200, Channel.WEB)
    ask(20, Channel.WEB, **waiting)
    ask(60, Channel.PAPER)
    ask(40, Channel.PAPER, **waiting)
    for channel, low, high in ((Channel.WEB, 4, 5), (Channel.PAPER, 2, 3)):
        for at, request in enumerate(Request.objects.filter(channel=channel)[:40]):
            mark = low if at % 2 else high
            ask(1, Channel.PHONE, service="judge_service", answers={"rating": mark, "code": request.code})
    told = measure()
    paper = channel_of(told, "paper")["against_web"]
    assert (paper["unanswered"]["verdict"], paper["rating"]["verdict"]) == ("more", "lower")
    assert paper["rating"]["difference"] == pytest.approx(-2.0, abs=0.1)
    with translation.override("fr"):
        sentences = " ".join(wording.alerts(told))
    assert "la note donnée est plus basse" in sentences
    assert "restent sans réponse plus souvent" in sentences


def test_what_is_not_shown_does_not_follow_from_a_difference():
    ask(300, Channel.WEB, reopened=1)
    ask(300, Channel.WEB)
    ask(57, Channel.PHONE)
    ask(3, Channel.PHONE, reopened=1)
    phone = channel_of(measure(), "phone")
    assert phone["reopened"] is None
    assert phone["against_web"]["reopened"] == {"verdict": "too_few", "difference": None, "interval": None}


def test_what_is_begun_and_left_is_a_share_where_it_is_counted():
    ask(30, Channel.SMS)
    ask(30, Channel.WEB)
    leaving.left("report_problem", Channel.SMS, times=10)
    leaving.left("propose_idea", Channel.SMS, times=50)
    leaving.left("report_problem", Channel.SMS, NOW - 400 * DAY, times=50)
    told = measure()
    assert channel_of(told, "sms")["abandoned"]["share"] == pytest.approx(0.25)
    assert channel_of(told, "web")["abandoned"] is None
    with translation.override("fr"):
        assert wording.abandoned(channel_of(told, "web")["abandoned"], "web") == "non compté"


def test_a_measure_kept_in_another_form_is_not_shown():
    ask(30, Channel.WEB)
    keeping.keep()
    kept = ParityMeasure.objects.get()
    kept.content = {**kept.content, "form": 1}
    kept.save()
    assert keeping.last() is None


def test_a_share_that_tells_of_a_few_is_not_shown():
    ask(40, Channel.WEB)
    ask(2, Channel.WEB, reopened=1)
    assert channel_of(measure(), "web")["reopened"] is None


def test_what_was_imported_set_aside_or_comes_from_elsewhere_is_not_compared():
    ask(30, Channel.WEB)
    ask(30, Channel.IMPORT, state=State.UNKNOWN)
    ask(30, Channel.PHONE, state=State.REFUSED)
    ask(30, Channel.SMS, origin=Origin.SAMPLE)
    ask(30, Channel.PAPER, origin=Origin.GENERATED)
    told = measure()
    assert told["origin"] == "real"
    assert [one["channel"] for one in told["services"][0]["channels"]] == ["web"]


def test_made_up_requests_are_measured_where_there_are_no_others_and_said_so():
    ask(30, Channel.WEB, origin=Origin.GENERATED)
    assert measure()["origin"] == "generated"


def test_a_few_tries_on_a_demonstration_do_not_empty_its_page():
    ask(30, Channel.WEB, origin=Origin.GENERATED)
    ask(19, Channel.PHONE)
    assert measure()["origin"] == "generated"
    ask(1, Channel.PHONE)
    told = measure()
    assert told["origin"] == "real"
    assert [one["channel"] for one in told["services"][0]["channels"]] == ["phone"]


def test_few_real_requests_without_made_up_ones_are_real():
    ask(3, Channel.WEB)
    assert measure()["origin"] == "real"


def test_marks_are_those_given_with_the_request_s_code():
    judged = ask(6, Channel.PHONE)
    ask(30, Channel.WEB)
    marks = [5, 4, 4, 5, 3, 3]
    for request, mark in zip(judged, marks, strict=True):
        ask(1, Channel.WEB, service="judge_service", answers={"rating": mark, "code": request.code})
    ask(1, Channel.WEB, service="judge_service", answers={"rating": 1})
    told = measure()
    # Student's t with 5 degrees of freedom: 2.571 times 0.894 / sqrt(6).
    assert channel_of(told, "phone")["rating"] == {"mean": 4.0, "interval": [3.1, 4.9], "count": 6}
    assert channel_of(told, "web")["rating"] is None


def test_a_cost_is_unknown_until_it_is_told_with_its_source(home):
    ask(30, Channel.COUNTER)
    assert channel_of(measure(), "counter")["cost"] is None
    table = """
    [hour]
    euros = 30
    source = "pay, all in"
    on = 2026-01-31
    [channel.counter]
    minutes = 12
    source = "a week at the counter"
    on = 2026-03-01
    [channel.phone]
    """
    (home / "costs.toml").write_text(table)
    told = channel_of(measure(), "counter")["cost"]
    assert told == {"minutes": 12.0, "paid": 0.0, "euros": 6.0, "source": "a week at the counter", "on": "2026-03-01",
                    "example": False}  # fmt: skip
    ask(30, Channel.PHONE)
    assert channel_of(measure(), "phone")["cost"] is None


def test_a_table_of_costs_with_a_fault_stops_no_measure_and_is_said(home):
    ask(30, Channel.COUNTER)
    (home / "costs.toml").write_text("[hour]\neuros = 'many'\n[channel]\n")
    told = measure()
    assert channel_of(told, "counter")["cost"] is None
    assert "hour.euros" in told["costs_fault"]


def test_steps_come_from_the_facts_and_add_up():
    (one,) = ask(1, Channel.WEB, days=4.0, ends=6.0)
    received, answered = one.received_at, one.answered_at
    Fact.objects.create(request=one, kind=FactKind.RELEASED, at=received + DAY)
    Fact.objects.create(request=one, kind=FactKind.PASSED_ON, at=received + 1.5 * DAY)
    Fact.objects.create(request=one, kind=FactKind.MOVED, at=received + 2.5 * DAY)
    Fact.objects.create(request=one, kind=FactKind.PASSED_ON, at=answered + DAY)
    read = cases.read("report_problem", NOW - 365 * DAY, NOW, Origin.REAL)
    waited = (answered - received) / DAY
    assert read.steps[:, 0] == pytest.approx([1.0, 1.5, waited - 2.5, 2.0])
    assert read.steps[:3, 0].sum() == pytest.approx(read.answer.days[0])


def test_the_measure_of_a_day_is_kept_once_and_the_last_is_shown():
    assert keeping.last() is None
    ask(30, Channel.WEB)
    keeping.keep()
    ask(30, Channel.WEB)
    told = keeping.keep()
    assert ParityMeasure.objects.count() == 1
    assert keeping.last() == json.loads(json.dumps(told))


def test_the_same_requests_give_the_same_measure():
    ask(60, Channel.WEB)
    ask(40, Channel.PAPER, days=4.0)
    assert measure(NOW) == measure(NOW)


def test_the_command_says_it_for_scripts_and_for_people(installation):
    assert installation.json("parity")["services"] == []
    assert installation.run("parity").stdout == ""


@pytest.mark.long
def test_62_000_requests_take_less_than_5_seconds():
    shares = {
        Channel.WEB: 28_000,
        Channel.PHONE: 15_000,
        Channel.COUNTER: 12_000,
        Channel.SMS: 4_000,
        Channel.PAPER: 3_000,
    }
    for channel, count in shares.items():
        ask(count, channel, passed=0.3)
    started = time.process_time()
    told = measure()
    assert time.process_time() - started < 5
    assert told["services"][0]["total"] == 62_000
