"""The Open311 endpoint against the published shapes: field names, types and errors of wiki.open311.org/GeoReport_v2 and
wiki.open311.org/Service_Discovery, in XML and JSON."""

import datetime as dt
import re
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from mitoyen.gate.keys import make_key
from mitoyen.manifests.registry import services
from mitoyen.services import codes, timeline
from mitoyen.services.enums import Channel
from mitoyen.services.models import Contact, Request
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory import register
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Address, Commune, Street
from mitoyen.www.open311 import posting

V2 = "/open311/v2"
# The fields of each resource as the standard lists them, in its order.
SERVICE = ["service_code", "service_name", "description", "metadata", "type", "keywords", "group"]
ATTRIBUTE = ["variable", "code", "datatype", "required", "datatype_description", "order", "description", "values"]
REQUEST = ["service_request_id", "status", "status_notes", "service_name", "service_code", "description",
           "agency_responsible", "service_notice", "requested_datetime", "updated_datetime", "expected_datetime",
           "address", "address_id", "zipcode", "lat", "long", "media_url"]  # fmt: skip
W3 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$")
WEST, EAST = "49007", "49015"


def _square(west: float) -> dict[str, object]:
    ring = [[west, 47.4], [west + 0.1, 47.4], [west + 0.1, 47.5], [west, 47.5], [west, 47.4]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture(autouse=True)
def territory(db, home) -> None:
    """Two square communes side by side: Angers to the west of -0.5, Avrillé to its east."""
    register.load_communes()
    Commune.objects.filter(pk=WEST).update(geometry=_square(-0.6))
    Commune.objects.filter(pk=EAST).update(geometry=_square(-0.5))
    for insee in (WEST, EAST):
        street = Street.objects.create(
            commune_id=insee, name="Rue de la Gare", key="rue gare", postcode="49100", longitude=-0.55, latitude=47.45
        )
        Address.objects.create(street=street, number="12", longitude=-0.55, latitude=47.45)


@pytest.fixture
def key(home) -> str:
    return make_key(home / posting.KEYS, "app")


@pytest.fixture
def post(client, key):
    def send(form: str = "json", **more: str):
        fields = {"api_key": key, "service_code": "report_problem-lighting", "lat": "47.45", "long": "-0.55",
                  "description": "Le lampadaire est éteint"}  # fmt: skip
        sent = {name: value for name, value in {**fields, **more}.items() if value != ""}
        return client.post(f"{V2}/requests.{form}", urlencode(sent), content_type="application/x-www-form-urlencoded")

    return send


def _published(request: Request) -> Request:
    timeline.release(request, "moderator@mairie.example")
    request.refresh_from_db()
    return request


def _problems(response) -> list[str]:
    assert all(list(error) == ["code", "description"] for error in response.json())
    assert all(error["code"] == response.status_code for error in response.json())
    return [error["description"] for error in response.json()]


def test_discovery_has_every_field_in_both_formats(client):
    found = client.get("/open311/discovery.json").json()
    assert list(found) == ["changeset", "contact", "key_service", "endpoints"]
    (endpoint,) = found["endpoints"]
    assert list(endpoint) == ["specification", "url", "changeset", "type", "formats"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert endpoint["url"].endswith("/open311/v2")
    tree = ElementTree.fromstring(client.get("/open311/discovery.xml").content)
    assert tree.tag == "discovery"
    assert [one.text for one in tree.findall("endpoints/endpoint/formats/format")] == ["text/xml", "application/json"]


def test_services_are_the_categories_of_services_with_a_place(client):
    response = client.get(f"{V2}/services.json")
    assert response["Content-Type"] == "application/json; charset=utf-8"
    found = response.json()
    assert all(list(service) == SERVICE for service in found)
    assert "report_problem-lighting" in {service["service_code"] for service in found}
    assert {service["type"] for service in found} == {"batch"}
    assert {type(service["metadata"]) for service in found} == {bool}
    response = client.get(f"{V2}/services.xml")
    assert response["Content-Type"] == "text/xml; charset=utf-8"
    assert response.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    tree = ElementTree.fromstring(response.content)
    assert tree.tag == "services"
    assert [[field.tag for field in service] for service in tree] == [SERVICE] * len(found)
    assert tree[0].findtext("metadata") in ("true", "false")


def test_a_definition_asks_what_the_standard_has_no_field_for(client):
    found = client.get(f"{V2}/services/report_problem-lighting.json").json()
    assert list(found) == ["service_code", "attributes"]
    (danger,) = found["attributes"]
    assert list(danger) == ATTRIBUTE
    assert (danger["code"], danger["datatype"], danger["required"], danger["order"]) == (
        "danger", "singlevaluelist", False, 1,
    )  # fmt: skip
    assert [value["key"] for value in danger["values"]] == ["yes", "no"]
    tree = ElementTree.fromstring(client.get(f"{V2}/services/report_problem-lighting.xml").content)
    assert tree.tag == "service_definition"
    assert [value.tag for value in tree.findall("attributes/attribute/values/value/*")] == ["key", "name"] * 2
    assert client.get(f"{V2}/services/nothing.json").status_code == 404


def test_a_request_is_taken_held_and_known_by_its_token(client, post):
    response = post(
        **{"attribute[danger]": "no", "email": "jeanne@exemple.fr", "first_name": "Jeanne", "last_name": "Martin"}
    )
    assert response.status_code == 200
    (answer,) = response.json()
    assert list(answer) == ["token", "service_notice", "account_id"]
    kept = Request.objects.get()
    assert (kept.channel, kept.category, kept.commune_id, kept.state) == ("open311", "lighting", WEST, "held")
    assert (kept.answers["danger"], kept.answers["words"]) == (False, "Le lampadaire est éteint")
    assert codes.shown(kept.code) in answer["service_notice"]
    contact = Contact.objects.get()
    assert (contact.way, contact.value, contact.name) == ("mail", "jeanne@exemple.fr", "Jeanne Martin")
    # No number while nobody has read it, and it is nowhere to be read.
    token = f"{V2}/tokens/{answer['token']}.json"
    assert client.get(token).json() == [{"service_request_id": None, "token": answer["token"]}]
    assert client.get(f"{V2}/requests.json").json() == []
    assert client.get(f"{V2}/requests/{kept.pk}.json").status_code == 404
    _published(kept)
    assert client.get(token).json() == [{"service_request_id": kept.pk, "token": answer["token"]}]
    (found,) = client.get(f"{V2}/requests/{kept.pk}.json").json()
    assert list(found) == REQUEST
    tree = ElementTree.fromstring(client.get(f"{V2}/requests/{kept.pk}.xml").content)
    assert tree.tag == "service_requests"
    assert [field.tag for field in tree[0]] == REQUEST
    assert (tree[0].tag, tree[0].findtext("status")) == ("request", "open")


def test_what_is_read_tells_the_request_and_never_who_asked(client, post):
    post(email="jeanne@exemple.fr", first_name="Jeanne", last_name="Martin", phone="0612345678")
    kept = _published(Request.objects.get())
    timeline.close(kept, "Ampoule changée.", "agent@mairie.example")
    response = client.get(f"{V2}/requests/{kept.pk}.json")
    (found,) = response.json()
    assert found["status"] == "closed"
    assert "Ampoule changée." in found["status_notes"]
    assert found["description"] == "Le lampadaire est éteint"
    assert (found["lat"], found["long"]) == (47.45, -0.55)
    assert found["media_url"] is None
    assert all(W3.match(found[f"{name}_datetime"]) for name in ("requested", "updated", "expected"))
    for secret in ("jeanne", "Martin", "0612", "612345678", "agent@", kept.code, codes.shown(kept.code)):
        assert secret not in response.content.decode()


def test_anonymous_keeps_nobodys_name(post):
    post(anonymous="true", email="jeanne@exemple.fr", first_name="Jeanne", phone="0612345678")
    assert Request.objects.count() == 1
    assert not Contact.objects.exists()


def test_a_phone_alone_is_answered_by_sms_when_it_can(post):
    post(phone="06 12 34 56 78")
    post(phone="02 41 00 00 00")
    assert list(Contact.objects.order_by("pk").values_list("way", "value")) == [
        ("sms", "+33612345678"), ("phone", "+33241000000"),
    ]  # fmt: skip
    assert post(email="not an address").status_code == 400


def test_a_client_that_did_not_hear_the_answer_gets_the_same(post):
    first, second = post().json(), post().json()
    assert first == second
    assert Request.objects.count() == 1
    post(description="Autre chose")
    assert Request.objects.count() == 2


def test_without_a_known_key_nothing_is_taken(client, post):
    for wrong in ("", "guess"):
        response = post(api_key=wrong)
        assert response.status_code == 403
        assert _problems(response)
    tree = ElementTree.fromstring(post("xml", api_key="guess").content)
    assert tree.tag == "errors"
    assert tree.findtext("error/code") == "403"
    assert not Request.objects.exists()


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"service_code": ""}, 400),
        ({"service_code": "nothing"}, 404),
        ({"jurisdiction_id": "elsewhere.example"}, 404),
        ({"jurisdiction_id": "127.0.0.1"}, 200),
        ({"description": ""}, 400),
        ({"description": "x" * 4001}, 400),
        ({"lat": "", "long": ""}, 400),
        ({"lat": "47.45", "long": ""}, 400),
        ({"lat": "nan"}, 400),
        ({"lat": "91"}, 400),
        ({"lat": "1e999"}, 400),
        ({"lat": "48.85", "long": "2.35"}, 400),  # Paris
        ({"lat": "", "long": "", "address_string": "12 rue de la Gare, Avrillé"}, 200),
        ({"lat": "", "long": "", "address_string": "12 rue de la Gare"}, 400),
        ({"lat": "", "long": "", "address_string": "Somewhere unheard of"}, 400),
        ({"lat": "", "long": "", "address_id": "no-such-lamp"}, 400),
        ({"attribute[danger]": "perhaps"}, 400),
        ({"attribute[nothing]": "x", "attribute[": "y"}, 200),
    ],
)
def test_arguments_are_checked_with_the_standards_statuses(post, more, status):
    response = post(**more)
    assert response.status_code == status
    if status != 200:
        assert _problems(response)
    assert Request.objects.count() == (status == 200)


def test_a_point_on_a_border_is_never_guessed(post):
    response = post(lat="47.45", long="-0.50001")
    assert response.status_code == 400
    (told,) = _problems(response)
    assert "Angers" in told
    assert "Avrillé" in told
    assert post(lat="47.45", long="-0.50001", address_string="Rue de la Gare, Avrillé").status_code == 200
    assert Request.objects.get().commune_id == EAST


def test_a_long_description_is_kept_whole(post):
    words = " ".join(f"mot{n}" for n in range(500))
    assert post(description=words).status_code == 200
    kept = Request.objects.get()
    told = f"{kept.answers['words']} {' '.join(kept.facts.values_list('words', flat=True))}"
    assert all(f"mot{n} " in f"{told} " for n in range(500))


def _at(days: int) -> Request:
    now = timezone.now()
    raw = {"category": "waste" if days % 2 else "road", "words": f"jour {days}"}
    return receive(
        Submission(
            services.installed()["report_problem"], Channel.COUNTER, raw, Spot("Angers", WEST),
            received_at=now - dt.timedelta(days=days), taken_by="agent@mairie.example",
        )
    )  # fmt: skip


def _days(client, **arguments: str) -> list[str]:
    response = client.get(f"{V2}/requests.json", arguments)
    assert response.status_code == 200, response.content
    return [one["description"].removeprefix("jour ") for one in response.json()]


def test_requests_are_filtered_by_date_service_status_and_number(client):
    made = {days: _at(days) for days in (1, 2, 50, 89, 95, 200)}
    timeline.close(made[2], "Fait.", "agent@mairie.example")
    assert _days(client) == ["1", "2", "50", "89"]
    assert _days(client, service_code="report_problem-waste") == ["1", "89"]
    assert _days(client, service_code="report_problem-waste,report_problem-road") == ["1", "2", "50", "89"]
    assert _days(client, service_code="nothing-such") == []
    assert _days(client, status="closed") == ["2"]
    assert _days(client, status="open,closed") == ["1", "2", "50", "89"]
    at = lambda days: f"{timezone.now() - dt.timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"  # noqa: E731
    assert _days(client, start_date=at(210), end_date=at(190)) == ["200"]
    assert _days(client, end_date=at(94)) == ["95"]
    assert _days(client, start_date=at(96)) == ["50", "89", "95"]
    # The numbers override everything else.
    numbers = f"{made[200].pk},{made[1].pk},junk,999999"
    assert _days(client, service_request_id=numbers, status="closed") == ["1", "200"]
    for wrong in ({"start_date": at(200), "end_date": at(10)}, {"start_date": "yesterday"}, {"status": "lost"},
                  {"start_date": "2026-01-01T00:00:00"}):  # fmt: skip
        response = client.get(f"{V2}/requests.json", wrong)
        assert response.status_code == 400
        assert _problems(response)


def test_at_most_a_thousand_come_at_once_in_a_few_queries(client, django_assert_max_num_queries):
    first = _at(3)
    Request.objects.bulk_create(
        Request(code=codes.new_code(), service=first.service, version="1", channel="web", state="open", category="road",
                answers=first.answers, commune=first.commune, team=first.team, received_at=first.received_at,
                promised_for=first.promised_for)
        for _one in range(1100)
    )  # fmt: skip
    with django_assert_max_num_queries(4):
        response = client.get(f"{V2}/requests.json")
    assert len(response.json()) == 1000


def test_what_moderation_set_aside_is_gone(client, post):
    post()
    kept = _published(Request.objects.get())
    assert len(client.get(f"{V2}/requests.json").json()) == 1
    timeline.refuse(kept, "insult", "Non.", "moderator@mairie.example")
    assert client.get(f"{V2}/requests.json").json() == []
    assert client.get(f"{V2}/requests.json", {"service_request_id": str(kept.pk)}).json() == []
    assert client.get(f"{V2}/requests/{kept.pk}.json").status_code == 404


def test_other_methods_and_addresses(client):
    assert client.delete(f"{V2}/requests.json").status_code == 400
    assert client.post(f"{V2}/services.json").status_code == 400
    assert client.get(f"{V2}/services.yaml").status_code == 404
    assert client.get(f"{V2}/tokens/{'0' * 32}.json").status_code == 404
    assert client.get(f"{V2}/requests.json")["Access-Control-Allow-Origin"] == "*"


def test_xml_holds_what_xml_can_not(client, post):
    post(description="Un \x0b\ufffe<b>&</b> trou")
    kept = _published(Request.objects.get())
    tree = ElementTree.fromstring(client.get(f"{V2}/requests/{kept.pk}.xml").content)
    assert tree.findtext("request/description") == "Un <b>&</b> trou"


def test_what_is_likely_known_already_is_said_and_nothing_is_lost(client, post):
    assert post().status_code == 200
    first = _published(Request.objects.get())
    answer = post(description="La lampe du coin ne marche plus")
    notice = answer.json()[0]["service_notice"]
    assert f"/services/report_problem/demandes/{first.pk}/" in notice
    assert first.code not in notice.replace("-", "")
    second = Request.objects.exclude(pk=first.pk).get()
    assert second.joined_to_id is None
    story = client.post("/suivre/", {"code": second.code}).content.decode()
    assert "Une demande semblable" in story
    assert "semblable" not in post(lat="47.41").json()[0]["service_notice"]


def test_a_form_in_parts_is_taken_too_and_twice_it_is_one(client, key):
    fields = {"api_key": key, "service_code": "report_problem-lighting", "lat": "47.45", "long": "-0.55",
              "description": "Le lampadaire est éteint"}  # fmt: skip
    for _time in range(2):
        assert client.post(f"{V2}/requests.json", fields).status_code == 200
    assert Request.objects.count() == 1
