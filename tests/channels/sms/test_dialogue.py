"""The dialogue, from what a phone sends through a real SMSC to the request that is kept."""

import datetime as dt
import re
import time
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone, translation

from mitoyen.channels.sms import talk
from mitoyen.channels.sms.models import Dialogue, Incoming, Piece, Segment, Stopped
from mitoyen.ledger import gsm7, outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Job, Notice
from mitoyen.services import codes, throttle, timeline
from mitoyen.services.enums import Channel, Way
from mitoyen.services.models import Opening, Request, Subscription, Venue
from mitoyen.territory.models import Address, Place, Street
from mitoyen.territory.spelling import key
from tests.channels.sms.conftest import MARIE, binding, bound_to
from tests.services.conftest import report

NUMBER = "+" + MARIE
KEPT = ("service", "version", "answers", "category", "commune_id", "longitude", "latitude", "thing_id", "team", "state")


@pytest.fixture
def streets(communes):
    """A street of Angers with two numbers, and two streets of the same name."""
    ponts = _street("Rue des Ponts", "49007", -0.55, 47.47)
    for number in ("3", "5"):
        Address.objects.create(street=ponts, number=number, longitude=-0.5501, latitude=47.4702)
    _street("Rue de la Gare", "49007", -0.556, 47.464)
    _street("Rue de la Gare", "49015", -0.58, 47.5)


def _street(name, insee, longitude, latitude):
    return Street.objects.create(
        name=name, key=key(name), commune_id=insee, postcode="49000",
        longitude=longitude, latitude=latitude,
    )  # fmt: skip


def _walk(bound, *texts, number=MARIE):
    """Say each in turn; what was answered to each."""
    return [bound.say(text, number) for text in texts]


def _handed_in(bound, *texts, number=MARIE):
    _walk(bound, *texts[:-1], number=number)
    before = Request.objects.count()
    bound.centre.deliver(number, texts[-1])
    bound.until(lambda: Request.objects.count() > before)
    return Request.objects.order_by("-pk").first()


def _posted(service, **fields):
    """The same handed in by the web form."""
    response = Client().post(
        _form_address(service),
        urlencode(fields, doseq=True),
        content_type="application/x-www-form-urlencoded",
    )
    assert response.status_code == 302, response.content.decode()[:3000]
    return Request.objects.order_by("-pk").first()


def _form_address(service):
    from django.urls import reverse

    return reverse("portal:service", args=[service])


def test_any_word_gets_the_menu(bound, communes):
    told = bound.say("Bonjour")
    assert "1 Signaler un probl" in told
    assert re.search(r"^6 Voir ou effacer", told, re.MULTILINE)


@pytest.mark.parametrize(
    "text", ["SIGNALER", "signaler un trou", "idée", "Hello", "AIDE", "help", "?", "12", "   .", "😀"]
)
def test_every_first_message_is_answered_in_three_parts_at_most(bound, communes, text):
    told = bound.say(text)
    assert gsm7.cost(told).parts <= 3
    assert not gsm7.cost(told).ucs2


def test_a_report_is_the_record_that_the_web_form_makes(bound, streets):
    sent = _handed_in(
        bound, "SIGNALER", "1", "3 rue des ponts angers", "Le lampadaire est éteint, ça fait trois jours.", "oui", "OUI"
    )
    web = _posted(
        "report_problem",
        **{
            "q-category": "lighting",
            "q-place": "3 rue des ponts angers",
            "q-words": "Le lampadaire est éteint, ça fait trois jours.",
            "q-danger": "yes",
            "contact-way": "sms",
            "contact-value": "06 12 34 56 78",
        },
    )
    assert {name: getattr(sent, name) for name in KEPT} == {name: getattr(web, name) for name in KEPT}
    assert (sent.channel, web.channel) == (Channel.SMS, Channel.WEB)
    assert sent.answers["place"]["commune"] == "49007"
    assert (sent.team, sent.commune_id, sent.category) == ("lighting", "49007", "lighting")
    assert list(sent.answers) == list(web.answers)
    assert (sent.contact.way, sent.contact.value) == (Way.SMS, NUMBER)
    assert not Dialogue.objects.exists()


def test_the_code_is_told_and_it_tells_the_timeline(bound, streets):
    sent = _handed_in(bound, "SIGNALER", "Éclairage", "5 rue des Ponts, Angers", "Éteint", "0", "oui")
    told = bound.until(lambda: _last_to(bound))
    assert codes.shown(sent.code) in told
    timeline.release(sent, "moderator")
    timeline.answer(sent, "Une équipe passe demain.", "agent")
    bound.settle()
    told = bound.say(codes.shown(sent.code).lower())
    assert "Une équipe passe demain." in told
    assert "clairage" in told
    assert NUMBER not in told


def _last_to(bound, number=MARIE):
    taken = [one for one in bound.centre.taken() if one["to"] == number]
    return taken[-1]["text"] if taken else None


def test_guessing_codes_is_throttled(bound, communes):
    for _ in range(28):
        throttle.count("wrong_code", NUMBER)
    for code in ("A23456783", "A23-456-784"):
        assert "K7M-2XA-9FC" in bound.say(code)
    assert "02 41 05 50 00" in bound.say("A23456789")


def test_several_places_are_asked_about(bound, streets):
    told = _walk(bound, "Signaler", "Rue, trottoir", "rue de la gare")[-1]
    assert re.search(r"^1 Rue de la Gare.*\n2 Rue de la Gare", told, re.MULTILINE)
    chosen = next(line[0] for line in told.split("\n") if "Avrill" in line)
    sent = _handed_in(bound, chosen, "Un trou", "non", "OUI")
    assert sent.commune_id == "49015"


def test_other_words_for_the_place_may_be_given_instead(bound, streets):
    told = _walk(bound, "Signaler", "2", "rue de la gare", "3 rue des ponts angers", "Un trou", "2")[-1]
    assert "3 Rue des Ponts" in told


def test_words_that_name_no_known_place_are_kept_once_the_commune_is_told(bound, streets):
    told = _walk(bound, "Signaler", "2", "derrière le grand chêne")[-1]
    assert "commune" in told
    assert "commune" in bound.say("Trifouillis")
    sent = _handed_in(bound, "Avrillé", "Une branche", "0", "oui")
    web = _posted("report_problem", **{
        "q-category": "road", "q-place": "derrière le grand chêne", "place-commune": "49015", "q-words": "Une branche",
        "contact-way": "sms", "contact-value": NUMBER,
    })  # fmt: skip
    assert sent.answers == web.answers
    assert sent.commune_id == "49015"


def test_better_words_may_be_given_instead_of_the_commune(bound, streets):
    told = _walk(bound, "Signaler", "2", "devant chez moi", "5 rue des ponts, angers")[-1]
    assert "Que se passe" in told
    assert Dialogue.objects.get().spot["label"].startswith("5 Rue des Ponts")


def test_the_commune_told_in_the_same_breath_is_not_asked_for(bound, streets):
    assert "Que se passe" in _walk(bound, "Signaler", "2", "Derrière le grand chêne, Avrillé")[-1]
    assert Dialogue.objects.get().spot["commune"] == "49015"


def test_the_recap_tells_what_the_number_is_used_for(bound, streets):
    told = _walk(bound, "Signaler", "2", "3 rue des ponts angers", "Un trou " * 20, "0")[-1]
    assert "Vos coordonnées servent à vous répondre, à rien d'autre." in told
    assert gsm7.cost(told).parts <= 3


def test_an_answer_that_cannot_be_read_says_why_and_the_third_offers_the_phone(bound, communes):
    bound.say("SIGNALER")
    told = [bound.say(text) for text in ("42", "rien de tout ça", "99")]
    assert "chiffres" in told[0]
    assert "1 " in told[0]
    assert "02 41" not in told[1]
    assert "02 41 05 50 00" in told[2]
    assert "trois" not in bound.say("1")


def test_a_correction_comes_back_to_the_recap(bound, streets):
    recap = _walk(bound, "SIGNALER", "1", "3 rue des ponts angers", "Un trou", "0")[-1]
    assert "1 " in recap
    assert "4 -" in recap
    assert _walk(bound, "1", "2")[-1].split("\n")[1].startswith("1 Rue, trottoir")
    assert _handed_in(bound, "OUI").category == "road"


def test_no_forgets_everything(bound, streets):
    _walk(bound, "SIGNALER", "1", "3 rue des ponts angers", "Un trou", "0", "NON")
    assert not Dialogue.objects.exists()
    assert not Request.objects.exists()


def test_it_goes_on_days_later_and_ends_at_its_term(bound, streets):
    _walk(bound, "SIGNALER", "1")
    Dialogue.objects.update(expires_at=timezone.now() + dt.timedelta(hours=1))
    assert "passe-t-il" in bound.say("3 rue des ponts angers")
    Dialogue.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert "1 Signaler" in bound.say("Le banc est cassé")


def test_stop_ends_everything_at_once(bound, streets):
    kept = _handed_in(bound, "prévenu", "1 3", "3 rue des ponts angers", "OUI")
    assert kept.service == "be_told"
    timeline.release(kept, "moderator")
    assert Subscription.objects.filter(value=NUMBER, ended_at=None).count() == 2
    bound.say("SIGNALER")
    bound.settle()
    waits = timezone.now() + dt.timedelta(hours=1)
    outbox.put(NoticeWay.SMS, NUMBER, "La Loire monte", key="flood-1", due_at=waits)
    told = bound.say("Stop !")
    assert "STOP" not in told
    assert not Subscription.objects.filter(ended_at=None).exists()
    assert not Dialogue.objects.exists()
    assert Notice.objects.get(key="flood-1").state == NoticeState.FAILED
    outbox.put(NoticeWay.SMS, NUMBER, "La Loire monte encore", key="flood-2")
    bound.until(lambda: Notice.objects.get(key="flood-2").state == NoticeState.FAILED)
    assert "1 Signaler" in bound.say("bonjour")
    assert not any("Loire" in taken["text"] for taken in bound.centre.taken())


def test_after_stop_who_asks_again_is_answered(bound, streets):
    bound.say("ARRÊT")
    assert Stopped.objects.filter(number=NUMBER).exists()
    sent = _handed_in(bound, "SIGNALER", "1", "3 rue des ponts angers", "Éteint", "0", "oui")
    timeline.release(sent, "moderator")
    timeline.answer(sent, "C'est réparé.", "agent")
    bound.until(lambda: "réparé" in (_last_to(bound) or ""))


def test_in_english_when_the_first_word_is(bound, streets):
    assert "Report a problem" in bound.say("Hello")
    told = _walk(bound, "1", "lighting", "3 rue des ponts angers", "It is out", "no")[-1]
    assert "YES to send" in told
    assert _handed_in(bound, "YES").language == "en"


def test_an_appointment_near_home(bound, communes):
    for insee, name in (("49007", "Mairie annexe"), ("49015", "Médiathèque")):
        place = Place.objects.create(name=name, slug=name.lower(), commune_id=insee)
        venue = Venue.objects.create(place=place, service="digital_help")
        for weekday in range(7):
            Opening.objects.create(venue=venue, weekday=weekday, starts=dt.time(9), ends=dt.time(12), minutes=60)
    told = _walk(bound, "numérique", "1", "Avrillé")[-1]
    assert told.count("Médiathèque") == 5
    assert "Mairie annexe" not in told
    # Which hours are left of tomorrow depends on the hour it is.
    second = told.split("\n")[2].removeprefix("2 ")
    sent = _handed_in(bound, "2", "0", "OUI")
    assert sent.appointment.venue.place.commune_id == "49015"
    assert f" à {sent.appointment.starts.astimezone().hour} h 00" in second
    other = _walk(bound, "numérique", "1", "Avrillé", number="33698765432")[-1]
    assert other.count("Médiathèque") == 5
    assert second not in other


def test_likely_the_same_is_offered_and_joined(bound, streets):
    earlier = report(Channel.COUNTER)
    earlier.longitude, earlier.latitude = -0.5501, 47.4702
    earlier.save()
    told = _walk(bound, "SIGNALER", "2", "3 rue des ponts angers", "Un trou", "0")[-1]
    assert "0 Non" in told
    sent = _handed_in(bound, "1", "OUI")
    assert sent.joined_to == earlier


def test_parts_come_in_any_order_and_again(bound, streets):
    _walk(bound, "SIGNALER", "1", "3 rue des ponts angers")
    text = "Le lampadaire clignote " * 20 + "€"
    parts = gsm7.split(text)
    assert len(parts) == 4
    before = len(bound.centre.taken())
    for number in (3, 1, 1, 4, 2):
        body = gsm7.encode(parts[number - 1]).hex()
        bound.centre.order(
            "deliver", **{"from": MARIE, "message": {"udh": f"05000307{len(parts):02x}{number:02x}", "message": body}}
        )
    bound.until(lambda: len(bound.centre.taken()) > before)
    assert Dialogue.objects.get().answers["words"] == text
    assert not Piece.objects.exists()


def test_the_same_message_again_over_a_new_link_is_taken_once(bound, streets):
    """The process dies after it wrote the message down, and before the network heard so."""
    _walk(bound, "SIGNALER")
    bound.centre.deliver(MARIE, "1")
    respond, bound.served.link.respond = bound.served.link.respond, lambda *_told: None
    bound.until(lambda: Dialogue.objects.get().question == "place")
    bound.served.link.respond = respond
    bound.leave()
    with binding(bound.centre) as again:
        again.settle(1)
        assert Dialogue.objects.get().question == "place"
        assert "Que se passe" in again.say("3 rue des ponts angers")
        assert Incoming.objects.count() == 3


def test_after_a_stop_in_good_order_the_same_words_count_again(bound, communes):
    _walk(bound, "avis", "1")
    bound.served.leave()
    with binding(bound.centre) as again:
        again.say("1")
    assert Dialogue.objects.get().answers == {"service": "request", "rating": "1"}


def test_the_same_answer_to_the_next_question_is_an_answer(bound, communes):
    """ "1" to one question and "1" to the next: both count."""
    bound.say("avis")
    told = _walk(bound, "1", "1")
    assert Dialogue.objects.get().answers == {"service": "request", "rating": "1"}
    assert told[0] != told[1]


def test_an_impatient_repetition_is_taken_once(bound, communes):
    bound.centre.deliver(MARIE, "SIGNALER")
    bound.centre.deliver(MARIE, "SIGNALER")
    time.sleep(0.5)
    bound.until(bound.centre.taken)
    bound.settle()
    assert [taken["udh"] for taken in bound.centre.taken()] == [["0003010201"], ["0003010202"]]


def test_what_is_no_text_is_told(bound, communes):
    bound.centre.order("deliver", **{"from": MARIE, "message": {"message": "00ff"}, "coding": 4})
    bound.until(lambda: "messages" in (_last_to(bound) or ""))


@pytest.mark.parametrize("sender", ["38123", "INFOS"])
def test_machines_are_not_answered(bound, communes, sender):
    bound.centre.order("deliver", **{
        "from": sender, "message": "Votre solde", "more": {"source_addr_ton": 5 if sender.isalpha() else 3},
    })  # fmt: skip
    bound.settle(1)
    assert not Incoming.objects.exists()
    assert not bound.centre.taken()


def test_a_flood_is_left_unanswered_but_for_stop(bound, communes):
    for _ in range(60):
        throttle.count("sms_answer", NUMBER)
    bound.centre.deliver(MARIE, "Bonjour")
    bound.centre.deliver(MARIE, "STOP")
    bound.settle(1)
    assert not bound.centre.taken()
    assert Stopped.objects.filter(number=NUMBER).exists()


SCRIPTS = [
    (
        "propose_idea",
        ("idée", "Un banc à l'ombre", "Pour s'asseoir au frais.", "0", "OUI"),
        {"q-title": "Un banc à l'ombre", "q-words": "Pour s'asseoir au frais."},
    ),
    (
        "judge_service",
        ("avis", "Déchets", "4/5", "La tournée passe à l'heure.", "0", "oui"),
        {"q-service": "waste", "q-rating": "4", "q-words": "La tournée passe à l'heure."},
    ),
    ("my_data", ("données", "3", "0", "Tout.", "OUI"), {"q-right": "erase", "q-words": "Tout."}),
    (
        "be_told",
        ("prévenu", "crue et travaux", "5 rue des ponts, angers", "Oui."),
        {"q-topics": ["flood", "works"], "q-place": "5 rue des ponts, angers"},
    ),
]


@pytest.mark.parametrize(("service", "texts", "fields"), SCRIPTS, ids=[script[0] for script in SCRIPTS])
def test_each_service_ends_in_the_record_of_the_web_form(bound, streets, service, texts, fields):
    sent = _handed_in(bound, *texts)
    web = _posted(service, **fields, **{"contact-way": "sms", "contact-value": "06 12 34 56 78"})
    assert {name: getattr(sent, name) for name in KEPT} == {name: getattr(web, name) for name in KEPT}
    assert (sent.contact.way, sent.contact.value) == (web.contact.way, web.contact.value)


def test_a_message_stopped_half_way_is_given_up(tmp_path, sms_settings, communes):
    """The first part left already, the second waits for the window."""
    outbox.put(NoticeWay.SMS, NUMBER, "é" * 200, key="long")
    sms_settings["sms_window"] = 1
    with bound_to(tmp_path, answerMs=1500) as bound:
        bound.until(bound.centre.taken)
        assert Segment.objects.filter(state="ready").count() == 1
        talk.answer(NUMBER, "STOP")
        bound.until(lambda: Notice.objects.get(key="long").state == NoticeState.FAILED)
        bound.settle()
        assert len(bound.centre.taken()) == 1


def test_a_closed_service_sends_back_to_the_menu(bound, communes):
    bound.say("SIGNALER")
    Dialogue.objects.update(service="gone")
    assert "1 Signaler" in bound.say("1")


def test_every_text_of_the_dialogue_fits_the_alphabet_in_french():
    """What is said often must not cost double because of one accent."""
    import polib

    from tests.conftest import ROOT

    file = polib.pofile(str(ROOT / "src/mitoyen/channels/sms/locale/fr/LC_MESSAGES/django.po"))
    dear = [entry.msgstr for entry in file if gsm7.cost(gsm7.plain(entry.msgstr)).ucs2]
    assert not dear


def test_the_language_in_force_is_left_as_it_was(bound, communes):
    with translation.override("en"):
        bound.say("Bonjour")
        assert translation.get_language() == "en"


def test_what_is_over_is_forgotten(bound, streets):
    from mitoyen.channels.sms import tasks

    bound.say("SIGNALER")
    bound.settle()
    assert not any((tasks.forget(Job()) or {}).values())
    long_ago = timezone.now() - dt.timedelta(days=40)
    Dialogue.objects.update(expires_at=long_ago)
    Incoming.objects.update(at=long_ago)
    Notice.objects.update(made_at=long_ago)
    assert {name for name, count in tasks.forget(Job()).items() if count} == {"dialogues", "messages", "replies"}
