"""Who must be told of an alert is, once: what opens together is one message; nobody who wants quiet hears of it."""

import datetime as dt

import pytest
from aiosmtpd.controller import Controller
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mitoyen.channels.mail import sending
from mitoyen.ledger import outbox
from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.operate.alerts import deciding, telling
from mitoyen.operate.alerts.keeping import settle
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.detect import Sighting
from mitoyen.territory.models import Commune, Person, Role, Thing
from tests.channels.mail.conftest import Sink
from tests.installation import free_port
from tests.operate.alerts.conftest import NOW

MINUTE = dt.timedelta(minutes=1)


def someone(email, *roles):
    made = Person.objects.create(email=email, name=email.partition("@")[0])
    for role, commune in roles:
        Role.objects.create(person=made, name=role, commune=commune)
    return made


@pytest.fixture(autouse=True)
def mail(settings):
    settings.MITOYEN = {**settings.MITOYEN, "mail_host": "127.0.0.1", "mail_from": "alertes@mairie.example"}


@pytest.fixture
def operator(commune):
    return someone("lea@example.org", ("operator", commune))


def see(rule, things, minutes=0, **more):
    now = NOW + minutes * MINUTE
    seen = [Sighting(one.pk, NOW - 30 * MINUTE, now, facts={"watts": 0.0, "lamps": 1}, **more) for one in things]
    settle("streets", rule, seen, [], now)


def told():
    return [(one.to, one.subject) for one in Notice.objects.order_by("pk")]


def test_it_is_told_once_to_those_who_act_there_with_what_to_do(rule_of, lamps, operator, commune):
    other = Commune.objects.create(insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47)
    someone("ailleurs@example.org", ("operator", other))
    someone("lecteur@example.org", ("reader", commune))
    someone("entreprise@example.org", ("contractor", commune))
    someone("partout@example.org", ("energy_officer", None))
    closed = someone("parti@example.org", ("operator", commune))
    Person.objects.filter(pk=closed.pk).update(is_active=False)
    see(rule_of("lamp_out"), lamps[:1])
    assert telling.tell(NOW) == 0, "a minute is waited for what comes with it"
    assert telling.tell(NOW + MINUTE) == 2
    assert sorted(told()) == [
        ("lea@example.org", "À faire – Lamp out, Béhuard"),
        ("partout@example.org", "À faire – Lamp out, Béhuard"),
    ]
    body = Notice.objects.get(to="lea@example.org").body.replace("\xa0", " ")
    assert "À FAIRE – Lamp out\nLampe 0, Béhuard, depuis le 20 novembre à" in body
    assert "\n→ Send somebody to look." in body
    assert f"/bureau/alertes/{Alert.objects.get().pk}/" in body
    for minutes in (2, 20, 200):
        see(rule_of("lamp_out"), lamps[:1], minutes=1)
        assert telling.tell(NOW + minutes * MINUTE) == 0


def test_a_storm_is_one_message_and_what_follows_waits_a_quarter_of_an_hour(rule_of, lamps, cabinet, operator):
    more = Thing.objects.bulk_create(
        Thing(slug=f"x{n}", name=f"X {n}", kind="lamp", commune=cabinet.commune, part_of=cabinet) for n in range(300)
    )
    see(rule_of("lamp_out"), more)
    assert telling.tell(NOW + MINUTE) == 1
    notice = Notice.objects.get()
    assert "300 endroits, Béhuard" in notice.body
    assert len(notice.body) < 1500
    see(rule_of("lamp_out"), [*more, *lamps], minutes=5)
    assert telling.tell(NOW + 7 * MINUTE) == 0
    assert telling.tell(NOW + 17 * MINUTE) == 1
    assert Notice.objects.count() == 2


def test_a_danger_does_not_wait_for_the_round_and_its_like_does(rule_of, lamps, station, operator):
    see(rule_of("lamp_out"), lamps[:1])
    telling.tell(NOW + MINUTE)
    see(rule_of("no2_high"), [station], minutes=2)
    assert telling.tell(NOW + 3 * MINUTE) == 1
    assert Notice.objects.latest("pk").subject.startswith("Danger – ")
    other = Thing.objects.create(slug="pont", name="Pont", kind="station", commune=station.commune)
    see(rule_of("no2_high"), [station, other], minutes=5)
    assert telling.tell(NOW + 7 * MINUTE) == 0
    assert telling.tell(NOW + 19 * MINUTE) == 1


def test_one_that_nobody_took_is_told_again_as_graver(rule_of, lamps, operator):
    rule = rule_of("lamp_out")
    see(rule, lamps[:2])
    telling.tell(NOW + MINUTE)
    deciding.decide([Alert.objects.get(thing=lamps[1])], "taken", "lea@example.org")
    see(rule, lamps[:2], minutes=120)
    assert telling.tell(NOW + 121 * MINUTE) == 1
    body = Notice.objects.latest("pk").body
    assert "DANGER – Lamp out (plus grave qu’avant)" in body
    assert "Lampe 1" not in body, "somebody has it in hand"
    assert telling.tell(NOW + 300 * MINUTE) == 0


def test_each_says_what_they_want_to_hear(rule_of, lamps, station, operator, commune):
    mayor = someone("maire@example.org", ("reader", commune))
    telling.wish(mayor, "danger", [])
    telling.wish(operator, "notice", ["streets"])
    see(rule_of("lamp_out"), lamps[:1])
    see(rule_of("no2_high"), [station])
    assert telling.tell(NOW + MINUTE) == 1
    assert told()[0][0] == "maire@example.org"
    assert "Lamp out" not in Notice.objects.get().body
    entry = AuditEntry.objects.filter(action="alert_telling.set").latest("number")
    assert (entry.actor, "streets" in entry.detail) == (operator.email, True)


def test_what_is_covered_made_up_or_set_aside_is_not_told(rule_of, lamps, cabinet, station, operator):
    see(rule_of("lamp_out"), lamps)
    covers = tuple(one.pk for one in lamps)
    whole = Sighting(cabinet.pk, NOW, NOW, mark="cabinet", covers=covers, facts={"lamps": 4})
    parts = [Sighting(one.pk, NOW - 30 * MINUTE, NOW) for one in lamps]
    settle("streets", rule_of("lamp_out"), [whole, *parts], [], NOW)
    see(rule_of("flood"), [station])
    Thing.objects.filter(pk=station.pk).update(origin="generated")
    assert telling.tell(NOW + MINUTE) == 1
    body = Notice.objects.get().body
    assert "Armoire 1" in body
    assert "Lampe" not in body
    assert "River" not in body


def test_without_a_relay_nobody_is_told_later_of_what_is_old(rule_of, lamps, operator, settings):
    settings.MITOYEN = {**settings.MITOYEN, "mail_host": ""}
    see(rule_of("lamp_out"), lamps[:1])
    assert telling.tell(NOW + MINUTE) == 0
    settings.MITOYEN = {**settings.MITOYEN, "mail_host": "127.0.0.1"}
    assert telling.tell(NOW + 60 * MINUTE) == 0


def test_what_fails_in_the_middle_is_told_whole_the_next_time(rule_of, lamps, operator, commune, monkeypatch):
    someone("max@example.org", ("operator", commune))
    see(rule_of("lamp_out"), lamps[:1])
    real, calls = outbox.put, []

    def dies(*arguments, **more):
        calls.append(arguments)
        if len(calls) == 2:
            raise RuntimeError("the database is away")
        return real(*arguments, **more)

    monkeypatch.setattr(outbox, "put", dies)
    with pytest.raises(RuntimeError):
        telling.tell(NOW + MINUTE)
    assert not Notice.objects.exists()
    monkeypatch.setattr(outbox, "put", real)
    assert telling.tell(NOW + MINUTE) == 2


def test_it_goes_out_by_the_mail_channel(rule_of, lamps, operator, settings):
    sink, port = Sink(), free_port()
    settings.MITOYEN = {**settings.MITOYEN, "mail_port": port}
    see(rule_of("lamp_out"), lamps[:1])
    telling.tell(NOW + MINUTE)
    relay = Controller(sink, hostname="127.0.0.1", port=port)
    relay.start()
    try:
        assert sending.send_due() == 1
    finally:
        relay.stop()
    (_sender, to, mail) = sink.mails[0]
    assert to == "lea@example.org"
    assert mail["Subject"] == "À faire – Lamp out, Béhuard"
    assert "Send somebody to look." in mail.get_content()


def test_a_look_at_thousands_that_were_told_asks_little(rule_of, cabinet, operator):
    more = Thing.objects.bulk_create(
        Thing(slug=f"x{n}", name=f"X {n}", kind="lamp", commune=cabinet.commune) for n in range(1500)
    )
    see(rule_of("lamp_out"), more)
    telling.tell(NOW + MINUTE)
    with CaptureQueriesContext(connection) as asked:
        assert telling.tell(NOW + 30 * MINUTE) == 0
    assert len(asked) == 1
