"""kill -9 at any moment of commit, correction, undo, sealing: nothing acknowledged is lost, nothing is doubled."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.history.writer import rows_of

ROOT = Path(__file__).parents[2]
MOMENTS = {
    "commit": ("staged", "committing", "moved", "committed", "live"),
    "correct": ("staged", "committing", "moved", "committed", "journal_delete", "live"),
    "undo": ("undoing", "undone"),
    "seal": ("seal_exported", "seal_moved", "seal_committed", "seal_checked", "journal_delete"),
    "append": ("journal_append", "journal_append:2", "journal_append:4"),
    "compact": ("compact_moved",),
}


class Workshop:
    """A process that forks a child for each act, and an installation made once, to be copied."""

    def __init__(self, folder: Path) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MITOYEN_")}
        environment |= {"MITOYEN_HOME": str(folder / "none"), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.history.writer"]
        self.process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.template = folder / "template"
        self.template.mkdir()
        status, output = self.order(self.template, [("prepare", 0, "")], 0)[0]
        assert status == 0, output
        self.datastream = int(output)

    def order(self, home: Path, acts: list[tuple[str, int, str]], datastream: int) -> list[tuple[int, str]]:
        """Do acts (name, seed, moment to die at) at the same time; the exit status and output of each."""
        outputs = [home.parent / f"{home.name}-{i}.out" for i in range(len(acts))]
        orders = [
            {
                "act": act,
                "seed": seed,
                "kill_at": kill_at,
                "home": str(home),
                "datastream": datastream,
                "output": str(o),
            }
            for (act, seed, kill_at), o in zip(acts, outputs, strict=True)
        ]
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(orders) + "\n")
        self.process.stdin.flush()
        statuses = json.loads(self.process.stdout.readline())
        return [(status, output.read_text()) for status, output in zip(statuses, outputs, strict=True)]

    def close(self) -> None:
        self.process.communicate()


class Installation:
    """A fresh installation, driven by processes of its own."""

    def __init__(self, workshop: Workshop, home: Path) -> None:
        self.workshop, self.home, self.datastream = workshop, home, workshop.datastream
        shutil.copytree(workshop.template, home)

    def act(self, act: str, seed: int, kill_at: str = "") -> tuple[int, str]:
        return self.workshop.order(self.home, [(act, seed, kill_at)], self.datastream)[0]

    def history(self) -> dict[int, float]:
        """Every reading, after recovery; each time once; and everything sound."""
        status, output = self.act("history", 0)
        assert status == 0, output
        got = json.loads(output.splitlines()[-1])
        assert got["faults"] == []
        assert len(set(got["times"])) == len(got["times"])
        return dict(zip(got["times"], got["values"], strict=True))

    def given(self, seed: int, shift: float = 0.0) -> dict[int, float]:
        return {time: value + shift for _d, time, _l, value, _q in rows_of(seed, self.datastream)}


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Iterator[Workshop]:
    opened = Workshop(tmp_path_factory.mktemp("workshop"))
    yield opened
    opened.close()


@pytest.fixture
def installation(workshop, tmp_path) -> Installation:
    return Installation(workshop, tmp_path / "home")


def killed_then_right(
    installation: Installation, act: str, moment: str, seed: int, before: dict[int, float]
) -> tuple[str, dict[int, float]]:
    """Kill the act at that moment; then the history is what it was before or what the act makes, and doing it again
    makes it. Returns which, and the history in the end."""
    status, output = installation.act(act, seed, kill_at=moment)
    killed = status == -9
    assert killed or status == 0, output
    between = installation.history()
    old, new = installation.given(seed), installation.given(seed, 0.5)
    if act == "append":
        acknowledged = sum(1 for line in output.splitlines() if line.isdigit()) * 50
        kept = {time: value for time, value in between.items() if time in old}
        assert len(kept) >= acknowledged
        assert kept.items() <= old.items()
    elif act in ("seal", "compact"):
        assert between == before
    elif act == "undo":
        assert between == {time: value for time, value in before.items() if time not in old}
    else:
        assert between in (before, before | (new if act == "correct" else old))
    again = installation.act(act, seed) if act not in ("undo",) or between == before else None
    assert again is None or again[0] == 0, again[1]
    after = installation.history()
    expected = {"commit": before | old, "append": before | old, "correct": before | new}.get(act, between)
    assert after == expected
    return (("done" if between != before else "not done") if killed else "not killed"), after


@pytest.mark.parametrize(("act", "moment"), [(act, moment) for act, moments in MOMENTS.items() for moment in moments])
def test_killed_at_a_named_moment(installation, act, moment):
    if act in ("correct", "undo"):
        installation.act("commit", 1)
    if act in ("seal", "compact"):
        installation.act("append", 1)
    if act == "compact":
        installation.act("seal", 1)
        installation.act("append", 1)
    if act == "correct" and moment == "journal_delete":
        installation.act("undo", 1)
        installation.act("append", 1)
    outcome, _after = killed_then_right(installation, act, moment, 1, installation.history())
    assert outcome != "not killed" or moment == "compact_moved", outcome


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_three_hundred_seeded_kills(workshop, tmp_path, capsys):
    counts: Counter[str] = Counter()
    for series in range(10):
        installation = Installation(workshop, tmp_path / str(series))
        noise = random.Random(series)
        known: dict[int, float] = {}
        for number in range(30):
            act = noise.choice(("commit", "correct", "append", "seal", "undo"))
            seed = number + 1
            # A correction takes rows out of the journal only where it corrects some there: tested above.
            moment = noise.choice([m for m in MOMENTS[act] if (act, m) != ("correct", "journal_delete")])
            first = {"correct": "commit", "undo": "commit", "seal": "append"}.get(act)
            if first:
                assert installation.act(first, seed)[0] == 0
                known |= installation.given(seed)
            outcome, known = killed_then_right(installation, act, moment, seed, known)
            assert outcome != "not killed"
            counts[f"{act} at {moment}: {outcome}"] += 1
    with capsys.disabled():
        for line, count in sorted(counts.items()):
            print(f"{count:5} {line}")
    assert sum(counts.values()) == 300


def test_two_writers_at_once_lose_and_double_nothing(installation):
    acts = [("commit", seed, "") for seed in (1, 2, 3, 1)]
    for status, output in installation.workshop.order(installation.home, acts, installation.datastream):
        assert status == 0, output
    assert installation.history() == installation.given(1) | installation.given(2) | installation.given(3)
