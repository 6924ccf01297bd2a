"""The portal's pages in this process: the seeded account in the test database, an empty page cache."""

import pytest
from django.test import Client

from mitoyen.www.portal import cache
from tests.www import seeding


@pytest.fixture(autouse=True)
def no_page_kept():
    """Each test makes its pages anew."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def figures(db, home):
    """The seeded account; figures' ids by (kind, subject, measure)."""
    return seeding.seed()


@pytest.fixture
def read_figures(db, home):
    """The same, with one meter's readings in the archive."""
    return seeding.seed(read=True)


@pytest.fixture
def visitor() -> Client:
    """Someone without an account, in French."""
    return Client()
