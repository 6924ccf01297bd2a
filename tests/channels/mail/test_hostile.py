"""Machines that answer by themselves, and mails made to do harm: taken without harm, or refused."""

import base64
import socket
import time
from contextlib import suppress

import pytest

from mitoyen.channels.mail.incoming import decoded
from mitoyen.channels.mail.models import Outcome
from mitoyen.services import codes
from tests.channels.mail.conftest import OURS, letter

AUTOMATIC = {
    "rfc 3834": {"Auto-Submitted": "auto-replied"},
    "generated": {"Auto-Submitted": "auto-generated (vacation)"},
    "x-autoreply": {"X-Autoreply": "yes"},
    "x-autorespond": {"X-Autorespond": "absence"},
    "exchange": {"X-Auto-Response-Suppress": "All"},
    "bulk": {"Precedence": "bulk"},
    "auto_reply": {"Precedence": "auto_reply"},
    "a list": {"List-Id": "<x.example>"},
    "ours, sent back": {"X-Loop": OURS},
}
SUBJECTS = ["Absence du bureau : retour lundi", "Réponse automatique : Votre demande", "Absent", "Message d'absence",
            "Automatic reply: x", "Out of Office: x", "Accusé de réception : x", "Re: Absence du bureau"]  # fmt: skip
SENDERS = ["noreply@exemple.fr", "no-reply@exemple.fr", "ne-pas-repondre@exemple.fr", "MAILER-DAEMON@exemple.fr", OURS,
           "demande+propose_idea@mairie.example"]  # fmt: skip


def _answered(post, code: str) -> list[str]:
    return [kind for kind, _words in post.facts(code) if kind != "received"]


def test_what_a_machine_writes_is_never_an_answer_and_never_answered(post, person):
    code, _number = post.request(person)
    to = str(post.received(person)[0]["Reply-To"])
    mails = [letter("Je suis absent.", "Re: x", sender=person, **{k.replace("-", "_"): v for k, v in headers.items()})
             for headers in AUTOMATIC.values()]  # fmt: skip
    mails += [letter("Je suis absent.", subject, sender=person) for subject in SUBJECTS]
    mails += [letter("Je suis absent.", "Re: x", sender=sender) for sender in SENDERS]
    outcomes = [post.send(mail, to=to, envelope_from=person) for mail in mails]
    outcomes.append(post.send(letter("Je suis absent.", sender=person), to=to, envelope_from=""))
    assert outcomes == [f"250 2.0.0 Taken: {Outcome.AUTOMATIC}"] * len(outcomes)
    # The same from a stranger: no request, no question sent back.
    for mail in mails[:3]:
        mail.replace_header("Message-ID", f"<{time.monotonic_ns()}@exemple.fr>")
        assert post.send(mail, envelope_from=person) == f"250 2.0.0 Taken: {Outcome.AUTOMATIC}"
    assert _answered(post, code) == []
    assert post.query('SELECT count(*) FROM ledger_notice WHERE "to" = ?', person) == [(1,)]


@pytest.mark.parametrize(
    "subject", ["Absence de lumière rue Bressigny", "Réponse à votre question", "Lu dans le journal"]
)
def test_a_person_whose_words_are_like_a_machines_is_a_person(post, stranger, subject):
    assert post.send(letter("Bonjour", subject, sender=stranger), envelope_from=stranger) == (
        f"250 2.0.0 Taken: {Outcome.ASKED}"
    )


def test_two_machines_that_hide_what_they_are_stop_talking(post, stranger):
    for _turn in range(14):
        assert post.send(letter("Bonjour", "Ça va ?", sender=stranger), envelope_from=stranger).startswith("250")
    assert post.query('SELECT count(*) FROM ledger_notice WHERE "to" = ?', stranger) == [(8,)]


def test_a_sender_that_floods_is_put_off(post, stranger):
    post.installation.python(
        "from mitoyen.services import throttle\n"
        + f"for _turn in range(60): throttle.count('submission', '{stranger}')"
    )
    assert post.send(letter("Bonjour", sender=stranger), envelope_from=stranger).startswith("450")


def _raw(*lines: bytes, head: bytes = b"") -> bytes:
    start = b"From: Jeanne <%s>\r\nSubject: Bonjour\r\nMIME-Version: 1.0\r\n" + head
    return start + b"\r\n".join(lines)


def _nested(depth: int) -> bytes:
    head = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(depth))
    return _raw(b"", b"x", head=head)


def _letters_in_letters(depth: int) -> bytes:
    return _raw(b"", b"x", head=b"Content-Type: message/rfc822\r\n\r\n" * depth)


def _parts(count: int) -> bytes:
    parts = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" for _n in range(count))
    return _raw(b"", parts + b"--b--", head=b'Content-Type: multipart/mixed; boundary="b"\r\n')


REFUSED = {
    "10,000 levels": _nested(10_000),
    "40 levels": _nested(40),
    "mails in mails": _letters_in_letters(5_000),
    "10,000 parts": _parts(10_000),
    "headers of 10 MB": _raw(b"", b"x", head=b"".join(b"X-%d: %s\r\n" % (n, b"y" * 990) for n in range(10_000))),
}
TAKEN = {
    "no boundary": _raw(b"", b"--b", b"Bonjour", head=b"Content-Type: multipart/mixed\r\n"),
    "a boundary that never comes": _raw(b"", b"Bonjour", head=b'Content-Type: multipart/mixed; boundary="nowhere"\r\n'),
    "an unknown charset": _raw(b"", b"\xe9t\xe9 Bonjour", head=b"Content-Type: text/plain; charset=klingon\r\n"),
    "a slow charset": _raw(b"", b"a" * 60_000, head=b"Content-Type: text/plain; charset=idna\r\n"),
    "a charset with NUL": _raw(b"", b"Bonjour", head=b'Content-Type: text/plain; charset="\x00"\r\n'),
    "an untrue charset": _raw(b"", b"\xff\xfe\xe9", b"Bonjour", head=b"Content-Type: text/plain; charset=utf-8\r\n"),
    "NUL in it": _raw(b"", b"Bon\x00jour\x00"),
    "base64 that isn't": _raw(b"", b"%%%====", b"Bonjour", head=b"Content-Transfer-Encoding: base64\r\n"),
    "uuencode that isn't": _raw(b"", b"begin 644 x", b"\xff\xff", head=b"Content-Transfer-Encoding: x-uuencode\r\n"),
    "an encoding nobody knows": _raw(b"", b"Bonjour", head=b"Content-Transfer-Encoding: rot13\r\n"),
    "a long encoded subject": _raw(b"", b"Bonjour", head=b"Subject: " + b"=?utf-8?q?a?= " * 60 + b"\r\n"),
    "no header at all": b"\r\nBonjour",
    "nothing": b"",
    "200 parts": _parts(200),
    "lone surrogates": _raw(b"", b"+2D3YPd4A-", head=b"Content-Type: text/plain; charset=utf-7\r\n"),
    "html of a million tags": _raw(b"", b"<b><i>\r\n" * 160_000, head=b"Content-Type: text/html\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED)
def test_bombs_are_refused_at_once(post, stranger, content):
    started = time.monotonic()
    assert post.send(content.replace(b"%s", stranger.encode(), 1), envelope_from=stranger)[:3] in ("554", "500", "552")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("content", TAKEN.values(), ids=TAKEN)
def test_broken_mails_are_taken_without_harm(post, stranger, content):
    started = time.monotonic()
    assert post.send(content.replace(b"%s", stranger.encode(), 1), envelope_from=stranger)[:3] in ("250", "554")
    assert time.monotonic() - started < 3
    assert post.send(letter("Bonjour", sender=stranger), envelope_from=stranger).startswith("250")


@pytest.mark.parametrize(
    "charset", ["unicode_escape", "raw_unicode_escape", "utf-7", "idna", "punycode", "rot13", "\x00", ""]
)
def test_a_charset_that_mails_are_not_written_in_is_taken_for_utf_8(charset):
    assert decoded("café \\x41 +AEE-".encode(), charset) == "café \\x41 +AEE-"


def test_a_name_or_subject_with_line_ends_writes_no_headers(post, stranger):
    name = base64.b64encode(b"x\r\nBcc: victim@exemple.fr\r\n\r\nSPAM").decode()
    content = (
        f"From: =?utf-8?b?{name}?= <{stranger}>\r\nSubject: =?utf-8?b?{name}?=\r\n"
        f"Message-ID: <{time.monotonic_ns()}@x>\r\n\r\nBonjour"
    )
    assert post.send(content.encode(), envelope_from=stranger).startswith("250")
    (mail,) = post.received(stranger)
    assert mail["Bcc"] is None
    assert "SPAM" in mail["Subject"]
    assert [to for _from, to, _mail in post.sink.mails if "victim" in to] == []


def test_an_address_hidden_in_a_name_is_not_written_to(post, stranger):
    mail = f'From: "victim@exemple.fr" <{stranger}>\r\nMessage-ID: <{time.monotonic_ns()}@x>\r\n\r\nBonjour'
    post.send(mail.encode(), envelope_from=stranger)
    assert post.received(stranger)
    assert [to for _from, to, _mail in post.sink.mails if "victim" in to] == []


def test_a_mail_beyond_the_limit_is_refused_and_one_that_never_ends_is_cut_off(post, stranger):
    large = _raw(b"", b"\r\n".join([b"x" * 900] * 30_000)).replace(b"%s", stranger.encode(), 1)
    assert post.send(large, envelope_from=stranger).startswith("552")
    with socket.create_connection(("127.0.0.1", post.port), timeout=30) as wire:
        wire.sendall(b"EHLO x\r\nMAIL FROM:<a@b.fr>\r\nRCPT TO:<demande@mairie.example>\r\nDATA\r\n")
        time.sleep(0.3)
        sent = 0
        with suppress(OSError):
            for sent in range(200):  # noqa: B007 - how far it came is what counts
                wire.sendall(b"x" * 1024 * 1024)
        assert sent < 100
    assert post.send(letter("Bonjour", sender=stranger), envelope_from=stranger).startswith("250")


def test_wrong_codes_in_subjects_are_counted(post, stranger):
    code, _number = post.request(f"autre-{stranger}")
    guesses = [codes.new_code() for _guess in range(30)]
    for guess in guesses[:3]:
        post.send(letter("Bonjour", guess, sender=stranger), envelope_from=stranger)
    assert post.send(letter("Ajout", code, sender=stranger), envelope_from=stranger).startswith("250")
    assert post.facts(code)[-1] == ("added", "Ajout")
    for guess in guesses[3:]:
        post.send(letter("Bonjour", guess, sender=stranger), envelope_from=stranger)
    post.send(letter("Encore", code, sender=stranger), envelope_from=stranger)
    assert post.facts(code)[-1] == ("added", "Ajout")
