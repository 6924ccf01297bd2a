"""Readings corrected and taken back: the real archive below, nothing in its place."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from mitoyen.history.models import Batch
from mitoyen.history.read import corrections_of
from mitoyen.history.read import readings as read
from mitoyen.ledger.refusal import Refused
from mitoyen.www.desk.correcting import period, write

ONE = {"what": "one", "at": "2024-01-10T08:00", "value": "99,5", "why": "Index mal lu"}
PERIOD = {"what": "period", "at": "2024-01-10T07:00", "until": "2024-01-10T09:00", "factor": "0,001", "why": "En Wh"}
MOMENT = dt.datetime(2024, 1, 10, 7, 0, tzinfo=dt.UTC)  # 8:00 in Paris


def value_at(stream, moment):
    found = read(stream, moment - dt.timedelta(seconds=1), moment)
    return float(found.value[0])


ADDRESS = "/bureau/mesures/ecole-gaz/gas/corriger/"


def shown(client, said):
    """What the page's second button sends, once it showed what would change."""
    page = client.post(ADDRESS, said)
    (digest,) = re.findall(r'<input type="hidden" name="shown" value="([0-9a-f]{64})">', page.content.decode())
    return {**said, "confirm": "1", "shown": digest}


def test_what_would_change_is_shown_before_anything_is_written(desk, readings, sign_in):
    page = sign_in(desk.officer).post(ADDRESS, ONE)
    assert "12,5" in page.content.decode()
    assert "99,5" in page.content.decode()
    assert value_at(desk.stream, MOMENT) == 12.5


def test_one_reading_is_corrected_and_taken_back(desk, readings, sign_in):
    client = sign_in(desk.officer)
    answer = client.post(ADDRESS, shown(client, ONE))
    batch = Batch.objects.get(origin="correction")
    assert answer.url == reverse("desk:batch", args=[batch.pk])
    assert value_at(desk.stream, MOMENT) == 99.5
    (kept,) = corrections_of(desk.stream, dt.date(2024, 1, 10), dt.date(2024, 1, 10))
    assert (kept.old, kept.new, kept.by, kept.why) == (12.5, 99.5, desk.officer.email, "Index mal lu")
    client.post(reverse("desk:batch-undo", args=[batch.pk]), {"why": "C’était juste"})
    assert value_at(desk.stream, MOMENT) == 12.5


def test_a_period_is_multiplied(desk, readings, sign_in):
    client = sign_in(desk.officer)
    client.post(ADDRESS, shown(client, PERIOD))
    assert value_at(desk.stream, MOMENT) == 0.0125
    assert value_at(desk.stream, MOMENT + dt.timedelta(hours=1)) == 0.0125
    assert value_at(desk.stream, MOMENT + dt.timedelta(hours=2)) == 12.5


def test_a_confirmation_sent_twice_multiplies_once(desk, readings, sign_in):
    client = sign_in(desk.officer)
    confirmed = shown(client, PERIOD)
    first = client.post(ADDRESS, confirmed)
    again = client.post(ADDRESS, confirmed, follow=True)
    assert value_at(desk.stream, MOMENT) == 0.0125
    assert Batch.objects.filter(origin="correction").count() == 1
    assert again.redirect_chain == [(first.url, 302)]
    assert "déjà écrite" in again.content.decode()


def test_two_confirmations_in_the_same_moment_write_one(desk, readings):
    """Both requests read the readings before either wrote."""
    change = period(desk.stream, MOMENT - dt.timedelta(hours=1), MOMENT, 2.0)
    write(change, desk.officer.email, "Coefficient oublié")
    with pytest.raises(Refused) as refusal:
        write(change, desk.officer.email, "Coefficient oublié")
    assert refusal.value.code == "nothing_new"
    assert value_at(desk.stream, MOMENT) == 25.0
    assert Batch.objects.filter(origin="correction", state="live").count() == 1


def test_readings_that_changed_since_they_were_shown_are_shown_again(desk, readings, sign_in):
    client = sign_in(desk.officer)
    doubled = shown(client, {**PERIOD, "factor": "2"})
    client.post(ADDRESS, shown(client, ONE))
    page = client.post(ADDRESS, doubled).content.decode()
    assert "ont changé depuis" in page
    assert "199" in page
    assert value_at(desk.stream, MOMENT) == 99.5
    client.post(ADDRESS, shown(client, {**PERIOD, "factor": "2"}))
    assert value_at(desk.stream, MOMENT) == 199.0


@pytest.mark.parametrize("other", [{"factor": "3"}, {"until": "2024-01-10T08:00"}, {"shown": ""}])
def test_only_what_was_shown_is_written(desk, readings, sign_in, other):
    client = sign_in(desk.officer)
    page = client.post(ADDRESS, {**shown(client, PERIOD), **other}).content.decode()
    assert "Rien n’a été écrit" in page
    assert value_at(desk.stream, MOMENT) == 12.5


def test_a_correction_taken_back_may_be_made_again(desk, readings, sign_in):
    client = sign_in(desk.officer)
    confirmed = shown(client, PERIOD)
    client.post(ADDRESS, confirmed)
    batch = Batch.objects.get(origin="correction")
    client.post(reverse("desk:batch-undo", args=[batch.pk]), {"why": "C’était juste"})
    client.post(ADDRESS, confirmed)
    assert value_at(desk.stream, MOMENT) == 0.0125


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"at": "2024-01-10T08:17"}, "at"),
        ({"value": ""}, "value"),
        ({"value": "douze"}, "value"),
        ({"why": ""}, "why"),
        ({"what": "period", "until": "2024-01-01T00:00", "factor": "2"}, "until"),
        ({"what": "period", "until": "2024-02-01T00:00", "factor": "0"}, "factor"),
    ],
)
def test_a_wrong_correction_is_said_beside_its_field_and_writes_nothing(desk, readings, sign_in, wrong, field):
    page = sign_in(desk.officer).post(ADDRESS, {**ONE, **wrong, "confirm": "1"})
    assert page.context["form"].errors[field]
    assert not Batch.objects.filter(origin="correction").exists()


def test_a_batch_is_taken_back_with_a_reason_once(desk, readings, sign_in):
    client = sign_in(desk.officer)
    address = reverse("desk:batch-undo", args=[readings.pk])
    client.post(address, {"why": ""})
    assert len(read(desk.stream).time) > 0
    client.post(address, {"why": "Mauvais compteur"})
    assert len(read(desk.stream).time) == 0
    again = client.post(address, {"why": "Encore"})
    assert "repris" in again.content.decode()


def test_the_building_tells_its_story(desk, readings, sign_in):
    page = sign_in(desk.reader).get(reverse("desk:building", args=["ecole"])).content.decode()
    for part in ("Isolation des combles", "releves.csv", "Chauffage maintenu", "Bâtiment fermé", "chart__wide"):
        assert part in page
