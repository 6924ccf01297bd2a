"""One small demo for a module of tests: built once, rolled back at its end."""

from pathlib import Path

import pytest
from django.db import transaction
from django.test import override_settings

from mitoyen.demo import truth
from mitoyen.demo.build import build


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory, django_db_setup, django_db_blocker):
    """The folder of an installation that holds the small demo; its state lies in the test database."""
    home = tmp_path_factory.mktemp("demo") / "home"
    with django_db_blocker.unblock(), override_settings(MITOYEN_HOME=home), transaction.atomic():
        build(small=True)
        yield Path(home)
        transaction.set_rollback(True)


@pytest.fixture
def demo(demo_home, db) -> truth.Truth:
    """The truth of the small demo, in a test that may read and change its state."""
    found = truth.read()
    assert found is not None
    return found
