"""A channel against the web: equal ones are not called different, a slower one is named with its step."""

import numpy as np
import pytest

from mitoyen.services.parity import compare, shares
from mitoyen.services.parity.cases import Delays, only
from mitoyen.services.parity.survival import in_order, quantiles, rank_test
from tests.services.parity.worlds import CHANNELS, world


def said(cases, seed=0):
    """{(channel, delay, share or mark): verdict} of every channel against the web."""
    tried = []
    for channel in CHANNELS[1:]:
        both = compare.comparable(cases, channel, "web")
        tried += [
            ((channel, which), compare.delay(both, getattr(both, which), channel, seed)) for which in ("answer", "end")
        ]
        tried += [((channel, which), compared) for which, compared in shares.against(both, channel).items()]
    verdicts = compare.verdicts([compared for _key, compared in tried])
    return {key: verdict for (key, _compared), verdict in zip(tried, verdicts, strict=True)}


def different(cases, seed=0):
    return {key for key, verdict in said(cases, seed).items() if verdict.said not in ("none_shown", "too_few")}


def false_alarms(seeds):
    """Worlds of six equal channels, paper coming from the slow streets, where one is called different all the same."""
    return [seed for seed in seeds if different(world(seed, count=1500), seed)]


def test_equal_channels_are_not_called_different():
    assert len(false_alarms(range(20))) <= 1


@pytest.mark.long
def test_equal_channels_are_not_called_different_in_95_of_100():
    assert len(false_alarms(range(100))) <= 5


@pytest.mark.long
def test_small_samples_give_no_more_false_alarms():
    assert len([seed for seed in range(100) if different(world(seed, count=500), seed)]) <= 5


def test_without_strata_the_slow_streets_would_make_a_slow_channel():
    """The trap is real: the same worlds, all in one stratum, are called different."""
    worlds = [world(seed, count=1500) for seed in range(5)]
    blind = [np.zeros_like(cases.stratum) for cases in worlds]
    caught = [
        rank_test(c.answer.days[kept], c.answer.happened[kept], c.of("paper")[kept], one[kept])[1] < 0.01
        for c, one in zip(worlds, blind, strict=True)
        for kept in [c.of("paper") | c.of("web")]
    ]
    assert sum(caught) >= 4


@pytest.mark.parametrize(("step", "name"), [(0, "read"), (1, "passed_on"), (2, "answered"), (3, "closed")])
def test_a_planted_slower_channel_is_named_with_its_step(step, name):
    cases = world(7, count=2500, slow=("paper",), step=step, by=3.0)
    found = different(cases)
    assert {channel for channel, _which in found} == {"paper"}
    assert said(cases)["paper", "end"].said == "slower"
    assert (("paper", "answer") in found) == (step < 3)
    steps = compare.steps(compare.comparable(cases, "paper", "web"), "paper")
    assert max(steps, key=lambda one: one.days).step == name
    planted = steps[step]
    assert planted.is_sure
    assert planted.days == pytest.approx(3.0, abs=1.0)


def test_the_interval_holds_the_planted_delay():
    cases = world(3, count=4000, slow=("phone",), step=2, by=2.0)
    verdict = said(cases)["phone", "answer"]
    assert verdict.low < 2.0 < verdict.high


def test_a_faster_channel_is_called_faster():
    slow_others = tuple(channel for channel in CHANNELS if channel != "counter")
    assert ("counter", "answer") in different(world(5, count=4000, slow=slow_others, by=2.0))
    assert said(world(5, count=4000, slow=slow_others, by=2.0))["counter", "answer"].said == "faster"


def test_a_channel_that_serves_worse_is_named_by_what_is_worse():
    found = different(world(8, count=3000, worse=("phone",), reopened=0.08))
    assert {key for key in found if key[0] == "phone"} == {
        ("phone", "reopened"), ("phone", "unanswered"), ("phone", "rating"),
    }  # fmt: skip
    assert {channel for channel, _what in found} == {"phone"}


def test_shares_without_strata_would_blame_the_channel_for_its_streets():
    """Marks come from streets: paper, which slow ones prefer, would be marked lower."""
    caught = []
    for seed in range(5):
        cases = world(seed, count=3000, marked=1.0)
        paper = compare.comparable(cases, "paper", "web")
        blind = np.zeros_like(paper.stratum)
        caught.append(shares.compared_marks(paper.mark, paper.of("paper"), blind).z < -2)
        assert abs(shares.compared_marks(paper.mark, paper.of("paper"), paper.stratum).z) < 3
    assert sum(caught) >= 3


def test_a_share_of_hardly_any_is_not_compared():
    """Mantel and Fleiss: fewer than five expected on one side."""
    group, stratum = np.arange(100) < 50, np.zeros(100, np.int64)
    which = np.isin(np.arange(100), (0, 1, 2, 60))
    everyone = np.ones(100, bool)
    assert not shares.compared_share(which, everyone, group, stratum).enough
    assert shares.compared_share(np.arange(100) % 3 == 0, everyone, group, stratum).enough


def test_wilson_and_students_intervals_are_those_of_the_tables():
    assert shares.wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert shares.wilson(10, 50) == pytest.approx((0.1124, 0.3304), abs=1e-4)
    same = shares.mean_interval(np.array([4.0] * 5))
    assert same[0] < 4.0 < same[1], "five marks alike don't prove that everybody would give it"
    assert shares.mean_interval(np.array([5.0, 5.0, 5.0, 4.0, 5.0]))[1] == 5.0


def test_few_are_too_few_never_equal():
    assert {verdict.said for verdict in said(world(2, count=60)).values()} == {"too_few"}


def test_what_has_no_counterpart_on_the_web_is_not_compared():
    cases = world(4, count=1500)
    paper = np.flatnonzero(cases.of("paper"))
    cases.stratum[paper] = 1000
    assert len(compare.comparable(cases, "paper", "web").number) == 0
    assert said(cases)["paper", "answer"].said == "too_few"


def test_kaplan_and_meier_s_median_counts_those_who_still_wait():
    """Worked by hand: events at 1, 2, 4; one still waiting since 3. S: 3/4, 1/2 at 2; 0 at 4."""
    days, happened = np.array([4.0, 1.0, 3.0, 2.0]), np.array([True, True, False, True])
    order = in_order(days, happened)
    found = quantiles(days[order], happened[order], np.ones((1, 4)), (0.5, 0.9))
    assert found.tolist() == [[2.0, 4.0]]
    happened[:] = [False, True, False, False]
    order = in_order(days, happened)
    assert quantiles(days[order], happened[order], np.ones((1, 4)), (0.5,)).tolist() == [[np.inf]]


def test_the_rank_test_is_the_one_worked_by_hand():
    """One stratum, no ties: group waits 1 and 3, the others 2 and 4 (Prentice's weights 4/5, 3/5, 2/4·… by hand)."""
    days, happened = np.array([1.0, 2.0, 3.0, 4.0]), np.ones(4, bool)
    group, stratum = np.array([True, False, True, False]), np.zeros(4, np.int64)
    weights = np.cumprod([1, 4 / 5, 3 / 4, 2 / 3])
    observed, share = np.array([1, 0, 1, 0]), np.array([2 / 4, 1 / 3, 1 / 2, 0])
    score = np.sum(weights * (observed - share))
    variance = np.sum((weights**2 * share * (1 - share))[:3])
    assert rank_test(days, happened, group, stratum)[0] == pytest.approx(-score / np.sqrt(variance))


def test_strata_are_added_up_never_mixed():
    rng = np.random.default_rng(0)
    days, group = rng.exponential(1, 400), rng.random(400) < 0.4
    stratum = np.repeat([0, 1], 200)
    slow = np.where(stratum == 1, 10.0, 1.0)
    assert rank_test(days * slow, np.ones(400, bool), group, stratum) == pytest.approx(
        rank_test(np.argsort(np.argsort(days)).astype(float) * slow, np.ones(400, bool), group, stratum)
    )


def test_a_stratum_of_one_side_says_nothing():
    days, happened = np.arange(1.0, 41.0), np.ones(40, bool)
    group, stratum = np.arange(40) < 20, (np.arange(40) < 20).astype(np.int64)
    assert rank_test(days, happened, group, stratum) == (0.0, 1.0)


def test_holm_lets_less_through_than_each_test_alone():
    weak = compare.Compared(3.0, 0.02, True, 100, (1.0, 1.0), (0.2, 0.2))
    none = compare.Compared(0.1, 0.9, True, 100, (0.0, 0.0), (0.2, 0.2))
    assert compare.verdicts([weak])[0].said == "slower"
    assert compare.verdicts([weak, *[none] * 9])[0].said == "none_shown"


def test_delays_that_are_not_over_pull_the_median_up():
    cases = world(1, count=2000, watched=6.0)
    ended = only(cases, cases.answer.happened)
    naive = float(np.median(ended.answer.days))
    order = in_order(cases.answer.days, cases.answer.happened)
    honest = quantiles(cases.answer.days[order], cases.answer.happened[order], np.ones((1, 2000)), (0.5,))[0, 0]
    truth = float(np.median(world(1, count=2000, watched=1e6).answer.days))
    assert abs(honest - truth) < abs(naive - truth)
    assert isinstance(cases.answer, Delays)
