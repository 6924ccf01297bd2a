"""Door 3 on the web: no account, no script; what was typed is kept until nothing is unsure; then a code."""

import io
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.services import codes, timeline
from mitoyen.services.enums import Channel, State
from mitoyen.services.models import Contact, Photo, Request, Support
from mitoyen.territory.models import Commune, Street
from mitoyen.territory.register import load_communes

FORM = "/services/report_problem/"
GOOD = {
    "q-category": "lighting",
    "q-place": "Trélazé",
    "q-words": "Le lampadaire est éteint.",
    "contact-way": "none",
}


@pytest.fixture
def territory(db, home):
    load_communes()


@pytest.fixture
def visitor(territory) -> Client:
    return Client()


def hand_in(visitor, **changes):
    return visitor.post(FORM, {"token": str(uuid.uuid4()), **GOOD, **changes})


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode().replace("\xa0", " ").replace("\u202f", " "))


def shown_code(answer):
    return re.findall(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}", answer.content.decode())[0]


def test_a_problem_is_handed_in_and_followed_with_its_code(visitor):
    answer = hand_in(visitor)
    assert answer.status_code == 302
    page = visitor.get(answer.url)
    request = Request.objects.select_related("commune").get()
    assert request.commune is not None
    assert shown_code(page) == codes.shown(request.code)
    assert (request.channel, request.commune.name, request.team, request.category) == (
        Channel.WEB, "Trélazé", "lighting", "lighting",
    )  # fmt: skip
    assert not Contact.objects.exists()
    story = visitor.post("/suivre/", {"code": shown_code(page).lower().replace("-", " ")})
    assert "Nous l’avons reçue" in text(story)
    assert "Trélazé" in text(story)


def test_everything_wrong_is_said_at_once_and_what_was_typed_stays(visitor):
    answer = hand_in(visitor, **{"q-category": "", "q-words": "", "q-place": "nulle part connue", "contact-way": "sms",
                                 "contact-value": "123", "contact-name": "Marie"})  # fmt: skip
    page = text(answer)
    assert answer.status_code == 422
    for said in ("Choisissez une réponse.", "Répondez à cette question.", "Nous ne connaissons pas ce lieu.",
                 "dix chiffres"):  # fmt: skip
        assert said in page
    assert 'value="nulle part connue"' in page
    assert 'value="Marie"' in page
    assert not Request.objects.exists()


def test_the_same_form_sent_twice_is_one_request(visitor):
    token = str(uuid.uuid4())
    first, second = hand_in(visitor, token=token), hand_in(visitor, token=token)
    assert (first.status_code, second.status_code) == (302, 302)
    assert Request.objects.count() == 1


@pytest.fixture
def streets(territory):
    for name in ("Trélazé", "Avrillé", "Angers"):
        commune = Commune.objects.get(name=name)
        Street.objects.create(commune=commune, name="Rue de la Gare", key="rue gare", postcode=commune.postcodes[0],
                              longitude=commune.longitude, latitude=commune.latitude)  # fmt: skip


def test_a_street_of_three_communes_is_asked_about_never_guessed(visitor, streets):
    answer = hand_in(visitor, **{"q-place": "rue de la gare"})
    assert answer.status_code == 200
    assert "Lequel de ces lieux est-ce ?" in text(answer)
    picks = re.findall(r'name="place-pick" value="([^"]+)"', answer.content.decode())
    assert len(picks) == 3
    assert not Request.objects.exists()
    assert hand_in(visitor, **{"q-place": "rue de la gare", "place-pick": picks[1]}).status_code == 302
    assert Request.objects.get().answers["place"]["label"].startswith("Rue de la Gare, ")


def test_a_place_chosen_for_other_words_no_longer_holds(visitor, streets):
    answer = hand_in(visitor, **{"q-place": "rue de la gare"})
    pick = re.findall(r'name="place-pick" value="([^"]+)"', answer.content.decode())[0]
    assert hand_in(visitor, **{"q-place": "gare", "place-pick": pick}).status_code == 200
    assert not Request.objects.exists()


def photo(gps=True):
    picture = Image.new("RGB", (800, 600), "green")
    exif = Image.Exif()
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 28.0, 0.0), 3: "W", 4: (0.0, 33.0, 0.0)})
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    out.seek(0)
    out.name = "photo.jpg"
    return out


def test_a_photo_loses_its_place_and_survives_a_form_that_must_be_mended(visitor):
    from mitoyen.ledger.pictures import path_of

    answer = hand_in(visitor, **{"q-words": "", "q-photo": photo()})
    assert answer.status_code == 422
    (kept,) = re.findall(r'name="photo-kept" value="([^"]+)"', answer.content.decode())
    assert hand_in(visitor, **{"photo-kept": kept}).status_code == 302
    stored = Photo.objects.get(request=Request.objects.get())
    with Image.open(path_of(stored.digest)) as picture:
        assert not picture.getexif()
        assert "exif" not in picture.info


def test_a_file_that_is_no_photo_is_refused_in_words(visitor):
    fake = io.BytesIO(b"<script>alert(1)</script>")
    fake.name = "photo.jpg"
    answer = hand_in(visitor, **{"q-photo": fake})
    assert answer.status_code == 422
    assert "pas une photo lisible" in text(answer)


def test_another_s_photo_cannot_be_claimed(visitor):
    from mitoyen.services.photos import keep

    keep(photo().read())
    assert hand_in(visitor, **{"photo-kept": "1"}).status_code == 302
    assert Photo.objects.filter(request=None).count() == 1


def test_a_first_post_is_held_and_nobody_is_told(visitor):
    hand_in(visitor, **{"contact-way": "mail", "contact-value": "marie@exemple.fr"})
    request = Request.objects.get()
    assert request.state == State.HELD
    assert not Notice.objects.exists()
    timeline.release(request, "moderator@example.org")
    assert Notice.objects.get().to == "marie@exemple.fr"


def test_a_robot_that_fills_the_hidden_field_keeps_nothing(visitor):
    assert hand_in(visitor, website="https://spam.example").status_code == 302
    assert not Request.objects.exists()


def test_what_is_likely_the_same_is_offered_and_joined_with_a_code_of_its_own(visitor):
    hand_in(visitor)
    first = Request.objects.get()
    commune = Commune.objects.get(name="Trélazé")
    Request.objects.update(state=State.OPEN, longitude=commune.longitude, latitude=commune.latitude)
    Street.objects.create(commune=commune, name="Rue de la Mairie", key="rue mairie", postcode="49800",
                          longitude=commune.longitude, latitude=commune.latitude)  # fmt: skip
    answer = hand_in(visitor, **{"q-place": "rue de la mairie, Trélazé"})
    assert "déjà signalée" in text(answer)
    assert first.code not in answer.content.decode()
    same = re.findall(r'name="same-request" value="([^"]+)"', answer.content.decode())
    assert hand_in(visitor, **{"q-place": "rue de la mairie, Trélazé", "same-request": "other"}).status_code == 302
    assert Request.objects.filter(joined_to=None).count() == 2
    Request.objects.exclude(pk=first.pk).update(state=State.OPEN)
    joining = hand_in(visitor, **{"q-place": "rue de la mairie, Trélazé", "same-request": same[0]})
    assert joining.status_code == 302
    third = Request.objects.latest("pk")
    assert third.joined_to_id is not None
    assert third.code != first.code


def test_wrong_codes_are_throttled_and_right_ones_are_not_counted(visitor):
    hand_in(visitor)
    code = Request.objects.get().code
    for _try in range(30):
        assert visitor.post("/suivre/", {"code": "222-222-22Y"}).status_code == 422
    refused = visitor.post("/suivre/", {"code": code})
    assert refused.status_code == 429
    assert "Réessayez dans une heure" in text(refused)
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    for _try in range(40):
        assert elsewhere.post("/suivre/", {"code": code}).status_code == 200


def test_the_timeline_never_tells_who_asked_nor_what_agents_note(visitor):
    hand_in(visitor, **{"contact-way": "mail", "contact-value": "marie@exemple.fr", "contact-name": "Marie Ligeron"})
    request = Request.objects.get()
    timeline.release(request, "moderator@example.org")
    timeline.note_between_agents(request, "Elle a déjà appelé deux fois.", "clerk@example.org")
    page = text(visitor.post("/suivre/", {"code": request.code}))
    for secret in ("marie@exemple.fr", "Ligeron", "déjà appelé", "example.org"):
        assert secret not in page


def test_the_person_completes_reopens_and_contests(visitor):
    hand_in(visitor)
    request = Request.objects.get()
    code = {"code": request.code}
    assert "ajouté" in text(visitor.post("/suivre/", {**code, "act": "add", "words": "Devant le 12."}))
    timeline.release(request, "m@example.org")
    timeline.close(request, "Réparé.", "c@example.org")
    assert visitor.post("/suivre/", {**code, "act": "reopen", "words": ""}).status_code == 422
    visitor.post("/suivre/", {**code, "act": "reopen", "words": "Il clignote."})
    request.refresh_from_db()
    assert (request.state, request.reopened, request.closed_at) == (State.OPEN, 1, None)
    timeline.refuse(request, "off_topic", "Ce n’est pas une lampe publique.", "m@example.org")
    visitor.post("/suivre/", {**code, "act": "contest", "words": "Si, elle l’est."})
    assert request.facts.filter(kind="appealed").count() == 1
    assert visitor.post("/suivre/", {**code, "act": "contest", "words": "Encore."}).status_code == 422


def test_public_requests_are_read_first_and_show_public_answers_only(visitor):
    hand_in(visitor)
    request = Request.objects.get()
    listing, single = "/services/report_problem/demandes/", f"/services/report_problem/demandes/{request.pk}/"
    assert "éteint" not in text(visitor.get(listing))
    assert visitor.get(single).status_code == 404
    timeline.release(request, "m@example.org")
    assert "éteint" in text(visitor.get(listing))
    assert request.code not in text(visitor.get(single))
    assert visitor.get("/services/my_data/demandes/").status_code == 404


def test_an_idea_is_supported_once_from_the_same_place(visitor):
    visitor.post("/services/propose_idea/", {"token": str(uuid.uuid4()), "q-title": "Un banc", "q-words": "À l’ombre."})
    idea = Request.objects.get()
    Request.objects.update(state=State.OPEN)
    address = reverse("portal:service-support", args=["propose_idea", idea.pk])
    assert visitor.post(address).status_code == 302
    assert visitor.post(address).status_code == 422
    assert Support.objects.count() == 1
    assert Client(REMOTE_ADDR="192.0.2.9").post(address).status_code == 302


def test_moderation_is_public_without_words_nor_names(visitor):
    hand_in(visitor, **{"q-words": "Des mots qui insultent."})
    timeline.refuse(Request.objects.get(), "insult", "Il insulte quelqu’un.", "m@example.org")
    page = text(visitor.get("/moderation/"))
    assert "elle insulte ou menace quelqu’un" in page
    assert "Des mots" not in page
    assert "m@example.org" not in page


def test_no_trace_of_the_visitor_s_address_is_kept(visitor):
    Client(REMOTE_ADDR="198.51.100.23").post(FORM, {"token": str(uuid.uuid4()), **GOOD})
    from django.apps import apps

    for model in apps.get_models():
        for row in model._default_manager.values():
            assert "198.51.100.23" not in str(row), model
    assert not AuditEntry.objects.filter(action__startswith="request").exists()


def test_a_photo_has_no_address_that_can_be_guessed(visitor):
    hand_in(visitor, **{"q-photo": photo()})
    digest = Photo.objects.get().digest
    assert visitor.get(f"/photos/{digest}/").status_code == 404
    assert visitor.get("/photos/x/").status_code == 404


@pytest.mark.parametrize("name", ["propose_idea", "judge_service", "digital_help", "be_told", "my_data"])
def test_every_service_has_its_form_in_both_languages(visitor, name):
    french, english = visitor.get(f"/services/{name}/"), visitor.get(f"/en/services/{name}/")
    assert (french.status_code, english.status_code) == (200, 200)
    assert french.content != english.content


def test_an_unknown_service_is_not_found(visitor):
    assert visitor.get("/services/nothing/").status_code == 404


def test_a_form_costs_few_queries(visitor, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        visitor.get(FORM)
    with django_assert_max_num_queries(10):
        hand_in(visitor)


def test_an_exchange_by_sms_is_played_by_the_dialogue_and_leaves_nothing(visitor):
    page = text(visitor.get("/services/par-sms/"))
    assert "agit-il ? Répondez par un chiffre" in page
    assert re.search(r"[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}", page)
    assert not Request.objects.exists()
    assert not Notice.objects.exists()
    assert "Answer with a number" in text(visitor.get("/en/services/par-sms/"))
