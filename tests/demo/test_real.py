"""Real files beside the demo: marked, outside the territory, with the right answers of their figures and findings."""

import pytest

from mitoyen.demo import real
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.savings import evaluate_territory
from mitoyen.history import rollups
from mitoyen.history.models import Batch
from mitoyen.ledger.refusal import Refused
from mitoyen.operate import findings
from mitoyen.operate.models import Finding
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Thing
from mitoyen.territory.register import load_communes

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(real_data, tmp_path):
    """Two years of b0's gas and their weather, and the polygons: the rest is the same again."""
    cambridge = tmp_path / "data" / "energy" / "cambridge"
    cambridge.mkdir(parents=True)
    (tmp_path / "data" / "geo").mkdir()
    files = [f"{name}_{year}.csv" for name in ("b0_gas", "weather_bedford") for year in (2017, 2018)]
    for name in [*files, "building_floor_roof_areas.csv"]:
        (cambridge / name).symlink_to(real_data / "energy" / "cambridge" / name)
    polygons = "communes-49-maine-et-loire.geojson"
    (tmp_path / "data" / "geo" / polygons).symlink_to(real_data / "geo" / polygons)
    return tmp_path / "data"


def test_real_files_are_marked_outside_the_territory_and_read_once(home, folder):
    load_communes()
    told = []
    assert real.load(folder, lambda done, total: told.append((done, total))) > 60_000
    assert (rollups.current().version, rollups.fresh()) == (1, True), "one commit, for all files"
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]
    things = {thing.slug: thing for thing in Thing.objects.all()}
    assert set(things) == {"b0", "station-bedford"}
    assert {thing.origin for thing in things.values()} == {Origin.SAMPLE}
    assert {thing.commune for thing in things.values()} == {None}
    assert things["b0"].attributes["floor_area_m2"] == 3296.5
    assert things["b0"].source == "energy/cambridge"
    assert Commune.objects.exclude(geometry=None).count() == 29

    batches = Batch.objects.count()
    assert real.load(folder, lambda done, total: None) == 0
    assert Batch.objects.count() == batches

    assert evaluate_territory(processes=1) == 1
    figure = Figure.objects.get(subject="b0/gas", current=True, measure="energy_saved")
    assert figure.verdict == "not_proven"
    assert not figure.generated
    assert not Figure.objects.filter(subject_kind="territory").exclude(value=None).exists()

    assert findings.find_all() >= 1
    broken = Finding.objects.get(key="buildings/meter_to_check/b0/gas/unit_break")
    assert broken.first.isoformat() in ("2018-01-19", "2018-01-20")
    assert broken.commune is None
    assert broken.eur is None


def test_a_folder_without_any_known_file_is_refused(home, tmp_path):
    with pytest.raises(Refused, match=str(tmp_path)):
        real.load(tmp_path, lambda done, total: None)
