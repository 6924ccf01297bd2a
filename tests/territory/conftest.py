"""The territory of these tests: its 29 communes, and their polygons where the real files are."""

import pytest

from mitoyen.territory import register, shapes
from mitoyen.territory.models import Commune


@pytest.fixture
def communes(db) -> dict[str, Commune]:
    """The 29 communes by INSEE code, without polygons."""
    register.load_communes()
    return {commune.insee: commune for commune in Commune.objects.all()}


@pytest.fixture
def polygons(communes, real_data) -> shapes.Report:
    """The communes' real polygons, of 2018."""
    return shapes.load_polygons(real_data / "geo" / "communes-49-maine-et-loire.geojson", "france-geojson")


@pytest.fixture
def angers(communes: dict[str, Commune]) -> Commune:
    return communes["49007"]


@pytest.fixture
def avrille(communes: dict[str, Commune]) -> Commune:
    return communes["49015"]
