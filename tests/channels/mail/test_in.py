"""Mails of people: answers to a request, new ones with everything, and those that lack something."""

import json
import smtplib
import socket
import sqlite3
import time
from contextlib import closing
from email import policy
from email.message import EmailMessage

from mitoyen.channels.mail.models import Outcome
from tests.channels.mail.conftest import Post, letter, photo_with_place

QUOTED = "\n\nLe lun. 23 nov. 2026 à 10:12, Mairie <demande@mairie.example> a écrit :\n> Bonjour,\n> Votre demande\n"
WHOLE = (
    "Quoi : rien\nDe quoi s’agit-il ? : Éclairage\nOù est-ce ? : 12 rue Bressigny, Angers\n\nLe lampadaire clignote."
)


def _asked(post: Post, person: str, count: int = 1) -> EmailMessage:
    return post.received(person, count)[count - 1]


def _requests(post: Post, person: str) -> list[tuple[str, str, str, str]]:
    return post.query(
        "SELECT r.code, r.category, r.answers, r.channel FROM services_request r "
        "JOIN services_contact c ON c.request_id = r.id WHERE c.value = ? ORDER BY r.id",
        person,
    )


def test_a_reply_completes_the_request_with_the_persons_words_only(post, person):
    code, _number = post.request(person)
    mail = _asked(post, person)
    reply = letter(f"Il est tombé cette nuit.{QUOTED}", "Re: " + mail["Subject"], sender=person)
    assert post.send(reply, to=str(mail["Reply-To"]), envelope_from=person) == f"250 2.0.0 Taken: {Outcome.ANSWER}"
    assert post.facts(code)[-1] == ("added", "Il est tombé cette nuit.")


def test_the_same_mail_twice_is_one(post, person):
    code, _number = post.request(person)
    reply = letter("Il est tombé.", "Re: demande", sender=person)
    to = str(_asked(post, person)["Reply-To"])
    for _time in range(3):
        assert post.send(reply, to=to, envelope_from=person) == f"250 2.0.0 Taken: {Outcome.ANSWER}"
    assert [kind for kind, _words in post.facts(code)] == ["received", "added"]


def test_an_answer_finds_its_request_by_what_it_refers_to_or_by_the_code(post, person):
    code, _number = post.request(person)
    mail = _asked(post, person)
    by_reference = letter("Par la référence.", "sans rapport", sender=person, In_Reply_To=mail["Message-ID"])
    by_thread = letter("Par le fil.", "sans rapport", sender=person, References=str(mail["References"]))
    by_code = letter("Par le code.", f"RE: [EXTERNE] {mail['Subject'].lower()}", sender=person)
    for reply in (by_reference, by_thread, by_code):
        assert post.send(reply, envelope_from=person) == f"250 2.0.0 Taken: {Outcome.ANSWER}"
    assert [words for kind, words in post.facts(code) if kind == "added"] == [
        "Par la référence.", "Par le fil.", "Par le code."
    ]  # fmt: skip


def test_an_answer_opens_a_closed_request_again_but_thanks_do_not(post, person):
    code, _number = post.request(person)
    to = str(_asked(post, person)["Reply-To"])
    post.installation.python(
        "from mitoyen.services import timeline; from mitoyen.services.models import Request\n"
        f"timeline.close(Request.objects.get(code='{code}'), 'Réparé.', 'agent@mairie.example')"
    )
    post.send(letter("Merci beaucoup, bonne journée !", sender=person), to=to, envelope_from=person)
    assert post.query("SELECT state FROM services_request WHERE code = ?", code) == [("closed",)]
    assert post.facts(code)[-1] == ("added", "Merci beaucoup, bonne journée !")
    post.send(letter("Merci, mais il est encore éteint.", sender=person), to=to, envelope_from=person)
    assert post.query("SELECT state, reopened FROM services_request WHERE code = ?", code) == [("open", 1)]
    assert post.facts(code)[-1] == ("reopened", "Merci, mais il est encore éteint.")


def test_an_answer_to_a_refusal_contests_it(post, person):
    code, _number = post.request(person)
    to = str(_asked(post, person)["Reply-To"])
    post.installation.python(
        "from mitoyen.services import timeline; from mitoyen.services.models import Request\n"
        f"timeline.refuse(Request.objects.get(code='{code}'), 'off_topic', 'Sans rapport.', 'agent@mairie.example')"
    )
    post.send(letter("Ce n'est pas vrai.", sender=person), to=to, envelope_from=person)
    assert post.facts(code)[-1] == ("appealed", "Ce n'est pas vrai.")


def test_a_code_alone_gets_the_timeline_and_never_who_asked(post, person):
    code, _number = post.request(person)
    other = f"autre-{person}"
    mail = letter("Bonjour, où en est ma demande ? Merci", f"Suivi {code[:3]} {code[3:6]} {code[6:]}", sender=other)
    assert post.send(mail, envelope_from=other) == f"250 2.0.0 Taken: {Outcome.STORY}"
    told = _asked(post, other).get_content()
    assert "Nous l" in told
    assert "Jeanne Martin" not in told
    assert person not in told
    assert [kind for kind, _words in post.facts(code)] == ["received"]


def test_a_mail_with_everything_becomes_a_request_at_once(post, stranger):
    mail = letter(WHOLE, "Signalement", sender=stranger)
    assert post.send(mail, envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.NEW}"
    ((code, category, answers, channel),) = _requests(post, stranger)
    assert (category, channel) == ("lighting", "mail")
    assert '"Quoi : rien\\n\\nLe lampadaire clignote."' in answers
    # Nobody knows them yet: it is held, and they have their code all the same.
    assert [kind for kind, _words in post.facts(code)] == ["received", "held"]
    told = _asked(post, stranger).get_content()
    assert f"{code[:3]}-{code[3:6]}-{code[6:]}" in told
    assert "Quelqu" in told


def test_what_is_missing_is_asked_by_number_and_filled_in_by_replying(post, stranger):
    first = letter("Le lampadaire clignote.", "Bonjour", sender=stranger)
    assert post.send(first, envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.ASKED}"
    assert not _requests(post, stranger)
    mail = _asked(post, stranger)
    body = mail.get_content()
    assert "1. De quoi" in body
    assert "a) Éclairage" in body
    assert "2. Où est-ce" in body
    assert mail["In-Reply-To"] == first["Message-ID"]
    # The answer to one question, and a place that may be two.
    reply = letter(f"1. b\n2. 12 rue de la Gare{QUOTED}", "Re: Bonjour", sender=stranger)
    assert post.send(reply, to=str(mail["Reply-To"]), envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.ASKED}"
    mail = _asked(post, stranger, 2)
    body = mail.get_content()
    assert "1. Où est-ce" in body
    assert "De quoi" not in body
    assert "Avrill" in body
    letters = {line.strip()[3:]: line.strip()[0] for line in body.split("\n") if "Rue de la Gare," in line}
    chosen = next(letter for label, letter in letters.items() if "Avrill" in label)
    # With one question only, the words alone are the answer.
    last = letter(f"{chosen})", "Re: Bonjour", sender=stranger)
    assert post.send(last, to=str(mail["Reply-To"]), envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.NEW}"
    ((code, category, answers, _channel),) = _requests(post, stranger)
    assert category == "road"
    assert '"words": "Le lampadaire clignote."' in answers
    assert post.query("SELECT commune_id FROM services_request WHERE code = ?", code) == [("49015",)]
    # What was asked for meanwhile isn't kept twice; a later answer completes the request.
    assert not post.query("SELECT 1 FROM mail_dialogue WHERE address = ?", stranger)
    dialogue = post.query(
        "SELECT d.raw, d.spot, d.name FROM mail_dialogue d JOIN services_request r ON r.id = d.request_id "
        "WHERE r.code = ?",
        code,
    )
    assert dialogue == [("{}", None, "")]
    post.send(letter("Et il grésille.", sender=stranger), to=str(mail["Reply-To"]), envelope_from=stranger)
    assert post.facts(code)[-1] == ("added", "Et il grésille.")


def test_answers_between_the_quoted_questions_are_found(post, stranger):
    post.send(letter("Il y a un trou.", sender=stranger), envelope_from=stranger)
    mail = _asked(post, stranger)
    quoted = "\n".join(f"> {line}" for line in mail.get_content().split("\n"))
    filled = quoted.replace("> 2. Où", "Rue, trottoir\n> 2. Où", 1)
    at = filled.index("> Répondez")
    filled = f"{filled[:at]}12 rue Bressigny, Angers\n{filled[at:]}"
    reply = letter(f"Le 23/11/2026 à 10:12, Mairie a écrit :\n{filled}", "Re:", sender=stranger)
    assert post.send(reply, to=str(mail["Reply-To"]), envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.NEW}"
    ((_code, category, _answers, _channel),) = _requests(post, stranger)
    assert category == "road"


def test_a_long_mail_is_kept_to_its_last_word(post, stranger):
    words = " ".join(f"mot{n}" for n in range(1500))
    post.send(letter(WHOLE.replace("Le lampadaire clignote.", words), sender=stranger), envelope_from=stranger)
    ((code, _category, answers, _channel),) = _requests(post, stranger)
    told = answers + " ".join(words for _kind, words in post.facts(code))
    assert all(f"mot{n}" in told for n in range(1500))


def test_a_subject_that_says_something_is_not_lost(post, stranger):
    post.send(letter(WHOLE, "Lampadaire 4512 en panne", sender=stranger), envelope_from=stranger)
    ((_code, _category, answers, _channel),) = _requests(post, stranger)
    assert "Lampadaire 4512 en panne\\n" in answers


def test_another_service_has_an_address_of_its_own(post, stranger):
    mail = letter("Un banc devant l'école.", "Idée", sender=stranger)
    assert post.send(mail, to="demande+propose_idea@mairie.example", envelope_from=stranger).startswith("250")
    assert post.query("SELECT service FROM mail_dialogue WHERE address = ?", stranger) == [("propose_idea",)]
    assert post.send(mail, to="demande+nothing_such@mairie.example", envelope_from=stranger).startswith("250")


def test_photos_lose_where_they_were_taken_and_other_files_are_left_aside_with_a_word(post, stranger, tmp_path):
    mail = letter(WHOLE, sender=stranger)
    mail.add_attachment(photo_with_place(tmp_path / "a.jpg"), maintype="image", subtype="jpeg", filename="a.jpg")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="facture.pdf")
    post.send(mail, envelope_from=stranger)
    ((code, *_rest),) = _requests(post, stranger)
    ((digest, width),) = post.query(
        "SELECT p.digest, p.width FROM services_photo p JOIN services_request r ON r.id = p.request_id "
        "WHERE r.code = ?",
        code,
    )
    kept = (post.installation.home / "photos" / digest[:2] / f"{digest}.jpg").read_bytes()
    assert width == 800
    assert b"Exif" not in kept
    assert b"Maker" not in kept
    assert "laissées de côté : 1" in _asked(post, stranger).get_content().replace("\xa0", " ")


def test_stop_ends_subscriptions(post, stranger):
    post.installation.python(
        "from django.utils import timezone; from mitoyen.services.models import Request, Subscription\n"
        f"Subscription.objects.create(request=Request.objects.first(), topic='floods', way='mail', value='{stranger}',"
        " since=timezone.now())"
    )
    assert (
        post.send(letter("Stop", "Re: Crue", sender=stranger), envelope_from=stranger)
        == f"250 2.0.0 Taken: {Outcome.STOP}"
    )
    assert not post.query("SELECT 1 FROM services_subscription WHERE value = ? AND ended_at IS NULL", stranger)


def test_lmtp_says_what_became_of_it_as_smtp_does(post, stranger):
    with smtplib.LMTP("127.0.0.1", post.port) as client:
        client.sendmail(
            stranger, ["demande@mairie.example"], letter(WHOLE, sender=stranger).as_bytes(policy=policy.SMTP)
        )
    assert len(_requests(post, stranger)) == 1


def test_this_is_no_relay_and_a_made_up_signature_is_nobodys(post, stranger):
    for to in ("someone@elsewhere.example", "demande@elsewhere.example", "demande+r1-abcdefghijklmnop@mairie.example",
               "autre@mairie.example", "demande+../x@mairie.example"):  # fmt: skip
        assert post.send(letter("x", sender=stranger), to=to, envelope_from=stranger).startswith("550")


def test_what_can_not_be_committed_is_not_acknowledged(post, stranger):
    mail = letter(WHOLE, sender=stranger)
    with closing(sqlite3.connect(post.installation.home / "state.sqlite3", isolation_level=None)) as state:
        state.execute("ALTER TABLE mail_dialogue RENAME TO away")
        try:
            assert post.send(mail, envelope_from=stranger).startswith("451")
        finally:
            state.execute("ALTER TABLE away RENAME TO mail_dialogue")
    assert not _requests(post, stranger)
    assert post.send(mail, envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.NEW}"
    assert len(_requests(post, stranger)) == 1


def test_a_spot_in_the_persons_own_words_is_kept_once_the_commune_is_known(post, stranger):
    words = "Lieu : devant l’école, Avrillé\nCatégorie : éclairage\n\nC'est noir."
    assert post.send(letter(words, sender=stranger), envelope_from=stranger) == f"250 2.0.0 Taken: {Outcome.NEW}"
    ((code, _category, answers, _channel),) = _requests(post, stranger)
    assert json.loads(answers)["place"] == {"label": "devant l’école, Avrillé", "commune": "49015"}
    assert post.query("SELECT commune_id FROM services_request WHERE code = ?", code) == [("49015",)]


def test_more_connections_than_it_serves_are_sent_away(post, stranger):
    wires = [socket.create_connection(("127.0.0.1", post.port), timeout=20) for _wire in range(60)]
    try:
        said = [wire.recv(100)[:3] for wire in wires]
        assert said.count(b"220") <= 50
        assert said.count(b"421") >= 10
    finally:
        for wire in wires:
            wire.close()
    time.sleep(0.5)
    assert post.send(letter("Bonjour", sender=stranger), envelope_from=stranger).startswith("250")


def test_who_writes_of_what_is_known_already_is_told_where_to_follow_it(post):
    first, second = "premiere@exemple.fr", "seconde@exemple.fr"
    words = WHOLE.replace("Éclairage", "Arbre, parc").replace("lampadaire clignote", "tilleul penche")
    post.send(letter(words, "Signalement", sender=first), envelope_from=first)
    ((code, *_rest),) = _requests(post, first)
    assert "semblable" not in _asked(post, first).get_content()
    post.installation.python(
        "from mitoyen.services import timeline; from mitoyen.services.models import Request\n"
        f"timeline.release(Request.objects.get(code='{code}'), 'moderator@mairie.example')"
    )
    ((number,),) = post.query("SELECT id FROM services_request WHERE code = ?", code)
    post.send(letter(words, "Signalement", sender=second), envelope_from=second)
    told = _asked(post, second).get_content().replace("\n", " ")
    assert "Une demande semblable" in told
    assert f"https://mairie.example/services/report_problem/demandes/{number}/" in told
    assert code not in told.replace("-", ""), "its code is the other person's"
    ((own, *_rest),) = _requests(post, second)
    assert own != code
    assert post.query("SELECT joined_to_id FROM services_request WHERE code = ?", own) == [(None,)]


def test_an_appointment_is_asked_for_by_mail_with_where_and_when_it_suits(post, stranger):
    service = "demande+digital_help@mairie.example"
    post.send(
        letter("De quoi avez-vous besoin : Courriel", "Aide", sender=stranger), to=service, envelope_from=stranger
    )
    questions = _asked(post, stranger)
    assert "jours et les heures" in questions.get_content().replace("\n", " ")
    numbers = questions.get_content()
    answer = "\n".join(
        f"{line[0]}. {'Avrillé, mardi matin' if 'quand' in line else 'a'}"
        for line in numbers.splitlines()
        if line[:2] in ("1.", "2.") and "?" in line
    )
    reply = letter(answer, f"Re: {questions['Subject']}", sender=stranger)
    sent = post.send(reply, to=str(questions["Reply-To"]), envelope_from=stranger)
    assert sent == f"250 2.0.0 Taken: {Outcome.NEW}"
    ((code, _category, answers, channel),) = _requests(post, stranger)
    assert channel == "mail"
    assert json.loads(answers)["venue"] == {"label": "Avrillé, mardi matin"}
    assert post.query("SELECT commune_id FROM services_request WHERE code = ?", code) == [("49015",)]
