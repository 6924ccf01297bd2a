"""A work order's life, from the alert that asks for it to the photo of the result; its exports; who may do what."""

import csv
import datetime as dt
import io
import json
import uuid

import pypdfium2
import pytest
from django.utils import timezone, translation
from typer.testing import CliRunner

import mitoyen.cli.work_orders  # noqa: F401 - registers its commands
from mitoyen.channels.paper import work_list
from mitoyen.cli.main import app
from mitoyen.ledger import pictures
from mitoyen.ledger.models import AuditEntry, Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.work import listing, ordering, perms
from mitoyen.operate.work.models import WorkOrder
from mitoyen.operate.work.ordering import Asked
from mitoyen.territory.models import Commune, Partner, Person, Role, Thing
from tests.services.test_photos import SECRET, jpeg

BY = "lea@example.org"


@pytest.fixture
def commune(db):
    return Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)


@pytest.fixture
def lamp(commune):
    return Thing.objects.create(
        slug="lampe", name="Lampe 7", kind="lamp", commune=commune, longitude=-0.61, latitude=47.41
    )


@pytest.fixture
def alert(lamp):
    now = timezone.now()
    return Alert.objects.create(
        key=f"streets/lamp_out/{lamp.pk}", usage="streets", rule="lamp_out", thing=lamp, commune=lamp.commune,
        level="warning", since=now - dt.timedelta(days=1), opened_at=now, seen_last=now,
    )  # fmt: skip


@pytest.fixture
def partner(db):
    return Partner.objects.create(slug="lumieres", name="Lumières de Loire")


@pytest.fixture
def order(alert, lamp):
    return ordering.open_order(Asked("Remplacer la lampe", lamp, "Nacelle.", alerts=[alert]), BY)


def facts(order):
    return [(fact.state, fact.words) for fact in order.facts.all()]


def test_opened_from_an_alert_it_takes_it_in_hand(order, alert, commune):
    alert.refresh_from_db()
    assert (alert.state, alert.decided_by) == ("taken", BY)
    assert (order.state, order.commune, list(order.alerts.all())) == ("to_do", commune, [alert])
    assert AuditEntry.objects.get(action="work_order.opened").subject == str(order.pk)


def test_its_whole_life_is_kept_as_facts(order, partner):
    due = timezone.localdate() + dt.timedelta(days=3)
    ordering.give(order, BY, partner=partner, due=due)
    ordering.move(order, "under_way", "paul@example.org")
    ordering.note(order, "paul@example.org", "Il manque une pièce.")
    done = ordering.move(order, "done", "paul@example.org", "Ampoule changée.")
    assert (done.state, done.partner, done.due) == ("done", partner, due)
    assert done.ended_at is not None
    assert facts(done) == [
        ("to_do", ""), ("given", "Lumières de Loire"), ("under_way", ""), ("", "Il manque une pièce."),
        ("done", "Ampoule changée."),
    ]  # fmt: skip
    again = ordering.move(done, "to_do", BY, "Elle est encore éteinte.")
    assert (again.state, again.partner, again.ended_at) == ("to_do", None, None)


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [("given", "", "unknown_state"), ("flying", "", "unknown_state"), ("cancelled", " ", "reason_missing")],
)
def test_where_it_can_t_go_is_refused(order, state, words, code):
    with pytest.raises(Refused) as refused:
        ordering.move(order, state, BY, words)
    assert refused.value.code == code


def test_what_is_over_is_neither_given_nor_done_again(order, partner):
    ordering.move(order, "cancelled", BY, "Doublon.")
    for act in (
        lambda: ordering.move(order, "done", BY),
        lambda: ordering.give(order, BY, partner=partner),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "not_now"
    with pytest.raises(Refused):
        ordering.give(order, BY)


def test_the_same_form_twice_is_one_order_and_a_bad_one_is_none(lamp):
    asked = Asked("Tailler", lamp, submission=uuid.uuid4())
    assert ordering.open_order(asked, BY) == ordering.open_order(asked, BY)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    for bad in (Asked(" ", lamp), Asked("Tailler", lamp, due=yesterday)):
        with pytest.raises(Refused):
            ordering.open_order(bad, BY)
    assert WorkOrder.objects.count() == 1


def test_done_closes_no_alert_and_one_that_stays_says_so(order, alert):
    done = ordering.move(order, "done", BY)
    alert.refresh_from_db()
    assert alert.state == "taken"
    assert ordering.still_shown(done) == []
    assert ordering.done_in_vain(alert) is None
    Alert.objects.update(seen_last=timezone.now() + dt.timedelta(hours=2))
    alert.refresh_from_db()
    assert ordering.still_shown(done) == [alert]
    assert ordering.done_in_vain(alert) == done
    assert any("encore" in line for line in _french(listing.to_lines([done])))


def _french(lines):
    with translation.override("fr"):
        return list(lines)


def test_a_photo_is_kept_without_its_place_and_not_for_ever_more(order, home):
    kept = ordering.add_photo(order, BY, jpeg())
    body = pictures.path_of(kept.name).read_bytes()
    assert SECRET not in body
    assert ordering.add_photo(order, BY, jpeg()) == kept
    pictures.remove_strays(float("inf"))
    assert pictures.path_of(kept.name).exists(), "a picture that an order names stays"
    with pytest.raises(Refused):
        ordering.add_photo(order, BY, b"no photo")
    order.photos.all().delete()
    pictures.remove_strays(float("inf"))
    assert not pictures.path_of(kept.name).exists()


def test_the_contractor_s_files_hold_every_order_and_no_formula(order, lamp):
    ordering.open_order(Asked('=HYPERLINK("http://x")', lamp, "+33 6"), BY)
    found = list(listing.orders())
    rows = list(csv.DictReader(io.StringIO(listing.to_csv(found))))
    assert [row["title"] for row in rows] == ["Remplacer la lampe", '\'=HYPERLINK("http://x")']
    assert (rows[0]["longitude"], rows[0]["thing_name"], rows[1]["words"]) == ("-0.61", "Lampe 7", "'+33 6")
    told = json.loads(listing.to_geojson(found))
    assert told["features"][0]["geometry"] == {"type": "Point", "coordinates": [-0.61, 47.41]}
    assert told["features"][0]["properties"]["title"] == "Remplacer la lampe"


def test_the_printed_list_can_be_read_aloud_and_nothing_in_it_is_code(order, lamp):
    ordering.open_order(Asked('#panic("x") "quoted" *é*', lamp, "Accès\npar le parc"), BY)
    with translation.override("fr"):
        made = work_list.pdf(list(listing.orders()), "Lumières de Loire")
    document = pypdfium2.PdfDocument(made)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    assert "Remplacer la lampe" in text
    assert '#panic("x") "quoted" *é*' in text
    assert "47.41000, -0.61000" in text
    assert b"pdfuaid" in made


def test_the_command_lists_writes_files_and_says_who_works_for_whom(order, partner, tmp_path):
    (one,) = json.loads(CliRunner().invoke(app, ["work-orders", "--json"]).stdout)
    assert (one["number"], one["state"], one["thing"]) == (order.pk, "to_do", "lampe")
    assert json.loads(CliRunner().invoke(app, ["work-orders", "--partner", "lumieres", "--json"]).stdout) == []
    for name in ("a.csv", "a.geojson", "a.pdf"):
        done = CliRunner().invoke(app, ["work-orders", "--export", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert (tmp_path / name).stat().st_size > 200
    Person.objects.create(email="paul@example.org")
    asked = ["work-orders", "member", "paul@example.org", "--partner", "lumieres"]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert partner.crews.get().person.email == "paul@example.org"
    assert CliRunner().invoke(app, [*asked, "--remove"]).exit_code == 0
    assert not partner.crews.exists()


ROLES = {
    "reader": (True, False), "energy_officer": (True, True), "counter_clerk": (True, False), "operator": (True, True),
    "moderator": (True, False), "contractor": (False, False), "partner": (False, False), "evaluator": (True, False),
    "data_protection_officer": (True, False), "administrator": (True, True),
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_who_may_see_open_and_run(role, order, commune):
    other = Commune.objects.create(insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47)
    here, elsewhere = (Person.objects.create(email=f"{n}@example.org") for n in "ab")
    Role.objects.create(person=here, name=role, commune=commune)
    Role.objects.create(person=elsewhere, name=role, commune=other)
    sees, runs = ROLES[role]
    assert perms.can_see_order(here, order) is sees
    assert list(perms.visible(here, WorkOrder.objects.all())) == ([order] if sees else [])
    for rule in (perms.can_run_order, perms.can_work_on):
        assert rule(here, order) is runs
    assert perms.can_open_order(here, commune) is runs
    assert perms.can_see_orders(here) is (role != "partner")
    assert not perms.can_see_order(elsewhere, order)
    assert not perms.can_work_on(elsewhere, order)
    assert not perms.can_open_order(elsewhere, commune)
    assert list(perms.visible(elsewhere, WorkOrder.objects.all())) == []
    assert not perms.can_say_who_works(here)


def test_a_contractor_sees_the_orders_of_their_partner_and_works_on_them_only(order, partner, commune):
    paul, mallory = (Person.objects.create(email=f"{name}@example.org") for name in ("paul", "mallory"))
    for person in (paul, mallory):
        Role.objects.create(person=person, name="contractor")
    ordering.work_for(paul, partner, BY)
    assert not perms.can_see_order(paul, order)
    given = ordering.give(order, BY, partner=partner)
    assert perms.can_see_order(paul, given)
    assert perms.can_work_on(paul, given)
    assert not perms.can_run_order(paul, given)
    assert list(perms.visible(paul, WorkOrder.objects.all())) == [given]
    assert not perms.can_see_order(mallory, given)
    paul.roles.all().delete()
    assert not perms.can_see_order(Person.objects.get(pk=paul.pk), given), "the link without the role opens nothing"


def test_only_who_runs_the_territory_says_who_works_for_whom(db):
    chief = Person.objects.create(email="chief@example.org")
    Role.objects.create(person=chief, name="operator")
    assert perms.can_say_who_works(chief)


def account(email, role, **more):
    made = Person.objects.create(email=email, **more)
    Role.objects.create(person=made, name=role)
    return made


def test_whoever_is_given_it_is_told_by_mail_each_time_and_nobody_else(order, partner, settings):
    paul, gone = account("paul@example.org", "contractor"), account("parti@example.org", "contractor", is_active=False)
    no_role = account("lu@example.org", "reader")
    agent = account(BY, "operator")
    for one in (paul, gone, no_role):
        ordering.work_for(one, partner, BY)
    ordering.give(order, BY, partner=partner)
    assert not Notice.objects.exists(), "this installation sends no mail"
    settings.MITOYEN = {**settings.MITOYEN, "mail_host": "127.0.0.1"}
    ordering.give(order, BY, partner=partner, due=dt.date(2099, 3, 1))
    notice = Notice.objects.get()
    assert (notice.to, notice.subject) == (paul.email, f"Bon de travail {order.pk}\xa0: Remplacer la lampe")
    assert "Lampe 7, Béhuard" in notice.body
    assert "Nacelle." in notice.body
    assert "À faire pour le" in notice.body
    assert f"/bureau/travaux/{order.pk}/" in notice.body
    ordering.give(order, BY, person=agent)
    assert Notice.objects.count() == 1, "who gives it to themselves knows"
    ordering.give(order, "max@example.org", person=agent)
    assert set(Notice.objects.values_list("to", flat=True)) == {paul.email, BY}
