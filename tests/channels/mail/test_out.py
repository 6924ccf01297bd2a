"""Notices handed over by mail: what people get, and what becomes of what doesn't arrive."""

import uuid
from email.message import EmailMessage

from mitoyen.channels.mail.models import Outcome
from tests.channels.mail.conftest import letter


def test_a_notice_is_plain_text_with_the_code_and_an_address_to_reply_to(post, person):
    code, number = post.request(person)
    (mail,) = post.received(person)
    shown = f"{code[:3]}-{code[3:6]}-{code[6:]}"
    body = mail.get_content()
    assert mail.get_content_type() == "text/plain"
    assert mail["Subject"] == f"Votre demande {shown}"
    assert shown in body
    assert "https://mairie.example/suivre/" in body
    assert "02 41 00 00 00" in body
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"].addresses[0].addr_spec == "demande@mairie.example"
    assert mail["Reply-To"].addresses[0].username.startswith(f"demande+r{number}-")
    ((state, reference),) = post.query('SELECT state, reference FROM ledger_notice WHERE "to" = ?', person)
    assert (state, reference) == ("handed", mail["Message-ID"])


def test_english_for_who_speaks_english(post, stranger):
    post.request(stranger, language="en")
    (mail,) = post.received(stranger)
    assert mail["Subject"].startswith("Your request ")
    assert "https://mairie.example/en/suivre/" in mail.get_content()
    assert mail["Content-Language"] == "en"


def test_an_address_that_the_relay_refuses_for_good_is_flagged_for_the_desk(post, stranger):
    post.sink.refuse[stranger] = "550 5.1.1 No such user"
    code, _number = post.request(stranger)
    post.until("SELECT 1 FROM services_contact WHERE value = ? AND unreached_at IS NOT NULL", stranger)
    ((state, error),) = post.query('SELECT state, error FROM ledger_notice WHERE "to" = ?', stranger)
    assert state == "failed"
    assert "No such user" in error
    assert [kind for kind, _words in post.facts(code)] == ["received", "unreached"]


def test_a_relay_that_says_later_gets_it_later_under_the_same_message_id(post, stranger):
    post.sink.refuse[stranger] = "451 4.7.1 Greylisted"
    post.request(stranger)
    ((error,),) = post.until("SELECT error FROM ledger_notice WHERE \"to\" = ? AND error LIKE '451%'", stranger)
    assert "Greylisted" in error
    assert not post.query("SELECT 1 FROM services_contact WHERE value = ? AND unreached_at IS NOT NULL", stranger)
    ((reference,),) = post.query('SELECT reference FROM ledger_notice WHERE "to" = ?', stranger)
    del post.sink.refuse[stranger]
    post.installation.python(
        f"from mitoyen.ledger.models import Notice; from django.utils import timezone\n"
        f"Notice.objects.filter(to='{stranger}').update(due_at=timezone.now())"
    )
    (mail,) = post.received(stranger)
    assert mail["Message-ID"] == reference


def _report(recipient: str, action: str, status: str, message_id: str = "") -> bytes:
    """A report as mail servers write it (RFC 3464)."""
    head = f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\nSubject: x\n" if message_id else ""
    return f"""From: MAILER-DAEMON@relay.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <{uuid.uuid4()}@relay.example>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

This is the mail system. I'm sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}

{head}--b--
""".replace("\n", "\r\n").encode()


def _handed(post, person: str) -> tuple[str, EmailMessage, str]:
    code, _number = post.request(person)
    post.received(person)
    ((envelope, mail),) = [(sender, mail) for sender, to, mail in post.sink.mails if to == person]
    return code, mail, envelope


def test_a_report_that_comes_back_later_fails_the_notice(post, person):
    code, _mail, envelope = _handed(post, person)
    assert post.send(_report(person, "failed", "5.1.1"), to=envelope, envelope_from="").startswith("250")
    ((state, error),) = post.query('SELECT state, error FROM ledger_notice WHERE "to" = ?', person)
    assert (state, error[:5]) == ("failed", "5.1.1")
    assert post.query("SELECT unreached_at FROM services_contact WHERE value = ?", person)[0][0]
    assert [kind for kind, _words in post.facts(code)] == ["received", "unreached"]


def test_a_report_is_known_by_the_message_id_that_it_gives_back(post, person):
    _code, mail, _envelope = _handed(post, person)
    assert post.send(_report(person, "failed", "5.2.2", mail["Message-ID"]), envelope_from="").startswith("250")
    assert post.query('SELECT state FROM ledger_notice WHERE "to" = ?', person) == [("failed",)]


def test_a_delay_and_a_made_up_report_change_nothing(post, person):
    code, _mail, envelope = _handed(post, person)
    assert post.send(_report(person, "delayed", "4.4.7"), to=envelope, envelope_from="").startswith("250")
    local, domain = envelope.split("@")
    made_up = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}@{domain}"
    assert post.send(_report(person, "failed", "5.1.1"), to=made_up, envelope_from="").startswith("550")
    assert post.send(_report(person, "failed", "5.1.1", "<guess@mairie.example>"), envelope_from="").startswith("250")
    assert post.query('SELECT state FROM ledger_notice WHERE "to" = ?', person) == [("handed",)]
    assert [kind for kind, _words in post.facts(code)] == ["received"]


def test_old_servers_that_write_no_report_are_understood(post, person):
    _code, _mail, envelope = _handed(post, person)
    mail = letter("550 5.1.1 user unknown", "Mail delivery failed: returning message", sender="postmaster@old.example")
    assert post.send(mail, to=envelope, envelope_from="") == f"250 2.0.0 Taken: {Outcome.BOUNCE}"
    assert post.query('SELECT state FROM ledger_notice WHERE "to" = ?', person) == [("failed",)]


def test_whoever_writes_again_can_be_reached_again(post, person):
    code, mail, envelope = _handed(post, person)
    post.send(_report(person, "failed", "4.2.2"), to=envelope, envelope_from="")
    assert post.query("SELECT unreached_at FROM services_contact WHERE value = ?", person)[0][0]
    reply = letter("Ma boîte était pleine.", "Re: " + mail["Subject"], sender=person)
    post.send(reply, to=str(mail["Reply-To"]), envelope_from=person)
    assert post.query("SELECT unreached_at FROM services_contact WHERE value = ?", person) == [(None,)]
    assert post.facts(code)[-1] == ("added", "Ma boîte était pleine.")


def test_a_team_gets_no_code_to_follow_and_what_it_answers_stays_between_agents(post, person):
    code, _number = post.request(person)
    team = f"equipe-{person}"
    post.installation.python(
        "from mitoyen.ledger import outbox; from mitoyen.ledger.enums import NoticeWay\n"
        f"outbox.put(NoticeWay.MAIL, '{team}', 'Lampadaire éteint', key='team:x{code}', about='request:{code}',"
        f" subject='À traiter : {code[:3]}-{code[3:6]}-{code[6:]}')"
    )
    (mail,) = post.received(team)
    assert mail["Reply-To"] is None
    assert "suivre" not in mail.get_content()
    reply = letter("Nacelle réservée.", f"Re: {mail['Subject']}", sender=team, In_Reply_To=mail["Message-ID"])
    assert post.send(reply, envelope_from=team) == f"250 2.0.0 Taken: {Outcome.NOTE}"
    assert post.query("SELECT kind, words, between_agents FROM services_fact ORDER BY id DESC LIMIT 1") == [
        ("noted", "Nacelle réservée.", 1)
    ]


def test_an_announcement_says_how_to_stop_and_a_click_does(post, stranger):
    post.installation.python(
        "from django.utils import timezone\nfrom mitoyen.ledger import outbox\n"
        "from mitoyen.ledger.enums import NoticeWay\nfrom mitoyen.services.models import Request, Subscription\n"
        f"Subscription.objects.create(request=Request.objects.first(), topic='floods', way='mail', value='{stranger}',"
        " since=timezone.now())\n"
        f"outbox.put(NoticeWay.MAIL, '{stranger}', 'La Maine monte.', key='announcement:x', about='announcement:1',"
        " subject='Crues')"
    )
    (mail,) = post.received(stranger)
    assert "STOP" in mail.get_content()
    address = mail["List-Unsubscribe"].split(":")[1].split("?")[0]
    stop = letter("", "STOP", sender=stranger)
    assert post.send(stop, to=address, envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.STOP}"
    assert not post.query("SELECT 1 FROM services_subscription WHERE value = ? AND ended_at IS NULL", stranger)
