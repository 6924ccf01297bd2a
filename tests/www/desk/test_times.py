"""An appointment for who could not choose a time (on paper, by mail, or none was free): the desk lists it, gives one in
one screen, and the person is told in their own way."""

import datetime as dt

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from mitoyen.channels.paper.models import PaperForm
from mitoyen.ledger import jobs
from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.manifests.registry import services
from mitoyen.services import appointments, timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, State, Way
from mitoyen.services.models import Appointment, Contact, Opening, Request, Venue
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.models import Place
from tests.www.desk.test_paper import filled, typed

WISH = "Angers, le mardi matin"


def wished(reach=None, channel=Channel.MAIL, handed_to="49007"):
    raw = {"need": "mail", "words": ""}
    service = services.installed()["digital_help"]
    reach = reach or Reach(Way.MAIL, "m@exemple.fr")
    made = receive(Submission(service, channel, raw, wish=WISH, handed_to=handed_to, reach=reach))
    Request.objects.filter(pk=made.pk).update(state=State.OPEN)
    made.refresh_from_db()
    return made


def give(client, request, key):
    return client.post(reverse("desk:request-act", args=[request.pk]), {"act": "time", "time": key})


def the_first(desk):
    return appointments.free("digital_help", desk.angers.insee)[0]


def page_of(client, request):
    return client.get(reverse("desk:request", args=[request.pk])).content.decode()


def listed(client):
    return client.get(reverse("desk:requests"), {"etat": "rendez-vous"}).content.decode()


@pytest.mark.parametrize(
    ("way", "value"),
    [(Way.MAIL, "m@exemple.fr"), (Way.LETTER, "Marie\n3 rue des Ponts\n49000 Angers"), (Way.PHONE, "+33241000000")],
)
def test_the_desk_lists_it_gives_a_time_in_one_screen_and_the_person_is_told(desk, sign_in, way, value):
    request = wished(Reach(way, value, "Marie"))
    client = sign_in(desk.clerk)
    address = reverse("desk:request", args=[request.pk])
    assert address in listed(client)
    assert WISH in page_of(client, request)
    slot = the_first(desk)
    assert f'value="{slot.key}"' in page_of(client, request)
    assert give(client, request, slot.key).status_code == 302
    kept = Appointment.objects.get(request=request)
    assert (kept.venue, kept.starts) == (desk.venue, slot.starts)
    told = Notice.objects.filter(about=f"request:{request.code}", key__startswith="fact:").latest("pk")
    assert (told.way, told.to) == (way, value)
    assert "Votre rendez-vous" in told.body
    assert "Parc" in told.body
    given = AuditEntry.objects.filter(action="request.appointment", subject=request.code)
    assert given.get().actor == desk.clerk.email
    assert address not in listed(client)
    assert "Rendez-vous à donner</h2>" not in page_of(client, request)
    assert Request.objects.get(pk=request.pk).answers["venue"]["venue"] == desk.venue.pk
    assert WISH in page_of(client, request), "what was asked for stays readable"


def test_who_may_not_handle_it_gives_no_time(desk, sign_in):
    request = wished()
    slot = the_first(desk)
    for other in (desk.clerk_trelaze, desk.officer, desk.moderator):
        assert give(sign_in(other), request, slot.key).status_code == 403
    assert "Rendez-vous à donner</h2>" not in page_of(sign_in(desk.moderator), request)
    assert not Appointment.objects.exists()


def test_a_time_taken_meanwhile_or_made_up_is_refused_and_none_is_given_twice(desk, sign_in):
    one, other = wished(), wished(Reach(Way.MAIL, "n@exemple.fr"))
    slot, client = the_first(desk), sign_in(desk.clerk)
    assert give(client, one, slot.key).status_code == 302
    for key in (slot.key, "", "9999:20300101T0900", "nonsense"):
        assert give(client, other, key).status_code == 422
    assert give(client, one, appointments.free("digital_help")[0].key).status_code == 422
    assert Appointment.objects.count() == 1


def test_a_time_lost_to_moderation_waits_to_be_given_again(desk, sign_in):
    request = wished()
    slot = the_first(desk)
    timeline.give_time(request, slot, desk.clerk.email)
    timeline.refuse(request, "off_topic", "Sans rapport.", desk.moderator.email)
    taken = [wished(Reach(Way.MAIL, f"{seat}@exemple.fr")) for seat in range(1)]
    for one in taken:
        timeline.give_time(one, slot, desk.clerk.email)
    timeline.release(request, desk.operator.email)
    assert reverse("desk:request", args=[request.pk]) in listed(sign_in(desk.clerk))


def test_at_the_counter_a_wish_is_noted_where_no_time_suits(desk, sign_in):
    client = sign_in(desk.clerk)
    address = reverse("desk:counter-form", args=["digital_help"])
    form = {"q-need": "mail", "contact-way": "phone", "contact-value": "02 41 00 00 00"}
    assert client.post(address, form).status_code == 422
    assert client.post(address, {**form, "q-venue-wish": WISH}).status_code == 302
    request = Request.objects.get(service="digital_help")
    assert (request.commune_id, request.answers["venue"]) == (desk.angers.insee, {"label": WISH})
    assert reverse("desk:request", args=[request.pk]) in listed(client)


def test_on_the_web_a_wish_is_no_answer(desk, client):
    form = {"q-need": "mail", "q-venue-wish": WISH, "contact-way": "mail", "contact-value": "m@exemple.fr"}
    assert client.post("/services/digital_help/", form).status_code == 422


def test_a_time_that_was_chosen_gives_the_commune_where_it_is(desk, client):
    slot = the_first(desk)
    form = {"q-need": "mail", "q-venue": slot.key, "contact-way": "mail", "contact-value": "m@exemple.fr"}
    assert client.post("/services/digital_help/", form).status_code == 302
    assert Request.objects.get(service="digital_help").commune_id == desk.angers.insee


def test_a_scanned_form_becomes_an_appointment_to_give(desk, sign_in):
    _number, _made, content = filled("digital_help")
    client = sign_in(desk.clerk)
    client.post(reverse("desk:paper"), {"scans": SimpleUploadedFile("scan.pdf", content)})
    while jobs.work_once():
        pass
    form = PaperForm.objects.get(service="digital_help")
    address = reverse("desk:paper-form", args=[form.pk])
    assert 'name="q-venue-wish"' in client.get(address).content.decode()
    answers = {
        "q-need": "mail",
        "q-venue-wish": WISH,
        "contact-way": "letter",
        "contact-value": "Marie\n3 rue des Ponts\n49000 Angers",
    }
    seen = {f"seen-{name}": "1" for name in ("need", "words", "-contact", "twins", "pages")}
    done = client.post(address, {**typed(), **answers, **seen})
    assert done.status_code == 302, done.content.decode()
    request = Request.objects.get(service="digital_help")
    assert (request.channel, request.commune_id) == (Channel.PAPER, desk.angers.insee)
    assert give(client, request, the_first(desk).key).status_code == 302
    assert "Votre rendez-vous" in Notice.objects.filter(way="letter").latest("pk").body


def test_times_of_the_commune_come_first(desk, sign_in):
    place = Place.objects.create(slug="mairie-trelaze", name="Mairie", commune=desk.trelaze)
    venue = Venue.objects.create(place=place, service="digital_help")
    for weekday in range(7):
        Opening.objects.create(venue=venue, weekday=weekday, starts=dt.time(8), ends=dt.time(9), minutes=30)
    request = wished(handed_to=desk.trelaze.insee)
    page = page_of(sign_in(desk.clerk_trelaze), request)
    keys = [part.partition('"')[0] for part in page.split('name="time" value="')[1:]]
    assert keys[0].startswith(f"{venue.pk}:")
    assert any(key.startswith(f"{desk.venue.pk}:") for key in keys)
    assert "<summary>Angers</summary>" in page
    assert "<summary>Trélazé</summary>" not in page
    assert len(keys) == len(set(keys))
    assert Contact.objects.filter(request=request).exists()
