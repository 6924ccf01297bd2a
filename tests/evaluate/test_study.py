"""The study says what is, and would notice an interval that is too narrow."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mitoyen.evaluate import study as trials
from mitoyen.evaluate import uncertainty
from mitoyen.evaluate.study_meters import cambridge, generated
from mitoyen.ledger.refusal import Refused


@pytest.fixture(scope="module")
def found():
    return trials.study(generated(2), "generated", runs=60, seed=3)


def test_the_interval_covers_what_was_planted(found):
    assert [one.saving for one in found.planted] == [0, 0.05, 0.1, 0.2]
    for one in found.planted:
        assert one.runs == 60
        assert one.covered >= 0.85
        assert abs(one.bias) < 0.01


def test_a_planted_fifth_is_proven_and_nothing_is_not(found):
    assert found.planted[0].proven <= 0.1
    assert found.planted[3].proven == 1


def test_the_same_seed_gives_the_same_study(found):
    assert trials.study(generated(2), "generated", runs=60, seed=3) == found


def test_an_interval_too_narrow_is_noticed(monkeypatch):
    noise_in = uncertainty.noise_in

    def narrower(*args, **options):
        noise = noise_in(*args, **options)
        return replace(noise, critical=noise.critical / 3)

    monkeypatch.setattr(uncertainty, "noise_in", narrower)
    met = trials.study(generated(2), "generated", runs=60, seed=3).verdicts()
    assert met["coverage"] is False
    assert met["nothing_proven_at_zero"] is False


def test_blocks_keep_their_neighbours():
    drawn = trials.blocks(np.arange(100.0), 60, 20, np.random.default_rng(1))
    assert len(drawn) == 60
    steps = np.diff(drawn.reshape(3, 20), axis=1) % 100
    assert (steps == 1).all()


def test_a_folder_without_the_files_is_refused(tmp_path):
    with pytest.raises(Refused, match="weather_bedford"):
        cambridge(tmp_path)


def test_the_command_prints_its_study_as_json(tmp_path):
    command = [str(Path(sys.executable).parent / "mitoyen"), "study", "--runs", "12", "--json"]
    environment = {**os.environ, "MITOYEN_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    content = json.loads(done.stdout)
    assert content["source"] == "generated"
    assert set(content["met"]) == {"coverage", "nothing_proven_at_zero", "placebo_silent"}
    assert len(content["planted"]) == 4


def test_on_the_real_meters_noise_the_demands_are_met(real_data):
    result = trials.study(cambridge(real_data), "cambridge", runs=500, seed=2)
    for one in result.planted:
        assert 0.85 <= one.covered <= 0.95
    assert result.planted[0].proven <= 0.05
    assert result.verdicts() == {"coverage": True, "nothing_proven_at_zero": True, "placebo_silent": True}
