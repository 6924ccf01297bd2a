"""Killed in the middle: what was acknowledged is there once, what was not comes again, and no notice is lost."""

import os
import signal
import smtplib
import sqlite3
import threading
import time
from contextlib import closing, suppress
from email import policy

import pytest

from tests.channels.mail.conftest import OURS, letter, running
from tests.installation import Installation, free_port


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation whose mail is started and killed at will."""
    made = Installation(tmp_path_factory.mktemp("killed") / "installation")
    made.run("init")
    return made


QUEUE = """
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeWay
for number in range({count}):
    outbox.put(NoticeWay.MAIL, f"voisin{{number}}@exemple.fr", "Eau coupée.", key=f"{key}:{{number}}", subject="Eau")
"""


def test_notices_are_neither_lost_nor_other_than_themselves_when_the_sender_is_killed(post, bare):
    bare.python(QUEUE.format(count=200, key="kill"))
    before = len(post.sink.mails)
    port = free_port()
    environment = {**post.environment, "MITOYEN_MAIL_LISTEN": f"127.0.0.1:{port}"}
    with running(bare, port, environment) as process:
        while len(post.sink.mails) - before < 80:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    with running(bare, port, environment), closing(sqlite3.connect(bare.home / "state.sqlite3")) as state:
        deadline = time.monotonic() + 60
        while state.execute("SELECT count(*) FROM ledger_notice WHERE state != 'handed'").fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    arrived = [(to, mail["Message-ID"]) for _from, to, mail in post.sink.mails[before:] if to.startswith("voisin")]
    assert {to for to, _reference in arrived} == {f"voisin{number}@exemple.fr" for number in range(200)}
    # One may have been in the relay's hands at the kill: it comes again as the same mail, which mail servers know.
    assert len(set(arrived)) == 200
    assert len(arrived) <= 201


def test_a_mail_that_was_acknowledged_is_there_once_when_the_receiver_is_killed(bare):
    port = free_port()
    environment: dict[str, object] = {"MITOYEN_MAIL_FROM": OURS, "MITOYEN_MAIL_LISTEN": f"127.0.0.1:{port}"}
    mails = {
        f"p{n}@exemple.fr": letter("Un trou.", sender=f"p{n}@exemple.fr").as_bytes(policy=policy.SMTP)
        for n in range(120)
    }
    acknowledged: set[str] = set()

    def deliver(waiting: list[str]) -> None:
        for sender in waiting:
            with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
                client.sendmail(sender, [OURS], mails[sender])
                acknowledged.add(sender)

    def deliver_all() -> list[threading.Thread]:
        left = sorted(set(mails) - acknowledged)
        threads = [threading.Thread(target=deliver, args=(left[at::4],)) for at in range(4)]
        for thread in threads:
            thread.start()
        return threads

    with running(bare, port, environment) as process:
        threads = deliver_all()
        while len(acknowledged) < 40:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
    with closing(sqlite3.connect(bare.home / "state.sqlite3")) as state:
        kept = [address for (address,) in state.execute("SELECT address FROM mail_dialogue")]
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))
    with running(bare, port, environment):
        for thread in deliver_all():
            thread.join()
        with closing(sqlite3.connect(bare.home / "state.sqlite3")) as state:
            kept = [address for (address,) in state.execute("SELECT address FROM mail_dialogue")]
    assert sorted(kept) == sorted(mails)


def test_a_relay_that_is_away_costs_no_attempt(post, bare):
    bare.python(QUEUE.format(count=1, key="away"))
    port = free_port()
    environment = {**post.environment, "MITOYEN_MAIL_LISTEN": f"127.0.0.1:{port}", "MITOYEN_MAIL_PORT": free_port()}
    with running(bare, port, environment):
        time.sleep(2)
    with closing(sqlite3.connect(bare.home / "state.sqlite3")) as state:
        assert state.execute("SELECT state, attempts FROM ledger_notice WHERE key = 'away:0'").fetchall() == [
            ("queued", 0)
        ]


def test_mail_runs_with_the_rest_once_it_is_set_up(bare):
    refused = bare.run("run", "mail", expect=1)
    assert "docs/mail.md" in refused.stderr
    port = free_port()
    with bare.serving(MITOYEN_MAIL_FROM=OURS, MITOYEN_MAIL_LISTEN=f"127.0.0.1:{port}"):
        deadline = time.monotonic() + 30
        while True:
            with suppress(OSError, smtplib.SMTPException):
                with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
                    assert client.noop()[0] == 250
                break
            assert time.monotonic() < deadline
            time.sleep(0.2)
