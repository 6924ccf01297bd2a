"""Requests from files: what another tool kept, and Zurich's open data."""

import csv
import json
import time

import pytest

from mitoyen.ledger.models import Notice
from mitoyen.ledger.refusal import Refused
from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.importing.mapping import built_in, read_mapping, service_of
from mitoyen.services.importing.taking import import_requests
from mitoyen.services.models import Fact, Request, Source
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune

HEADER = "date,year,service_code,e,n"
ROWS = ["2016-06-27,2016,Brunnen/Hydranten,2683920,1245604", "2018-06-29,2018,Strasse/Trottoir/Platz,2682182,1248788"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def zurich(tmp_path):
    """`zurich(*rows)`: a file as the city of Zurich publishes it."""

    def written(*rows: str, name: str = "reports.csv"):
        path = tmp_path / name
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        return path

    return written


@pytest.fixture
def old_tool(tmp_path):
    """`old_tool(*rows, key=…)`: requests that an earlier tool kept in Angers, and their mapping."""
    Commune.objects.create(
        insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47, tile_column=0, tile_row=0
    )

    def written(*rows: str, commune: str = "49007"):
        file, mapping = tmp_path / "old.csv", tmp_path / "old.toml"
        file.write_text("no;when;what;text;done\n" + "\n".join(rows) + "\n", encoding="utf-8")
        mapping.write_text(
            f"""
            name = "old-tool"
            title = "The tool before"
            service = "report_problem"
            dates = "%d/%m/%Y %H:%M"
            commune = "{commune}"
            [columns]
            id = "no"
            received = "when"
            category = "what"
            words = "text"
            closed = "done"
            [categories]
            lamp = "lighting"
            """
        )
        return file, read_mapping(mapping)

    return written


def test_every_built_in_mapping_fits_its_service():
    assert [service_of(mapping).manifest.name for mapping in built_in()] == ["report_problem"]


def test_a_report_keeps_when_what_and_where(zurich):
    report = import_requests(zurich(*ROWS), "test")
    assert (report.rows, report.new, report.known, report.refused) == (2, 2, 0, [])
    first = Request.objects.get(category="water")
    assert (first.channel, first.state, first.origin) == (Channel.IMPORT, State.UNKNOWN, Origin.SAMPLE)
    assert first.received_at.isoformat() == "2016-06-27T10:00:00+00:00"
    assert first.commune is None
    # By swisstopo's approximate formulas (good to a metre): E 2683920, N 1245604 is 8.549421 E, 47.355939 N.
    assert first.longitude == pytest.approx(8.549421, abs=2e-5)
    assert first.latitude == pytest.approx(47.355939, abs=2e-5)
    fact = first.facts.get()
    assert (fact.kind, fact.detail["category"]) == (FactKind.RECEIVED, "Brunnen/Hydranten")
    source = Source.objects.get()
    assert (source.licence, source.has_hours) == ("CC0", False)


def test_run_again_under_another_name_doubles_nothing(zurich):
    import_requests(zurich(*ROWS), "test")
    again = import_requests(zurich(*ROWS, "2020-01-01,2020,Graffiti,2683920,1245604", name="other.csv"), "test")
    assert (again.new, again.known, Request.objects.count(), Fact.objects.count()) == (1, 2, 3, 3)


def test_equal_rows_count_once_unless_each_is_kept(zurich):
    report = import_requests(zurich(ROWS[0], ROWS[1], ROWS[0]), "test")
    assert (report.new, report.repeated) == (2, [(4, 2)])
    kept = import_requests(zurich(ROWS[0], ROWS[1], ROWS[0]), "test", each=True)
    assert (kept.new, kept.known) == (1, 2)
    assert import_requests(zurich(ROWS[0], ROWS[1], ROWS[0]), "test", each=True).new == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("27.06.2016,2016,Graffiti,2683920,1245604", "27.06.2016"),
        ("2999-06-27,2999,Graffiti,2683920,1245604", "2999-06-27"),
        ("2016-06-27,2016,Nonsense,2683920,1245604", "Nonsense"),
        ("2016-06-27,2016,Graffiti,1245604,2683920", "EPSG:2056"),
        ("2016-06-27,2016,Graffiti,east,1245604", "EPSG:2056"),
        ("2016-06-27,2016,Graffiti,2683920", "5"),
    ],
    ids=["another form", "the future", "unknown category", "axes swapped", "no number", "a cell missing"],
)
def test_one_bad_row_refuses_the_whole_file_with_its_line(zurich, row, reason):
    with pytest.raises(Refused) as refused:
        import_requests(zurich(ROWS[0], row, ROWS[1]), "test")
    assert [ground.line for ground in refused.value.grounds] == [3]
    assert reason in refused.value.grounds[0].message
    assert not Request.objects.exists()
    report = import_requests(zurich(ROWS[0], row, ROWS[1]), "test", skip_bad_lines=True)
    assert (report.new, len(report.refused), Request.objects.count()) == (2, 1, 2)


def test_a_try_writes_nothing(zurich):
    assert import_requests(zurich(*ROWS), "test", dry_run=True).new == 2
    assert not Request.objects.exists()
    assert not Source.objects.exists()


def test_an_unknown_file_is_refused_and_says_its_columns(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Refused, match="a, b"):
        import_requests(path, "test")


def test_a_tool_before_brings_its_answers_and_nobody_is_told(old_tool):
    file, mapping = old_tool("7;01/02/2026 09:30;lamp;Dark street;03/02/2026 08:00", "8;01/02/2026 10:00;lamp;Dark;")
    assert import_requests(file, "test", mapping).new == 2
    closed, waiting = Request.objects.get(source_key="7"), Request.objects.get(source_key="8")
    assert (closed.state, closed.commune_id, closed.origin) == (State.CLOSED, "49007", Origin.REAL)
    assert closed.answers == {
        "category": "lighting",
        "words": "Dark street",
    }
    assert [fact.kind for fact in closed.facts.all()] == [FactKind.RECEIVED, FactKind.CLOSED]
    assert closed.received_at.isoformat() == "2026-02-01T08:30:00+00:00"
    assert waiting.state == State.UNKNOWN
    assert not Notice.objects.exists()


def test_the_same_identifier_twice_is_once(old_tool):
    file, mapping = old_tool("7;01/02/2026 09:30;lamp;Dark;", "7;02/02/2026 09:30;lamp;Still dark;")
    report = import_requests(file, "test", mapping, each=True)
    assert (report.new, report.repeated) == (1, [(3, 2)])


def test_an_end_before_its_start_is_refused(old_tool):
    file, mapping = old_tool("7;01/02/2026 09:30;lamp;Dark;31/01/2026 08:00")
    with pytest.raises(Refused):
        import_requests(file, "test", mapping)


def test_a_mapping_for_another_service_or_commune_is_refused(old_tool):
    file, mapping = old_tool("7;01/02/2026 09:30;lamp;Dark;", commune="99999")
    with pytest.raises(Refused, match="99999"):
        import_requests(file, "test", mapping)
    mapping.categories["lamp"] = "moon"
    with pytest.raises(Refused, match="report_problem"):
        import_requests(file, "test", mapping)


def taken(file, mapping):
    return import_requests(file, "test", mapping)


@pytest.fixture
def placed(old_tool, tmp_path):
    """`placed(lon, lat)`: a request of our own told by its point only, and its mapping."""
    file, mapping = old_tool(commune="")
    mapping.columns.east, mapping.columns.north = "lon", "lat"

    def written(lon, lat):
        file.write_text(f"no;when;what;text;done;lon;lat\n7;01/02/2026 09:30;lamp;Dark;;{lon};{lat}\n")
        return file, mapping

    return written


def test_a_point_of_ours_is_in_the_commune_around_it_never_guessed_on_a_border(placed):
    file, mapping = placed(-0.55, 47.47)
    with pytest.raises(Refused, match="polygons"):
        import_requests(file, "test", mapping)
    corners = [(-0.6, 47.4), (-0.5, 47.4), (-0.5, 47.5), (-0.6, 47.5), (-0.6, 47.4)]
    square = {"type": "Polygon", "coordinates": [corners]}
    east = {"type": "Polygon", "coordinates": [[(x + 0.1, y) for x, y in corners]]}
    Commune.objects.filter(insee="49007").update(geometry=square)
    Commune.objects.create(
        insee="49353", name="Trélazé", slug="trelaze", longitude=-0.45, latitude=47.45, tile_column=1, tile_row=0,
        geometry=east,
    )  # fmt: skip
    for lon, lat, reason in ((-0.5001, 47.45, "Trélazé"), (2.35, 48.85, "territoire"), ("", "", "commune")):
        with pytest.raises(Refused) as refused:
            taken(*placed(lon, lat))
        assert reason in refused.value.grounds[0].message
    assert taken(*placed(-0.55, 47.47)).new == 1
    assert Request.objects.get().commune_id == "49007"


def test_part_of_the_real_file_through_the_command(installation, real_data, tmp_path):
    path = tmp_path / "head.csv"
    with (real_data / "requests/zuerich-zueri-wie-neu-reports_cleaned.csv").open(encoding="utf-8") as file:
        path.write_text("".join(next(file) for _n in range(1001)), encoding="utf-8")
    done = json.loads(installation.run("requests", "import", path, "--json").stdout)
    assert (done["rows"], done["new"] + done["repeated"], done["refused"]) == (1000, 1000, 0)
    again = json.loads(installation.run("requests", "import", path, "--json").stdout)
    assert (again["new"], again["known"]) == (0, done["new"])


@pytest.mark.long
def test_all_of_zurich(real_data):
    path = real_data / "requests/zuerich-zueri-wie-neu-reports_cleaned.csv"
    started = time.process_time()
    report = import_requests(path, "test")
    assert time.process_time() - started < 20
    assert (report.rows, report.new, len(report.repeated), report.refused) == (62_245, 62_013, 232, [])
    with path.open(encoding="utf-8") as file:
        assert len({tuple(row) for row in csv.reader(file)}) - 1 == report.new
    kept = import_requests(path, "test", each=True)
    assert (kept.new, kept.known, Request.objects.count()) == (232, 62_013, 62_245)
