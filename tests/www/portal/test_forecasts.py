"""A datastream's page shows what comes next, how it was made and how good it was lately."""

import numpy as np
import pytest

from mitoyen.history.datastreams import datastream_for
from mitoyen.operate.forecast import forecasting
from mitoyen.territory.models import Thing
from tests.operate.conftest import tell  # noqa: F401 - a fixture

FIRST, HOURS = "2025-01-01T00", 24 * 120
ADDRESS = "/donnees/mesures/maine/temperature/"


@pytest.fixture
def river(db, home):
    gauge = Thing.objects.create(slug="maine", name="La Maine", kind="gauge")
    return datastream_for(gauge, "temperature", "Cel", "gauge")


def walk():
    return 12 + np.cumsum(np.random.default_rng(0).normal(0, 0.1, HOURS))


def test_its_page_shows_the_two_days_to_come_and_how_good_it_was(river, tell, visitor, django_assert_max_num_queries):  # noqa: F811
    tell(river, FIRST, walk())
    forecasting.forecast(river)
    with django_assert_max_num_queries(7):
        page = visitor.get(ADDRESS).content.decode()
    assert "Ce qui vient" in page
    assert "Ces trois dernières semaines" in page
    assert 'class="c-band"' in page
    assert len(page) < 60_000


def test_a_page_without_forecast_says_nothing_of_one(river, tell, visitor):  # noqa: F811
    tell(river, FIRST, walk()[:100])
    assert "Ce qui vient" not in visitor.get(ADDRESS).content.decode()
