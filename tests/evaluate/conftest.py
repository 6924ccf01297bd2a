"""What the tests of the service share: a small territory of known savings, made once and copied for each test."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core import serializers
from django.db import transaction
from django.test import override_settings

from mitoyen.history.models import Batch, Datastream
from mitoyen.territory.models import Commune, Thing
from tests.evaluate import filling

STORES = ("archive", "rollups", "corrections")


@dataclass(frozen=True)
class Template:
    folder: Path
    rows: str


class Undone(Exception):
    """Takes the rows of the template back out of the database."""


@pytest.fixture(scope="session")
def template(tmp_path_factory, django_db_setup, django_db_blocker) -> Template:
    from mitoyen.cli.init import FOLDERS

    folder = tmp_path_factory.mktemp("template")
    for name in FOLDERS:
        (folder / name).mkdir()
    rows = ""
    with django_db_blocker.unblock(), override_settings(MITOYEN_HOME=folder):
        try:
            with transaction.atomic():
                thing = filling.building("mairie", filling.commune())
                filling.station()
                filling.meter(thing, "electricity", factor_from="2024-01-01", factor=0.8)
                filling.meter(thing, "gas", seed=3, slope=6.0, base=4.0)
                models = (Commune, Thing, Datastream, Batch)
                rows = serializers.serialize("json", [one for model in models for one in model.objects.all()])
                raise Undone
        except Undone:
            pass
    return Template(folder, rows)


@pytest.fixture
def hall(db, home, template) -> Thing:
    """A town hall of one commune that used 20 % less electricity from 2024 on, its gas as ever; a weather station."""
    for store in STORES:
        shutil.copytree(template.folder / store, home / store, dirs_exist_ok=True)
    for row in serializers.deserialize("json", template.rows):
        row.save()
    return Thing.objects.get(slug="mairie")
