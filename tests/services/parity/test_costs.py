"""The table of costs: every fault by its key, nothing without a source, one that doesn't fit never taken."""

import json

import pytest

from mitoyen.demo import costs as example
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.services.parity import costs

SOURCED = 'source = "a week at the counter"\non = 2026-03-01\n'
GOOD = f"[hour]\neuros = 30\n{SOURCED}[channel.counter]\nminutes = 12\neuros = 0.5\n{SOURCED}"


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ("[hour]\neuros = 30\n", "hour.source"),
        (f"[channel.counter]\nminutes = -1\n{SOURCED}", "channel.counter.minutes"),
        (f"[channel.counter]\nminutes = nan\n{SOURCED}", "channel.counter.minutes"),
        ("[channel.counter]\nminutes = 12\non = 2026-03-01\n", "channel.counter.source"),
        ('[channel.counter]\nminutes = 12\nsource = "x"\n', "channel.counter.on"),
        ('[channel.counter]\nminutes = 12\nsource = "x"\non = 2999-01-01\n', "channel.counter.on"),
        ("[channel.counter]\neuros = 2\n", "channel.counter.minutes"),
        (f"[channel.fax]\nminutes = 12\n{SOURCED}", "channel.fax"),
        ("[channel.counter]\nminuts = 12\n", "minuts"),
        ("[hour]\neuros = 'many'\n", "hour.euros"),
        ("[hour", "table declaration"),
    ],
)
def test_each_fault_is_told_by_its_key(table, fault):
    with pytest.raises(Refused) as refusal:
        costs.read(table.encode())
    assert fault in str(refusal.value)
    assert "docs/parity.md" in str(refusal.value)


def test_every_fault_is_told_at_once():
    with pytest.raises(Refused) as refusal:
        costs.read(b"[hour]\neuros = 30\n[channel.fax]\n[channel.sms]\nminutes = 1\n")
    for key in ("hour.source", "channel.fax", "channel.sms.source", "channel.sms.on"):
        assert key in str(refusal.value)


def test_what_comes_with_mitoyen_and_what_docs_show_can_be_used():
    from pathlib import Path

    assert costs.nothing().of("counter") is None
    text = Path("docs/parity.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    assert costs.read(text.encode()).of("counter") == {
        "minutes": 12.0, "paid": 0.05, "euros": 6.45, "source": "a week measured at three counters",
        "on": "2026-03-15", "example": False,
    }  # fmt: skip


def test_a_table_is_checked_then_taken_and_the_trail_says_so(installation):
    good, bad = installation.home / "good.toml", installation.home / "bad.toml"
    good.write_text(GOOD)
    bad.write_text("[channel.counter]\nminutes = 12\n")
    refused = installation.run("costs", str(bad), "--take", expect=1)
    assert "channel.counter.source" in refused.stdout + refused.stderr
    assert not (installation.home / "costs.toml").exists()
    installation.run("costs", str(good))
    assert not (installation.home / "costs.toml").exists()
    told = installation.json("costs", str(good), "--take")
    assert told["channels"]["counter"]["euros"] == 6.5
    assert told["channels"]["web"] is None
    assert installation.json("costs") == told


@pytest.mark.django_db
def test_the_demo_s_table_is_marked_and_never_replaces_one(home):
    assert example.make()
    told = costs.costs()
    assert told.example
    paper = told.of("paper")
    assert paper is not None
    assert paper["example"]
    assert AuditEntry.objects.filter(action="costs.taken").count() == 1
    (home / "costs.toml").write_text(GOOD)
    assert not example.make()
    assert json.dumps(costs.costs().of("counter")).count("12.0") == 1
