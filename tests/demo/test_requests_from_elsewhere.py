"""What the demo shows of channels and of a sample from elsewhere: the planted slow channel is found, with its step."""

import pytest

from mitoyen.demo import real, requests
from mitoyen.services.models import Request, Source
from mitoyen.services.parity.report import measure
from mitoyen.territory.enums import Origin
from mitoyen.territory.register import load_communes

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", [49, 7])
def test_paper_that_waits_to_be_passed_on_is_found_with_its_step_and_nothing_else(home, seed):
    load_communes()
    requests.make(seed)
    told = measure()
    assert told["origin"] == Origin.GENERATED
    assert {(one["channel"], one["step"]["name"]) for one in told["worse"]} == {("paper", "passed_on")}


def test_reports_from_elsewhere_are_taken_once(home, tmp_path):
    folder = tmp_path / "data" / "requests"
    folder.mkdir(parents=True)
    rows = "date,year,service_code,e,n\n2016-06-27,2016,Graffiti,2683920,1245604\n"
    (folder / "zuerich-zueri-wie-neu-reports_cleaned.csv").write_text(rows)
    assert real.load(tmp_path / "data", lambda done, total: None) == 0
    taken = Source.objects.get().imported_at
    real.load(tmp_path / "data", lambda done, total: None)
    assert Source.objects.get().imported_at == taken
    assert Request.objects.get().origin == Origin.SAMPLE
