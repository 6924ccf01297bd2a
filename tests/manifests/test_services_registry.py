"""Services come by entry point, from whoever; one made on the fly is asked and answered like those built in."""

import sys

import pytest

from mitoyen.manifests.registry import services
from mitoyen.services import following, timeline, wording
from mitoyen.services.enums import Channel
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot
from mitoyen.territory.register import load_communes

MANIFEST = """
name = "lost_cat"
version = "0.3"
licence = "LicenseRef-Proprietary"
core_from = "0.1"
core_below = "1.0"
answer_days = 2
public = ["colour"]

[[questions]]
name = "colour"
type = "choice"
choices = ["black", "white"]
required = true

[[questions]]
name = "where"
type = "place"
required = true

[[questions]]
name = "chip"
type = "text"
longest = 15
personal = true

[[teams]]
name = "shelter"

[[data]]
what = "answers"
basis = "consent"
months = 3

[[data]]
what = "contact"
basis = "consent"
months = 1
"""
TEXTS = """
[service]
title = "Chat perdu"
summary = "Dites-nous où vous l’avez vu."
[questions.colour]
label = "De quelle couleur ?"
why = "Pour le reconnaître."
[questions.where]
label = "Où ?"
why = "Pour le chercher."
[questions.chip]
label = "Numéro de puce"
[choices.colour]
black = "noir"
white = "blanc"
[teams]
shelter = "refuge"
[data]
answers = "Pour le chercher."
contact = "Pour vous appeler."
"""


@pytest.fixture
def installed_package(tmp_path, monkeypatch):
    """A third party's distribution, as pip would have unpacked it: files, and metadata with the entry point."""

    def install(manifest=MANIFEST, package="their_cats", entry="", init=""):
        folder = tmp_path / package
        (folder / "texts").mkdir(parents=True)
        (folder / "__init__.py").write_text(init)
        (folder / "manifest.toml").write_text(manifest)
        for language in ("fr", "en"):
            (folder / "texts" / f"{language}.toml").write_text(TEXTS, encoding="utf-8")
        metadata = tmp_path / f"{package}-0.3.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.3\n")
        (metadata / "entry_points.txt").write_text(f"[mitoyen.services]\na_{package} = {entry or package}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        services.forget()

    yield install
    services.forget()
    for name in [name for name in sys.modules if name.startswith("their_")]:
        del sys.modules[name]


BUILT_IN = {"be_told", "digital_help", "judge_service", "my_data", "propose_idea", "report_problem"}


def test_the_built_in_services_are_found_like_anybodys():
    assert set(services.installed()) == BUILT_IN
    assert services.rejected() == []


def test_an_installed_package_adds_a_service_that_people_can_use(installed_package, db, home):
    installed_package()
    assert set(services.installed()) == BUILT_IN | {"lost_cat"}
    assert "their_cats" not in sys.modules, "a service is found without running its code"
    load_communes()
    service = services.installed()["lost_cat"]
    raw = {"colour": "black", "chip": "250-1234"}
    request = receive(Submission(service, Channel.COUNTER, raw, spot=Spot("Angers", "49007"), taken_by="c@example.org"))
    timeline.close(request, "Il est rentré.", "c@example.org")
    request.refresh_from_db()
    assert wording.title(request) == "Chat perdu"
    assert following.story(request).team == "refuge"
    assert wording.public_answers(request) == [("De quelle couleur ?", "noir")]


def test_its_form_its_pages_and_the_counter_come_without_a_change_to_the_core(installed_package, db, home, client):
    installed_package()
    load_communes()
    assert "Chat perdu" in client.get("/services/").content.decode()
    page = client.get("/services/lost_cat/").content.decode()
    assert "De quelle couleur" in page
    answer = client.post("/services/lost_cat/", {"q-colour": "white", "q-where": "Trélazé", "contact-way": "none"})
    assert answer.status_code == 302
    assert client.get("/services/lost_cat/demandes/").status_code == 200


def test_once_it_is_gone_its_requests_can_still_be_read_and_closed(installed_package, db, home, monkeypatch):
    installed_package()
    load_communes()
    service = services.installed()["lost_cat"]
    request = receive(Submission(service, Channel.COUNTER, {"colour": "black"}, spot=Spot("Angers", "49007")))
    monkeypatch.undo()
    services.forget()
    assert "lost_cat" not in services.installed()
    assert following.story(request).title == "lost_cat"
    assert timeline.close(request, "Il est rentré.", "c@example.org")


def test_a_faulty_package_is_left_out_and_said_and_harms_no_other(installed_package):
    installed_package(MANIFEST.replace('"consent"', '"because"'))
    assert set(services.installed()) == BUILT_IN
    assert any("their_cats/manifest.toml" in str(fault) for fault in services.rejected())


def test_nobody_takes_the_name_of_a_service_that_is_there(installed_package):
    installed_package(MANIFEST.replace("lost_cat", "report_problem"))
    assert set(services.installed()) == BUILT_IN
    assert services.installed()["report_problem"].package == "mitoyen.services.builtin.report_problem"
    (fault,) = services.rejected()
    assert "report_problem" in str(fault)
    assert "$.name" in str(fault)


@pytest.mark.parametrize("entry", ["their_nowhere", "their_cats:manifest", "their_cats.nothing", ".cats"])
def test_an_entry_point_that_names_no_package_is_said(installed_package, entry):
    installed_package(entry=entry)
    assert set(services.installed()) == BUILT_IN
    assert len(services.rejected()) == 1


def test_a_package_that_cannot_be_loaded_harms_no_other(installed_package):
    installed_package(entry="their_cats.inner", init="raise RuntimeError('broken')")
    assert set(services.installed()) == BUILT_IN
    assert len(services.rejected()) == 1
