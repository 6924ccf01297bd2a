"""What a commune's page says of what is wrong there now: in the usage's public words, and nothing that stays inside."""

import datetime as dt

import pytest
from django.utils import timezone

from mitoyen.operate.alerts import deciding
from mitoyen.operate.alerts.keeping import settle
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.detect import Sighting
from mitoyen.www.portal import cache
from tests.operate.alerts.conftest import cabinet, commune, lamps, rule_of, station, streets  # noqa: F401 - fixtures

PAGE = "/communes/behuard/"


@pytest.fixture
def told(rule_of, lamps, station, commune):  # noqa: F811
    now = timezone.now()
    seen = [Sighting(one.pk, now - dt.timedelta(hours=3), now) for one in lamps[:3]]
    settle("streets", rule_of("lamp_out"), seen, [], now)
    settle("streets", rule_of("silent"), [Sighting(station.pk, now, now)], [], now)
    cache.clear()
    return now


def test_it_counts_places_in_plain_words(told, visitor):
    page = visitor.get(PAGE).content.decode()
    assert page.count("Street lighting: 3 places are dark in Béhuard.") == 1
    assert "Silent" not in page, "what has no public words stays inside"
    assert "Lampe 0" not in page
    assert "s’en occupe" not in page


def test_it_says_when_somebody_takes_care_of_it(told, visitor):
    deciding.decide(Alert.objects.all(), "taken", "lea@example.org")
    page = visitor.get(PAGE).content.decode()
    assert "Quelqu’un s’en occupe." in page
    assert "lea@example.org" not in page


def test_what_is_set_aside_or_over_is_not_told(told, visitor):
    deciding.decide(Alert.objects.all(), "dismissed", "lea@example.org", "Travaux.")
    assert "Street lighting" not in visitor.get(PAGE).content.decode()


def test_generated_readings_are_said_to_be(told, visitor, lamps):  # noqa: F811
    assert 'aria-label="Relevés' not in visitor.get(PAGE).content.decode()
    lamps[0].origin = "generated"
    lamps[0].save()
    cache.clear()
    assert 'aria-label="Relevés' in visitor.get(PAGE).content.decode()
