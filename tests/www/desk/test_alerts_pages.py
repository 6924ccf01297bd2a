"""The screen of what is wrong now: the list, the map, one thing's story, what people decide, the contractor's own."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from mitoyen.ledger.models import AuditEntry
from mitoyen.operate.alerts.models import Alert, Tuning
from mitoyen.operate.work import ordering
from mitoyen.operate.work.models import WorkOrder
from mitoyen.operate.work.ordering import Asked
from mitoyen.services import timeline
from mitoyen.territory.models import Thing
from tests.services.test_photos import SECRET, jpeg
from tests.www.desk.conftest import report
from tests.www.desk.test_access import a_rule


def at(name, *args):
    """The address of a page in English."""
    with translation.override("en"):
        return reverse(f"desk:{name}", args=args)


def got(client, name, *args, query=""):
    return client.get(at(name, *args) + query)


def sent(client, name, *args, **form):
    return client.post(at(name, *args), form, follow=True)


@pytest.fixture
def elsewhere_alert(desk):
    other = desk.alert.thing.__class__.objects.create(
        slug="pont", name="Pont", kind="station", commune=desk.trelaze, longitude=-0.46, latitude=47.44
    )
    now = timezone.now()
    return Alert.objects.create(
        key="x/flood/1", usage="x", rule="flood", thing=other, commune=desk.trelaze, level="danger", since=now,
        opened_at=now, seen_last=now,
    )  # fmt: skip


def test_each_sees_the_alerts_of_their_communes_the_gravest_first(desk, elsewhere_alert, sign_in):
    mine = got(sign_in(desk.reader), "now").content.decode()
    assert "École des Ponts, Angers" in mine
    assert "Pont" not in mine.partition("École des Ponts")[0]
    assert "Pont, Trélazé" not in mine
    whole = got(sign_in(desk.operator), "now").content.decode()
    assert whole.index("Pont, Trélazé") < whole.index("École des Ponts, Angers")
    assert "2 alerts, 1 of danger" in whole


def test_the_list_is_filtered_and_the_map_counts_what_is_elsewhere(desk, elsewhere_alert, sign_in):
    shown = got(sign_in(desk.operator), "now", query="?commune=49007").content.decode()
    assert "Pont, Trélazé" not in shown
    assert 'aria-label="Trélazé, 1"' in shown
    assert "École des Ponts, Angers" not in got(sign_in(desk.operator), "now", query="?usage=x").content.decode()
    assert "Nothing is wrong" in got(sign_in(desk.operator), "now", query="?etat=open&commune=49007").content.decode()


def test_the_story_mixes_readings_orders_findings_requests(desk, sign_in, readings):
    desk.demand.thing = desk.school
    desk.demand.save()
    shown = got(sign_in(desk.operator), "alert", desk.alert.pk).content.decode()
    for words in ("Alert", "Work order", "Finding", "Request", "Régler la chaudière", "People wrote about this place"):
        assert words in shown
    assert at("request", desk.demand.pk) in shown
    hidden = got(sign_in(desk.reader), "alert", desk.alert.pk).content.decode()
    assert at("request", desk.demand.pk) not in hidden, "a reader sees no inhabitant's request"
    assert "Take it in hand" not in hidden


def test_what_is_beside_a_thing_is_about_it_where_its_subject_is(desk, sign_in):
    lights = Thing.objects.create(
        slug="feux", name="Feux du pont", kind="cabinet", commune=desk.angers, longitude=-0.55, latitude=47.47
    )
    now = timezone.now()
    alert = Alert.objects.create(
        key="lighting/x/1", usage="lighting", rule="x", thing=lights, commune=desk.angers, level="danger", since=now,
        opened_at=now, seen_last=now,
    )  # fmt: skip
    desk.demand.longitude, desk.demand.latitude = -0.5501, 47.47
    client = sign_in(desk.operator)
    for category, about, other in (
        ("lighting", "People wrote about this place", "People also wrote, near here"),
        ("waste", "People also wrote, near here", "People wrote about this place"),
    ):
        desk.demand.category = category
        desk.demand.save()
        shown = got(client, "alert", alert.pk).content.decode()
        assert at("request", desk.demand.pk) in shown.partition(about)[2].partition("</section>")[0]
        assert other not in shown
        asked = got(client, "request", desk.demand.pk).content.decode()
        assert ("The readings show it too" in asked) == (category == "lighting")
        assert ("Something else is wrong near here" in asked) == (category == "waste")


def test_what_an_alert_explains_in_another_commune_is_not_told(desk, sign_in, elsewhere_alert):
    desk.alert.covers = [elsewhere_alert.thing_id]
    desk.alert.save()
    elsewhere_alert.part_of = desk.alert
    elsewhere_alert.save()
    hidden = got(sign_in(desk.reader), "alert", desk.alert.pk).content.decode()
    assert at("alert", elsewhere_alert.pk) not in hidden
    assert "They stand in other communes." in hidden
    assert at("alert", elsewhere_alert.pk) in got(sign_in(desk.operator), "alert", desk.alert.pk).content.decode()


def test_a_measure_of_these_days_is_drawn_with_its_last_value(desk, sign_in):
    from mitoyen.history import journal
    from mitoyen.history.times import micros

    now = timezone.now()
    with journal.closed():
        rows = [(desk.stream.pk, micros(now - dt.timedelta(hours=h)), 3600, 10.0 + h, 0) for h in range(1, 6)]
        journal.append(rows)
        shown = got(sign_in(desk.reader), "alert", desk.alert.pk).content.decode()
    assert 'class="spark"' in shown
    assert "11.0 kWh" in shown


def test_decisions_are_kept_and_said_and_a_reason_is_due(desk, sign_in):
    client = sign_in(desk.officer)
    assert "to be taken in hand again" in sent(client, "alert-act", desk.alert.pk, act="left").content.decode()
    refused = sent(client, "alert-act", desk.alert.pk, act="dismissed", words=" ")
    assert refused.status_code == 422
    assert "needs a reason" in refused.content.decode()
    done = sent(client, "alert-act", desk.alert.pk, act="dismissed", words="Travaux prévus.").content.decode()
    assert "Travaux prévus." in done
    desk.alert.refresh_from_db()
    assert desk.alert.state == "dismissed"
    assert "in the list again" in sent(client, "alert-act", desk.alert.pk, act="back").content.decode()


def test_who_only_sees_may_note_nothing_else(desk, sign_in):
    client = sign_in(desk.reader)
    assert sent(client, "alert-act", desk.alert.pk, act="taken").status_code == 403
    assert (
        "Vu sur place." in sent(client, "alert-act", desk.alert.pk, act="note", words="Vu sur place.").content.decode()
    )


def test_many_at_once_are_one_line_and_decided_together(desk, sign_in):
    now = timezone.now()
    for n in range(6):
        lamp = desk.school.__class__.objects.create(slug=f"l{n}", name=f"L{n}", kind="lamp", commune=desk.angers)
        Alert.objects.create(
            key=f"x/out/{n}", usage="x", rule="out", thing=lamp, commune=desk.angers, level="notice", since=now,
            opened_at=now, seen_last=now,
        )  # fmt: skip
    client = sign_in(desk.officer)
    assert "6 places, Angers" in got(client, "now").content.decode()
    one = Alert.objects.get(key="x/out/3")
    sent(client, "alert-act", one.pk, act="taken", together="1")
    assert Alert.objects.filter(rule="out", state="taken").count() == 6


def test_an_inhabitant_s_request_and_the_alert_meet_both_ways(desk, sign_in):
    lamp = desk.school
    lamp.longitude, lamp.latitude = -0.55, 47.47
    lamp.save()
    near = report("Il fait trop chaud.", desk.angers)
    near.longitude, near.latitude = -0.5501, 47.4701
    near.save()
    client = sign_in(desk.operator)
    assert at("alert", desk.alert.pk) in got(client, "request", near.pk).content.decode()
    assert at("request", near.pk) in got(client, "alert", desk.alert.pk).content.decode()
    done = sent(client, "order-act", desk.order.pk, act="done", words="Réglé.").content.decode()
    assert "wait for an answer" in done
    timeline.close(near, "C'est réglé.", "clerk@example.org")
    sent(client, "order-act", desk.order.pk, act="to_do", words="Encore.")
    timeline.close(desk.demand, "Fini.", "clerk@example.org")
    assert "closes by itself" in sent(client, "order-act", desk.order.pk, act="done").content.decode()


def test_an_order_opens_from_an_alert_once_and_takes_it_in_hand(desk, sign_in, elsewhere_alert):
    client = sign_in(desk.operator)
    address = at("order-new", "pont") + f"?alerte={elsewhere_alert.pk}"
    page = client.get(address).content.decode()
    assert "1 alert, which is taken in hand" in page
    form = {"title": "Fermer la vanne", "words": "", "partner": desk.organisation.pk, "due": "2099-01-05"}
    form["submission"] = "0f8fad5b-d9cb-469f-a165-70867728950e"
    for _twice in range(2):
        client.post(address, form)
    order = WorkOrder.objects.get(thing__slug="pont")
    assert (order.partner, order.state, list(order.alerts.all())) == (desk.organisation, "given", [elsewhere_alert])
    elsewhere_alert.refresh_from_db()
    assert elsewhere_alert.state == "taken"
    assert client.post(address, {**form, "title": ""}).status_code == 422


def test_an_order_for_a_request_does_not_carry_the_person_s_words(desk, sign_in):
    desk.demand.thing = desk.school
    desk.demand.save()
    address = at("order-new", "ecole") + f"?demande={desk.demand.pk}"
    page = sign_in(desk.operator).get(address).content.decode()
    assert "Un trou devant le 3." not in page
    assert 'value="' in page.partition('name="title"')[2][:200]


def test_an_order_is_given_to_an_agent_and_opened_from_a_finding(desk, sign_in):
    client = sign_in(desk.operator)
    found = got(client, "finding", desk.finding.pk).content.decode()
    assert f"?piste={desk.finding.pk}" in found
    assert "?piste=" not in got(sign_in(desk.reader), "finding", desk.finding.pk).content.decode()
    client = sign_in(desk.operator)
    address = at("order-new", "ecole") + f"?piste={desk.finding.pk}"
    form = {"title": "Couper la nuit", "person": desk.officer.pk, "submission": "0f8fad5b-d9cb-469f-a165-70867728950f"}
    client.post(address, form)
    order = WorkOrder.objects.get(title="Couper la nuit")
    assert (order.person, order.state, order.finding) == (desk.officer, "given", desk.finding)
    sent(client, "order-act", order.pk, act="give", partner=desk.organisation.pk)
    order.refresh_from_db()
    assert (order.person, order.partner) == (None, desk.organisation)
    nobody = sent(client, "order-act", order.pk, act="give")
    assert nobody.status_code == 422
    assert sent(client, "order-act", order.pk, act="give", person=desk.clerk.pk).status_code == 422


def test_a_contractor_sees_their_own_orders_works_on_them_and_nothing_else(desk, sign_in, home):
    ordering.work_for(desk.contractor, desk.organisation, "operator@example.org")
    ordering.give(desk.order, "operator@example.org", partner=desk.organisation)
    other = ordering.open_order(Asked("Autre chose", desk.school), "operator@example.org")
    client = sign_in(desk.contractor)
    listed = got(client, "orders").content.decode()
    assert "Régler la chaudière" in listed
    assert "Autre chose" not in listed
    assert "Enedis" in listed
    assert got(client, "order", other.pk).status_code == 403
    assert "Régler la chaudière" in got(client, "orders-file", "csv").content.decode()
    assert "Autre chose" not in got(client, "orders-file", "geojson").content.decode()
    assert got(client, "orders-file", "pdf").content[:5] == b"%PDF-"
    assert sent(client, "order-act", desk.order.pk, act="cancelled", words="Non.").status_code == 403
    assert sent(client, "order-act", desk.order.pk, act="give", partner=desk.organisation.pk).status_code == 403
    sent(client, "order-act", desk.order.pk, act="under_way")
    desk.order.refresh_from_db()
    assert desk.order.state == "under_way"
    from django.core.files.uploadedfile import SimpleUploadedFile

    photo = SimpleUploadedFile("p.jpg", jpeg(), "image/jpeg")
    shown = sent(client, "order-photo", desk.order.pk, photos=photo).content.decode()
    assert "Photo 1 of the work" in shown
    kept = desk.order.photos.get()
    from mitoyen.ledger import pictures

    assert SECRET not in pictures.path_of(kept.name).read_bytes()
    bad = sent(client, "order-photo", desk.order.pk, photos=SimpleUploadedFile("p.jpg", b"no"))
    assert "no photo" in bad.content.decode()


def test_an_order_s_form_begins_with_whom_it_is_given_to_and_long_lists_have_pages(desk, sign_in, monkeypatch):
    from mitoyen.www.desk import work

    ordering.give(desk.order, "operator@example.org", partner=desk.organisation)
    client = sign_in(desk.operator)
    chosen = f'<option value="{desk.organisation.pk}" selected>'
    assert chosen in got(client, "order", desk.order.pk).content.decode()
    ordering.open_order(Asked("Autre chose", desk.school), "operator@example.org")
    monkeypatch.setattr(work, "LISTED", 1)
    first = got(client, "orders").content.decode()
    assert "Page 1 of 2" in first
    assert ("Autre chose" in first) != ("Autre chose" in got(client, "orders", query="?page=2").content.decode())


def test_done_in_vain_is_said_on_both_sides(desk, sign_in):
    ordering.move(desk.order, "done", "operator@example.org", "Réglé.")
    Alert.objects.update(seen_last=timezone.now() + dt.timedelta(hours=3))
    client = sign_in(desk.operator)
    assert "the readings still show it" in got(client, "alert", desk.alert.pk).content.decode()
    assert "the readings still show it" in got(client, "order", desk.order.pk).content.decode()
    assert "done, but the readings still show it" in got(client, "orders", query="?etat=faits").content.decode()


def test_a_rule_is_tuned_with_a_reason_and_put_back(desk, sign_in):
    usage, rule = a_rule()
    client = sign_in(desk.admin_trelaze)
    form = {"commune": desk.trelaze.insee, "off": "on", "why": "Pas ici."}
    assert "is tuned" in sent(client, "alert-rule", usage, rule, **form).content.decode()
    tuned = Tuning.objects.get()
    assert (tuned.usage, tuned.rule, tuned.commune, tuned.off, tuned.why) == (
        usage,
        rule,
        desk.trelaze,
        True,
        "Pas ici.",
    )
    assert "Trélazé" in got(client, "alert-rules").content.decode()
    assert sent(client, "alert-rule", usage, rule, **{**form, "why": ""}).status_code == 422
    assert sent(client, "alert-rule", usage, rule, **{**form, "commune": "49007"}).status_code == 422, "not theirs"
    sent(client, "alert-rule", usage, rule, commune=desk.trelaze.insee, why="Comme ailleurs.")
    assert not Tuning.objects.exists()


def test_the_screen_says_when_the_rules_stopped(desk, sign_in, home):
    client = sign_in(desk.reader)
    assert "never run here" in got(client, "now").content.decode()
    from mitoyen.operate.alerts import running

    running.tell({"at": (timezone.now() - dt.timedelta(minutes=30)).isoformat()})
    assert "out of date" in got(client, "now").content.decode()
    running.tell({"at": timezone.now().isoformat()})
    assert "out of date" not in got(client, "now").content.decode()


def many(desk, count):
    """Alerts each of a rule of its own, so that each is a line."""
    now = timezone.now()
    things = desk.school.__class__.objects.bulk_create(
        desk.school.__class__(slug=f"l{n}", name=f"L{n}", kind="lamp", commune=desk.angers) for n in range(count)
    )
    Alert.objects.bulk_create(
        Alert(
            key=f"x/{n}/1", usage="x", rule=f"r{n}", thing=thing, commune=desk.angers, level="notice", since=now,
            opened_at=now, seen_last=now,
        )
        for n, thing in enumerate(things)
    )  # fmt: skip


def test_the_screen_asks_as_little_for_thousands_of_alerts_as_for_few(desk, sign_in, django_assert_max_num_queries):
    client = sign_in(desk.operator)
    many(desk, 3000)
    with django_assert_max_num_queries(28) as asked:
        got(client, "now")
    whole = [one["sql"] for one in asked.captured_queries if '"alerts_alert"."facts"' in one["sql"]]
    few = ('"alerts_alert"."id" IN', "LIMIT", '"thing_id" IN', '"part_of_id" =')
    assert not [one for one in whole if not any(words in one for words in few)], "only those shown are read whole"


def test_the_ranking_has_pages(desk, sign_in):
    many(desk, 100)
    client = sign_in(desk.operator)
    first = got(client, "now").content.decode()
    assert "Page 1 of 2" in first
    second = got(client, "now", query="?page=2").content.decode()
    assert second.count("?page=2&amp;quoi=") == 21, "a line of the second page opens there"
    assert got(client, "now", query="?page=999").status_code == 200


def test_a_person_chooses_which_alerts_they_are_told_of(desk, sign_in):
    from mitoyen.operate.alerts.models import Telling

    client = sign_in(desk.reader)
    page = got(client, "alert-telling").content.decode()
    assert "sends no mail yet" in page
    assert '<option value="nothing" selected>' in page, "a reader is told nothing unless they want it"
    assert '<option value="warning" selected>' in got(sign_in(desk.officer), "alert-telling").content.decode()
    client = sign_in(desk.reader)
    assert "Kept." in sent(client, "alert-telling", least="danger", about=["devices", "water"]).content.decode()
    kept = Telling.objects.get()
    assert (kept.person, kept.least) == (desk.reader, "danger")
    assert "lighting" in kept.quiet
    assert "water" not in kept.quiet
    assert sent(client, "alert-telling", least="loud").status_code == 422


def test_who_works_for_a_partner_is_said_at_the_desk_and_opens_and_closes_its_orders(desk, sign_in):
    ordering.give(desk.order, "operator@example.org", partner=desk.organisation)
    assert got(sign_in(desk.contractor), "order", desk.order.pk).status_code == 403
    client = sign_in(desk.operator)
    assert "Nobody yet" in got(client, "partner", desk.organisation.pk).content.decode()
    form = {"person": desk.contractor.pk}
    assert "works for Enedis" in sent(client, "partner-crew", desk.organisation.pk, **form).content.decode()
    assert desk.contractor.email in got(client, "partner", desk.organisation.pk).content.decode()
    assert got(sign_in(desk.contractor), "order", desk.order.pk).status_code == 200
    assert desk.contractor.email not in got(sign_in(desk.reader), "partner", desk.organisation.pk).content.decode()
    assert sent(sign_in(desk.contractor), "partner-crew-leave", desk.organisation.pk, **form).status_code == 403
    client = sign_in(desk.operator)
    assert "no longer works" in sent(client, "partner-crew-leave", desk.organisation.pk, **form).content.decode()
    assert "Nobody of that name" in sent(client, "partner-crew-leave", desk.organisation.pk, **form).content.decode()
    assert got(sign_in(desk.contractor), "order", desk.order.pk).status_code == 403
    actions = AuditEntry.objects.filter(action__startswith="crew.").order_by("number").values_list("action", "actor")
    assert list(actions) == [("crew.joined", desk.operator.email), ("crew.left", desk.operator.email)]


def test_only_a_contractor_with_an_open_account_can_be_linked(desk, sign_in):
    client = sign_in(desk.operator)
    refused = sent(client, "partner-crew", desk.organisation.pk, person=desk.reader.pk)
    assert refused.status_code == 422
    desk.contractor.is_active = False
    desk.contractor.save()
    assert sent(client, "partner-crew", desk.organisation.pk, person=desk.contractor.pk).status_code == 422
    assert "give them the role first" in got(client, "partner", desk.organisation.pk).content.decode()
