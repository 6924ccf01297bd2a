"""Which weather station serves a thing: named, lone, else nearest; never guessed."""

import datetime as dt

import numpy as np
import pytest

from mitoyen.evaluate.context import context
from mitoyen.evaluate.periods import Period, year
from mitoyen.evaluate.savings import evaluate_thing
from mitoyen.evaluate.weather import distance_km, station_for, stations
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.models import Datastream
from mitoyen.territory.models import Thing
from tests.evaluate import filling


def add_station(slug, longitude=None, latitude=None):
    thing = Thing.objects.create(slug=slug, name=slug, kind="weather_station", longitude=longitude, latitude=latitude)
    return datastream_for(thing, "temperature", "Cel", "gauge")


@pytest.fixture
def school(db):
    return filling.building("ecole", filling.commune())


def test_a_lone_station_serves_all(school):
    only = add_station("loin", 139.7, 35.7)
    assert station_for(school) == only


def test_the_nearest_serves_from_where_the_thing_or_its_commune_is(school):
    near, far = add_station("angers", -0.55, 47.47), add_station("nantes", -1.55, 47.21)
    assert station_for(school) == near
    school.longitude, school.latitude = -1.5, 47.2
    assert station_for(school) == far


def test_a_named_station_serves_even_from_afar(school):
    add_station("angers", -0.55, 47.47)
    far = add_station("nantes", -1.55, 47.21)
    school.attributes = {"weather_station": "nantes"}
    school.save()
    part = filling.building("compteur", part_of=school)
    assert station_for(school) == far
    assert station_for(part) == far


def test_nothing_is_guessed_when_nobody_knows_where_the_thing_is(db):
    add_station("angers", -0.55, 47.47)
    add_station("nantes", -1.55, 47.21)
    assert station_for(filling.building("quelque-part")) is None
    assert station_for(filling.building("ailleurs", attributes={"weather_station": "absente"})) is None


def test_no_station_serves_nobody(school):
    assert stations() == []
    assert station_for(school) is None


def test_distances_are_those_on_the_globe():
    assert distance_km((-0.55, 47.47), (2.35, 48.86)) == pytest.approx(264, abs=3)
    assert distance_km((0.0, 0.0), (0.0, 0.0)) == 0


def test_a_station_without_readings_in_the_periods_is_passed_over(hall):
    other = add_station("ancienne")
    filling.bring(other, filling.hours(dt.date(2010, 1, 1), dt.date(2010, 1, 5)), np.full(120, 7.0), length=0)
    hall.commune = None
    hall.save()
    meter = Datastream.objects.get(observed_property="electricity")

    assert filling.there(context().station(meter, [year(2022), year(2024)])).thing.slug == "meteo"
    assert context().station(meter, [Period(dt.date(2010, 1, 1), dt.date(2010, 1, 3))]) == other


def test_without_weather_a_saving_is_not_proven_and_says_so(hall):
    hall.attributes = {"weather_station": "absente"}
    hall.save()
    figure = evaluate_thing(hall, year(2022), year(2024))[1]
    assert figure.verdict == "not_proven"
    assert "no_weather" in [reason["code"] for reason in figure.reasons]
    assert figure.inputs["weather"] is None
