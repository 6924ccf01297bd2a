"""Waste, mobility, floods, air: planted faults are found by their rule, healthy things left alone, by seed.

`python -m bench.usages NAME` is the whole proof; these are short runs of it that fail when a detector breaks.
"""

import datetime as dt
import importlib
from dataclasses import replace

import pytest
from bench.usages import study

from mitoyen.manifests.registry import installed

# Of each sort so many; the least that is found of all and of one sort, the most false alarms per 1,000 a week.
SHORT = {
    "waste": (30, 0.9, 0.85, 35),
    "mobility": (20, 0.94, 0.85, 50),
    "floods": (20, 0.95, 0.85, 25),
    "air": (8, 0.75, 0.6, 25),
}


@pytest.fixture(scope="module", params=SHORT)
def proof(request):
    sorts = importlib.import_module(f"bench.usages.{request.param}").SORTS
    count, *limits = SHORT[request.param]
    coarse = [
        replace(sort, every=max(sort.every, dt.timedelta(hours=3 if sort.every.seconds < 7200 else 9)))
        for sort in sorts
    ]
    return sorts, study.run(request.param, coarse, count, 7), limits


def test_planted_faults_are_found_by_their_rule(proof):
    sorts, scores, (all_of_them, of_one, _false) = proof
    planted = sum(score.planted for score in scores)
    assert planted == sum(score.planted > 0 for score in scores) * max(score.planted for score in scores)
    assert sum(score.found for score in scores) / planted >= all_of_them
    assert {score.name: score.recall for score in scores if score.planted and score.recall < of_one} == {}
    assert {sort.rule for sort in sorts if sort.rule}


def test_healthy_things_are_left_alone(proof):
    _sorts, scores, (*_least, most) = proof
    healthy = [score for score in scores if not score.planted]
    false = [rule for score in healthy for rule in score.false]
    assert 1000 * len(false) / sum(score.datastreams for score in healthy) <= most, false


@pytest.mark.parametrize("name", SHORT)
def test_every_rule_of_code_has_its_sort_of_planted_fault(name):
    usage = installed()[name]
    sorts = importlib.import_module(f"bench.usages.{name}").SORTS
    assert {rule.name for rule in usage.manifest.alerts if rule.method == "code"} == {s.rule for s in sorts if s.rule}
