"""What the public pages say, in few queries, in both languages."""

import csv
import io
import json
import re

import pytest
from django.utils import translation
from django.utils.html import escape

from mitoyen.evaluate import factors
from mitoyen.evaluate.enums import ReasonCode
from mitoyen.evaluate.models import Figure
from mitoyen.history.models import Datastream
from mitoyen.ledger import audit
from mitoyen.ledger.models import AuditEntry
from mitoyen.territory.models import Commune, Thing
from mitoyen.www.portal import queries, reasons, words
from tests.www.portal.pages import FIGURES, PLAIN

GAS = ("datastream", "angers-ecole-des-ponts-gas/gas", "energy_saved")
BROKEN = ("datastream", "trelaze-gymnase-gas/gas", "energy_saved")


def _text(answer):
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def _raw(answer):
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("language", ["", "/en"])
def test_every_page_answers_in_its_language_with_the_five_doors(figures, visitor, language):
    paths = [*PLAIN.values(), *(f"/chiffres/{figures[key]}/" for key in FIGURES.values())]
    for path in paths:
        page = _text(visitor.get(language + path))
        assert f'<html lang="{"en" if language else "fr"}">' in page
        for door in (
            ("My commune", "Report, propose, ask") if language else ("Ma commune", "Signaler, proposer, demander")
        ):
            assert door in page, path
        assert "%(" not in page


def test_pages_that_show_generated_readings_say_so_and_the_others_don_t(figures, visitor):
    for path in ("/", "/communes/angers/", "/batiments/angers-mediatheque/", "/comptes/", "/donnees/"):
        assert "Relevés générés." in _text(visitor.get(path)), path
    assert "Relevés générés." in _text(visitor.get(f"/chiffres/{figures[GAS]}/"))
    assert "Relevés générés." not in _text(visitor.get("/comment-nous-comptons/"))


def test_the_home_page_tells_the_bad_news_first(figures, visitor):
    page = _text(visitor.get("/"))
    assert page.index("ne permet pas de conclure") < page.index("font des économies presque sûres")


def test_an_empty_installation_says_that_nothing_is_counted(db, home, visitor):
    assert "Rien n’a encore été compté" in _text(visitor.get("/"))
    assert _text(visitor.get("/comptes/"))


def test_what_is_not_proven_gives_no_number_but_its_reason_date_and_remedy(figures, visitor):
    page = _text(visitor.get(f"/chiffres/{figures[BROKEN]}/"))
    figure = Figure.objects.get(pk=figures[BROKEN])
    assert figure.value is None
    assert "Aucun nombre n’est donné." in page
    assert "le 10 février 2024" in page
    assert "changé d’unité" in page
    assert "Ce qui le réparerait" in page


def test_a_figure_shows_its_steps_and_fingerprint_and_leads_to_its_readings(read_figures, visitor):
    figure = Figure.objects.get(pk=read_figures[GAS])
    page = _text(visitor.get(f"/chiffres/{figure.pk}/"))
    assert figure.fingerprint in page
    assert [page.index(step) for step in ("Relevés</summary>", "Contrôles</summary>", "Modèle</summary>")]
    assert re.search(r"lot \d+ du", page)
    assert f"/chiffres/{figure.pk}/serie.csv" in page
    assert "/donnees/mesures/angers-ecole-des-ponts-gas/gas/" in page
    assert "agent@example.org" not in page


def test_a_building_s_meter_that_can_t_be_compared_shows_what_was_read_alone(figures, visitor):
    page = _text(visitor.get("/batiments/trelaze-gymnase/"))
    gas = page.split("Gaz : les relevés de 2024 ne permettent pas de comparer", 1)[1].split("<section", 1)[0]
    assert 'class="c-bar"' in gas
    assert "c-band" not in gas


def test_a_commune_draws_each_building_s_months(figures, visitor):
    assert _text(visitor.get("/communes/angers/")).count('class="spark"') == 2


def test_months_in_two_units_are_never_added_up(figures, visitor):
    def months():
        lines = queries.buildings_of(Commune.objects.get(slug="angers"))
        return {m.unit: m.amounts for line in lines if line.thing.slug == "angers-ecole-des-ponts" for m in line.months}

    both = months()["kWh"]
    Figure.objects.filter(pk=figures[GAS]).update(unit="m3")
    apart = months()
    assert apart.keys() == {"kWh", "m3"}
    for together, electricity, gas in zip(both, apart["kWh"], apart["m3"], strict=True):
        assert gas > 0 < electricity
        assert electricity + gas == pytest.approx(together)
    page = _text(visitor.get("/communes/angers/"))
    assert page.count('class="spark"') == 3
    assert 'class="soft">m³<' in page


@pytest.mark.parametrize("code", ReasonCode.values)
def test_every_reason_is_said_in_french_and_in_english(code):
    said = {}
    for language in ("fr", "en"):
        with translation.override(language):
            (said[language],) = reasons.spoken([{"code": code, "first": "2024-02-10", "last": "2024-02-10"}])
    assert code in words.REASON_MEANS
    assert said["fr"].means != said["en"].means
    assert said["fr"].what != said["en"].what


@pytest.mark.parametrize("code", [*ReasonCode.values, "from_a_newer_version"])
def test_a_reason_breaks_no_page_even_unknown(figures, visitor, code):
    for figure in Figure.objects.filter(subject="trelaze-gymnase-gas/gas"):
        figure.reasons = [{"code": code, "first": "2024-02-10", "last": "2024-02-10", "mends": "confirm_unit"}]
        figure.save()
    for total in Figure.objects.filter(subject_kind__in=("territory", "commune"), measure="energy_saved"):
        total.result = {**total.result, "reasons": {code: 1}}
        total.save()
    with translation.override("fr"):
        what, means = escape(reasons.name(code)), escape(reasons.means(code))
    for path in (f"/chiffres/{figures[BROKEN]}/", "/comptes/non-prouve/", "/communes/trelaze/",
                 "/batiments/trelaze-gymnase/"):  # fmt: skip
        page = _raw(visitor.get(path))
        assert means in page, path
        assert what.lower() in page.lower(), path
        assert "Ce qui le réparerait" in page
    assert f"{what} (1)" in _raw(visitor.get("/comptes/"))
    assert _raw(visitor.get("/comment-nous-comptons/")).count("<dt><strong>") == len(ReasonCode)


def test_a_total_opens_down_to_its_parts_and_names_those_left_out(figures, visitor):
    page = _text(visitor.get(f"/chiffres/{figures[FIGURES['figure of the territory']]}/"))
    assert f"/chiffres/{figures[GAS]}/" in page
    assert f"/chiffres/{figures[BROKEN]}/" in page.split("laissé de côté")[1]


def test_recomputing_gives_the_same_and_tells_what_today_s_readings_say(read_figures, visitor):
    page = _text(visitor.get(f"/chiffres/{read_figures[GAS]}/recalcul/"))
    assert "Le même nombre ressort" in page
    # The seeded home holds this meter's days, but not the weather that its figure rests on.
    assert "Les relevés d’aujourd’hui diffèrent" in page


def test_a_figure_that_was_tampered_with_is_found_out(figures, visitor):
    Figure.objects.filter(pk=figures[GAS]).update(fingerprint="0" * 64)
    assert "Un autre nombre ressort" in _text(visitor.get(f"/chiffres/{figures[GAS]}/recalcul/"))


def test_the_series_downloads_as_the_figure_keeps_it(figures, visitor):
    answer = visitor.get(f"/chiffres/{figures[GAS]}/serie.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    figure = Figure.objects.get(pk=figures[GAS])
    observed = sum(float(row["amount_kWh"]) for row in rows if row["period"] == "reporting")
    assert observed == pytest.approx(figure.observed, rel=1e-9)


def test_readings_download_as_csv_and_parquet(read_figures, visitor):
    page = _text(visitor.get("/donnees/mesures/angers-ecole-des-ponts-gas/gas/"))
    assert "/gas/2024.csv" in page
    assert "/gas/2023.parquet" in page
    assert "/gas/2025.csv" not in page
    answer = visitor.get("/donnees/mesures/angers-ecole-des-ponts-gas/gas/2024.csv")
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0].split(",")[:2] == ["time", "value"]
    assert len(lines) == 1 + 366
    assert "attachment" in answer["Content-Disposition"]
    packed = visitor.get("/donnees/mesures/angers-ecole-des-ponts-gas/gas/2024.parquet")
    assert b"".join(packed.streaming_content)[:4] == b"PAR1"


@pytest.mark.parametrize(
    "path",
    [
        "/communes/nulle-part/",
        "/batiments/nulle-part/",
        "/batiments/angers-mediatheque-heat/",
        "/chiffres/aaaaa-bbbbb/",
        "/chiffres/aaaaa-bbbbb/serie.csv",
        "/donnees/mesures/x/gas/2024.csv",
        "/donnees/mesures/angers-ecole-des-ponts-gas/gas/2024.exe",
        "/donnees/mesures/angers-ecole-des-ponts-gas/gas/99999.csv",
        "/habillage/abc/mitoyen/../settings.py",
    ],
)
def test_what_does_not_exist_says_so_in_words(figures, visitor, path):
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert "Cette page n’existe pas" in answer.content.decode()


def test_names_are_escaped_everywhere(figures, visitor):
    for path in (
        "/communes/behuard/",
        "/batiments/behuard-salle/",
        "/comptes/batiments/",
        "/donnees/communes/behuard/",
    ):
        page = _text(visitor.get(path))
        assert "<b>& co</b>" not in page
        assert "Salle commune" in page


@pytest.mark.parametrize(
    ("typed", "slugs"),
    [
        ("trelaze", {"trelaze"}),
        ("TRÉLAZÉ", {"trelaze"}),
        ("st barthelemy", {"saint-barthelemy-d-anjou"}),
        ("49007", {"angers"}),
        ("12 rue de la Mairie, 49170 Béhuard", {"behuard"}),
        ("zzz", set()),
        ("%", set()),
        ("", set()),
    ],
)
def test_the_search_takes_a_name_a_code_or_an_address(figures, typed, slugs):
    from mitoyen.www.portal.search import find_communes

    assert {commune.slug for commune in find_communes(typed)} == slugs


def test_a_search_that_finds_one_goes_there_and_one_that_finds_none_says_so(figures, visitor):
    assert visitor.get("/communes/?q=trelaze").headers["Location"] == "/communes/trelaze/"
    assert "Aucune commune trouvée pour « &lt;zz&gt; »" in _text(visitor.get("/communes/?q=<zz>"))


def test_the_catalogue_lists_every_datastream_for_programs(figures, visitor):
    content = json.loads(visitor.get("/donnees/catalogue.json").content)
    assert {row["datastream"] for row in content["datastreams"]} == {one.name for one in Datastream.objects.all()}
    assert content["licence"].startswith("https://")


def test_the_audit_heads_are_public(figures, visitor, home):
    audit.record("someone", "test", "thing")
    audit.publish_head()
    (head,) = json.loads(visitor.get("/audit/tetes.json").content)["heads"]
    assert head["number"] == AuditEntry.objects.count()
    assert len(head["hash"]) == 64


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"\x00\xff\xfe",
        b"[" * 100_000,
        b"[1, 2]",
        b'"number"',
        b'{"number": 3}',
        b'{"number": null, "hash": "", "time": ""}',
        b'{"number": Infinity, "hash": "a", "time": "b"}',
        b"9" * 5000,
    ],
)
def test_a_damaged_audit_head_is_told_and_hides_no_other(figures, visitor, home, damage):
    audit.record("someone", "test", "thing")
    today = audit.publish_head()
    (audit.published_folder() / "2001-02-03.json").write_bytes(damage)
    content = json.loads(_text(visitor.get("/audit/tetes.json")))
    assert [head["day"] for head in content["heads"]] == [today.stem]
    (told,) = content["unreadable"]
    assert told["day"] == "2001-02-03"
    assert "son fichier est abîmé" in told["says"]
    assert "its file is damaged" in _text(visitor.get("/en/audit/tetes.json"))


def test_an_audit_head_that_is_no_file_is_told_too(figures, visitor, home):
    (audit.published_folder() / "2001-02-03.json").mkdir(parents=True)
    assert json.loads(_text(visitor.get("/audit/tetes.json")))["unreadable"]


def test_buildings_are_ranked_bad_news_first(figures, visitor):
    page = _text(visitor.get("/comptes/batiments/"))
    assert page.index("Médiathèque du Quai") < page.index("École des Ponts")


def test_a_place_outside_the_territory_is_shown_as_such(figures, visitor):
    Thing.objects.create(slug="elsewhere", name="Ailleurs", kind="building", origin="sample")
    assert "jamais comptés dans ses totaux" in _text(visitor.get("/batiments/elsewhere/"))
    listed = _text(visitor.get("/donnees/"))
    assert listed.index("Échantillons réels") < listed.index("Ailleurs")


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 7),
        ("/communes/", 5),
        ("/communes/angers/", 12),
        ("/batiments/angers-ecole-des-ponts/", 14),
        ("/comptes/", 6),
        ("/comptes/batiments/", 6),
        ("/comptes/non-prouve/", 5),
        ("/donnees/", 8),
        ("/donnees/communes/angers/", 6),
        ("/comment-nous-comptons/", 3),
    ],
)
def test_pages_make_few_queries(figures, visitor, path, most, django_assert_max_num_queries):
    with django_assert_max_num_queries(most):
        visitor.get(path)


def test_queries_do_not_grow_with_what_is_listed(figures, visitor, django_assert_max_num_queries):
    angers = Commune.objects.get(slug="angers")
    for number in range(30):
        Thing.objects.create(slug=f"plus-{number}", name=f"Plus {number}", kind="building", commune=angers)
    with django_assert_max_num_queries(12):
        visitor.get("/communes/angers/")
    with django_assert_max_num_queries(6):
        visitor.get("/comptes/batiments/")


def test_what_could_not_be_proven_comes_first_in_a_commune_and_its_poster_is_near(figures, visitor):
    page = _text(visitor.get("/communes/trelaze/"))
    assert page.index("Ce qui n’a pas pu être prouvé") < page.index("Le bilan de ")
    assert page.index("/communes/trelaze/affiche/") < page.index("Le bilan de ")


def test_a_building_says_what_it_used_and_about_what_it_cost(figures, visitor):
    page = _text(visitor.get("/batiments/angers-ecole-des-ponts/"))
    assert re.search(r"Consommé en 2024 : [\d,]+ [MkG]Wh d’énergie.*, soit environ [\d ]+ € aux prix moyens", page)


def test_prices_and_emission_factors_name_their_source_in_the_page_s_language(figures, visitor):
    french, english = _text(visitor.get("/comptes/")), _text(visitor.get("/en/comptes/"))
    assert "Moyenne indicative" in french
    assert "Indicative average" not in french
    assert "Indicative average" in english


@pytest.mark.parametrize("name", ["prices", "emissions"])
def test_every_built_in_source_and_note_has_its_french(name):
    texts = {text for row in factors.table(name) if not row.own for text in (row.source, row.note) if text}
    assert texts <= words.SOURCES.keys()


@pytest.mark.parametrize(("phone", "told"), [("02 61 91 00 49", True), ("02 41 00 00 00", False)])
def test_contacts_that_are_examples_say_so(figures, visitor, settings, phone, told):
    settings.MITOYEN = {**settings.MITOYEN, "contact_phone": phone, "contact_sms": ""}
    assert ("réservés à la fiction" in _text(visitor.get("/services/"))) == told
