"""The desk in Chromium: axe on every page, the main journeys by keyboard alone, 320 px, and without JavaScript."""

import time

import pytest

from tests.www.desk.test_importing import GOOD

pytestmark = [pytest.mark.browser]

SEED = """
import datetime as dt
import uuid
from mitoyen.history.models import Datastream
from mitoyen.operate.models import Finding
stream = Datastream.objects.select_related("thing__part_of__commune").get(thing__slug="angers-ecole-des-ponts-gas")
site = stream.thing.part_of
for number, rule in enumerate(("heating_closed_hours", "heating_out_of_season")):
    Finding.objects.update_or_create(key=f"buildings/{rule}/desk", defaults=dict(
        rule=rule, thing=site, datastream=stream, commune=site.commune, first=dt.date(2024, 2, 1),
        last=dt.date(2024, 12, 31), amount=20000.0 - number, eur=1800.0 - number, state="new", reason="",
        evidence={"facts": {"percent": 96}, "sure": True}))
from mitoyen.territory.models import Agreement, Partner, Place
place = dict(slug="groupe", name="Groupe scolaire des Ponts", commune=site.commune, address="2 rue des Ponts",
             latitude=47.4711, longitude=-0.5518)
Place.objects.update_or_create(pk=1, defaults=place)
site.place_id = 1
site.save()
partner = dict(slug="reseau", name="Gestionnaire du réseau", kind="gestionnaire de réseau",
               website="https://example.org/une-adresse-assez-longue-pour-un-telephone/")
Partner.objects.update_or_create(pk=1, defaults=partner)
for pk, ends in ((1, None), (2, dt.date(2024, 12, 31))):
    agreement = dict(partner_id=1, purpose="Courbes de charge des bâtiments publics", data="Index et courbes",
                     starts=dt.date(2024, 1, 1), ends=ends)
    Agreement.objects.update_or_create(pk=pk, defaults=agreement)
from mitoyen.services.models import Opening, Venue
venue, _new = Venue.objects.get_or_create(place_id=1, service="digital_help")
Opening.objects.get_or_create(venue=venue, weekday=1, starts=dt.time(9), ends=dt.time(12))
from mitoyen.manifests.registry import services
from mitoyen.services.contacts import Reach
from mitoyen.services.models import Request
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot
spot = Spot("3 rue des Ponts, Angers", "49007", -0.55, 47.47)
reach = Reach("mail", "marie@exemple.fr", "Marie")
def reported(number, words):
    # By tokens of its own, whatever other tests handed in at this server before.
    raw, token = {"category": "road", "words": words}, uuid.UUID(int=number)
    service = services.installed()["report_problem"]
    return receive(Submission(service, "counter", raw, spot=spot, reach=reach, token=token))
reported(1, "Un trou devant le 3.")
reported(2, "Le même trou.")
from mitoyen.services import timeline
from mitoyen.services.erasing import acts
for number, erased in ((3, True), (4, False)):
    if not Request.objects.filter(submission=uuid.UUID(int=number)).exists():
        old = reported(number, "Un vieux trou.")
        timeline.close(old, "Rebouché.", "clerk@example.org")
        Request.objects.filter(pk=old.pk).update(closed_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        if erased:
            acts.erase_due("mitoyen run")
from mitoyen.connect.devices.models import Quarantined, Registration
from tests.www.desk.conftest import registered_device
if not Registration.objects.exists():
    now = dt.datetime.now(dt.UTC)
    today = now.date().toordinal()
    trail = [[today - 40 + day, 90.0 - day] for day in range(40)]
    radio = {"gateway": "gw", "rssi": -90.0}
    registered_device(site, last_seen=now, battery_percent=51.0, battery_trail=trail, frames=900, **radio)
    registered_device(site, "SONDE-2", last_seen=now, silent_since=now)
    Quarantined.objects.create(door="mqtt", reason="nul", content=b"{", sha256="0" * 64, last_at=now)
from mitoyen.connect.devices.models import RegisterImport
if not RegisterImport.objects.exists():
    rows = [
        {"line": 3, "result": "refused", "code": "no_model", "reason": "aucun modèle", "todo": "Écrivez le modèle."},
        {"line": 2, "address": "70b3d500000000aa", "result": "added", "thing": "École", "deployed": ["temperature"]},
    ]
    counts = {"added": 1, "refused": 1, "columns": {"address": "EUI"}}
    RegisterImport.objects.create(name="capteurs.csv", by="officer@example.org", rows=rows, report=counts, path="x")
from mitoyen.channels.paper.models import PaperForm
from tests.www.desk import sheets
if not PaperForm.objects.exists():
    sheets.sheet_form(unsure=(("danger", "yes"),))
    sheets.sheet_form(ticked=(), state="set_aside", why="Feuille vide")
    sheets.letters(Request.objects.first())
    sheets.letter(Request.objects.first(), key="letter:2")
    sheets.call(Request.objects.first())
from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.work.ordering import Asked, open_order
at = dt.datetime(2026, 1, 5, 7, tzinfo=dt.UTC)
for number, level in ((1, "danger"), (2, "warning")):
    Alert.objects.update_or_create(pk=number, defaults=dict(
        key=f"water/leak/{number}", usage="water", rule="leak", thing=site, datastream=stream, commune=site.commune,
        level=level, since=at, opened_at=at + dt.timedelta(hours=number), seen_last=at, people=240, sure=0.95,
        facts={}, state="open", closed_at=None, reason="", decided_by=""))
asked = Asked("Fermer la vanne", site, "Dans la cour.", submission=uuid.UUID(int=9))
open_order(asked, "officer@example.org")
"""
PAGES = (
    "/bureau/",
    "/bureau/maintenant/",
    "/bureau/maintenant/?quoi=2",
    "/bureau/maintenant/me-prevenir/",
    "/bureau/alertes/1/",
    "/bureau/regles/",
    "/bureau/regles/water/leak/",
    "/bureau/travaux/",
    "/bureau/travaux/1/",
    "/bureau/travaux/nouveau/angers-ecole-des-ponts/",
    "/bureau/demandes/",
    "/bureau/demandes/?etat=lire",
    "/bureau/demandes/1/",
    "/bureau/guichet/",
    "/bureau/guichet/report_problem/",
    "/bureau/guichet/digital_help/?canal=telephone",
    "/bureau/guichet/recu/1/",
    "/bureau/papier/",
    "/bureau/papier/1/",
    "/bureau/papier/2/",
    "/bureau/lettres/",
    "/bureau/appels/",
    "/bureau/prevenir/",
    "/bureau/effacement/",
    "/bureau/prevenir/nouveau/",
    "/bureau/equipes/",
    "/bureau/accueils/",
    "/bureau/accueils/1/",
    "/bureau/pistes/",
    "/bureau/importer/",
    "/bureau/lots/",
    "/bureau/batiments/",
    "/bureau/batiments/angers-ecole-des-ponts/",
    "/bureau/batiments/angers-ecole-des-ponts/decrire/",
    "/bureau/batiments/angers-ecole-des-ponts/actions/nouvelle/",
    "/bureau/mesures/angers-ecole-des-ponts-gas/gas/corriger/",
    "/bureau/mesures/angers-ecole-des-ponts-gas/gas/compteur/",
    "/bureau/cles/",
    "/bureau/capteurs/",
    "/bureau/capteurs/silencieux/",
    "/bureau/capteurs/illisibles/",
    "/bureau/capteurs/importer/",
    "/bureau/capteurs/importer/1/",
    "/bureau/capteurs/modeles/",
    "/bureau/capteurs/modeles/acme-probe/",
    "/bureau/capteurs/1/",
    "/bureau/capteurs/1/remplacer/",
    "/bureau/capteurs/1/coefficient/",
    "/bureau/actions/",
    "/bureau/corrections/",
    "/bureau/fermetures/",
    "/bureau/fermetures/nouvelle/",
    "/bureau/lieux/",
    "/bureau/lieux/nouveau/",
    "/bureau/lieux/1/",
    "/bureau/lieux/1/modifier/",
    "/bureau/partenaires/",
    "/bureau/partenaires/nouveau/",
    "/bureau/partenaires/1/",
    "/bureau/partenaires/1/modifier/",
    "/bureau/partenaires/1/conventions/nouvelle/",
    "/bureau/conventions/1/fin/",
    "/bureau/comptes/",
    "/bureau/comptes/nouveau/",
    "/bureau/journal/",
    "/bureau/donnees-personnelles/",
    "/bureau/aide/",
)


@pytest.fixture(scope="module")
def seeded(server):
    server.python(SEED)
    return server


@pytest.fixture
def officer(seeded, open_page):
    """`officer("/bureau/", width=320)` opens a page signed in, by the cookie of a session."""
    key = seeded.python(
        "from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY\n"
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "from mitoyen.territory.models import Person\n"
        "person, session = Person.objects.get(), SessionStore()\n"
        "session[SESSION_KEY], session[HASH_SESSION_KEY] = str(person.pk), person.get_session_auth_hash()\n"
        "session[BACKEND_SESSION_KEY] = 'allauth.account.auth_backends.AuthenticationBackend'\n"
        "session.create()\nprint(session.session_key)"
    ).strip()

    def opened(path, **more):
        page = open_page("/accessibilite/", locale="fr-FR", **more)
        page.context.add_cookies([{"name": "sessionid", "value": key, "url": seeded.url}])
        page.goto(seeded.url + path)
        return page

    return opened


def sideways(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_and_nothing_scrolls_sideways_on_a_phone(officer, axe, scheme):
    page = officer("/bureau/", width=320, scheme=scheme)
    faults = {}
    for path in PAGES:
        page.goto(page.url.split("/bureau")[0] + path)
        found = axe(page)
        if sideways(page) > 0:
            found.append(f"scrolls {sideways(page)} px sideways")
        if found:
            faults[path] = found
    assert faults == {}


def test_axe_finds_no_fault_in_english_on_a_wide_screen(officer, axe):
    page = officer("/en/bureau/")
    assert page.get_by_role("heading", name="What is mine today").is_visible()
    faults = {}
    for path in PAGES:
        page.goto(page.url.split("/en/bureau")[0] + "/en" + path)
        if found := axe(page):
            faults[path] = found
    assert faults == {}


def test_the_list_of_what_was_erased_shows_a_lot_and_what_is_due(officer):
    page = officer("/bureau/effacement/")
    assert page.get_by_text("mitoyen run").first.is_visible()
    page.get_by_role("link", name="Vérifier la preuve").first.click()
    assert page.get_by_text("La preuve tient").is_visible()
    assert page.get_by_role("row", name="Signaler un problème").first.is_visible()


def tab_to(page, name, most=80):
    """Press Tab until the element of this visible name has the focus."""
    for _press in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(() => { const e = document.activeElement; const label = e.labels && e.labels[0];"
            " return ((label ? label.textContent : '') + ' ' + (e.textContent || '')).trim() })()"
        )
        if name in here:
            return
    pytest.fail(f"Tab never reaches {name!r}")


def test_a_finding_is_decided_and_undone_by_keyboard(officer):
    page = officer("/bureau/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**quoi=piste-*")
    tab_to(page, "Remarque")
    page.keyboard.type("Chauffagiste prévenu")
    tab_to(page, "prévu")
    page.keyboard.press("Enter")
    page.wait_for_url("**/pistes/*/")
    assert page.get_by_text("Chauffagiste prévenu").first.is_visible()
    tab_to(page, "Annuler la dernière décision")
    page.keyboard.press("Enter")
    page.locator("#content .state", has_text="nouvelle").first.wait_for()


def test_an_action_is_recorded_by_keyboard(officer):
    page = officer("/bureau/batiments/angers-mediatheque/")
    tab_to(page, "Enregistrer une action")
    page.keyboard.press("Enter")
    page.wait_for_url("**/actions/nouvelle/")
    tab_to(page, "Ce qui a été fait")
    page.keyboard.type("Éclairage en LED")
    tab_to(page, "Coût")
    page.keyboard.type("1200,50")
    tab_to(page, "Enregistrer l’action")
    page.keyboard.press("Enter")
    page.wait_for_selector("#errors")
    assert page.evaluate("document.activeElement.id") == "errors"
    assert page.input_value("#id_title") == "Éclairage en LED"
    page.fill("#id_starts", "2024-05-06")
    tab_to(page, "Enregistrer l’action")
    page.keyboard.press("Enter")
    page.wait_for_url("**/batiments/angers-mediatheque/")
    assert page.locator(".timeline").get_by_text("Éclairage en LED").is_visible()


def test_a_partner_and_its_agreement_are_recorded_and_ended_by_keyboard(officer):
    page = officer("/bureau/partenaires/")
    tab_to(page, "Enregistrer un partenaire")
    page.keyboard.press("Enter")
    page.wait_for_url("**/partenaires/nouveau/")
    tab_to(page, "Nom")
    page.keyboard.type("Alter Énergies")
    page.keyboard.press("Enter")
    page.wait_for_selector(".message--success")
    tab_to(page, "Enregistrer une convention")
    page.keyboard.press("Enter")
    page.wait_for_url("**/conventions/nouvelle/")
    tab_to(page, "Pour quoi faire")
    page.keyboard.type("Publier les relevés")
    tab_to(page, "Enregistrer cette convention")
    page.keyboard.press("Enter")
    page.wait_for_selector("#errors")
    assert page.evaluate("document.activeElement.id") == "errors"
    assert page.input_value("#id_purpose") == "Publier les relevés"
    page.fill("#id_starts", "2024-01-01")
    tab_to(page, "Enregistrer cette convention")
    page.keyboard.press("Enter")
    page.wait_for_url("**/partenaires/*/")
    assert page.get_by_text("en vigueur").is_visible()
    tab_to(page, "Y mettre fin")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fin/")
    page.fill("#id_ends", "2024-06-30")
    tab_to(page, "Garder ce dernier jour")
    page.keyboard.press("Enter")
    page.wait_for_url("**/partenaires/*/")
    assert page.get_by_text("terminée").is_visible()


def test_a_place_is_recorded_and_a_building_put_there_without_javascript_on_a_phone(officer):
    page = officer("/bureau/lieux/nouveau/", width=320, java_script_enabled=False)
    page.fill("#id_name", "Cité des sports")
    page.select_option("#id_commune", "49007")
    page.get_by_role("button", name="Enregistrer ce lieu").click()
    page.wait_for_url("**/lieux/*/")
    page.select_option("#id_thing", "angers-mediatheque")
    page.get_by_role("button", name="L’installer ici").click()
    assert page.get_by_role("link", name="Médiathèque du Quai").is_visible()


def answer_the_rest(page):
    """What such a file may leave open, whatever the reader asks today."""
    for code, reply in (("kind", "delta"), ("tz", "Europe/Paris"), ("stamps", "start")):
        choice = page.locator(f"input[name={code}][value='{reply}']")
        if choice.count():
            choice.check()
    if page.locator("#id_property").count():
        page.select_option("#id_property", "gas")


def import_a_file(page, seeded, tmp_path, name):
    """Choose, answer, confirm, follow: everything but the choice of the file by keyboard."""
    file = tmp_path / "gaz.csv"
    file.write_text(GOOD.replace("/01/2024", "/01/2025"), encoding="utf-8")
    page.set_input_files("#files", file)
    tab_to(page, "Envoyer et voir")
    page.keyboard.press("Enter")
    page.wait_for_url("**/importer/*/")
    page.wait_for_selector("#asked")
    if page.locator("#id_thing").count():
        tab_to(page, "À qui sont ces relevés")
        page.select_option("#id_thing", "+")
        tab_to(page, "Nom du nouveau")
        page.keyboard.type(name)
        page.select_option("#id_commune", "49007")
    answer_the_rest(page)
    tab_to(page, "Relire le fichier")
    page.keyboard.press("Enter")
    page.wait_for_selector("#yes")
    tab_to(page, "Oui, le faire entrer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/importer/*/")


WORK = """
from mitoyen.ledger.jobs import work_once
from mitoyen.ledger.models import Job
Job.objects.exclude(kind="desk.import").delete()
work_once()
"""


def test_a_file_is_imported_and_its_batch_taken_back_by_keyboard(officer, seeded, tmp_path, axe):
    page = officer("/bureau/importer/")
    import_a_file(page, seeded, tmp_path, "Salle des fêtes")
    page.get_by_text("Il attend son tour.").wait_for()
    assert axe(page) == []
    seeded.python(WORK)
    page.wait_for_selector("text=456 relevés sont entrés")
    assert axe(page) == []
    tab_to(page, "Voir ce lot")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lots/*/")
    tab_to(page, "Pourquoi revenez-vous en arrière")
    page.keyboard.type("Mauvais fichier")
    tab_to(page, "Reprendre ce lot")
    page.keyboard.press("Enter")
    page.wait_for_selector(".message--success")
    assert page.get_by_text("Mauvais fichier").is_visible()


def test_the_import_works_without_javascript_on_a_phone(officer, seeded, tmp_path):
    page = officer("/bureau/importer/", width=320, java_script_enabled=False)
    file = tmp_path / "sans-script.csv"
    file.write_text(GOOD, encoding="utf-8")
    page.set_input_files("#files", file)
    page.get_by_role("button", name="Envoyer et voir").click()
    page.wait_for_url("**/importer/*/")
    page.select_option("#id_thing", "+")
    page.fill("#id_new_thing", "Gymnase sans script")
    page.select_option("#id_commune", "49007")
    answer_the_rest(page)
    page.get_by_role("button", name="Relire le fichier").first.click()
    page.get_by_role("button", name="Oui, le faire entrer").click()
    page.wait_for_url("**/importer/*/")
    page.get_by_text("Il attend son tour.").wait_for()
    seeded.python(WORK)
    # The page asks again by itself, after three seconds.
    page.get_by_text("456 relevés sont entrés").wait_for(timeout=15000)


def test_a_file_dropped_anywhere_on_the_page_is_taken(officer):
    page = officer("/bureau/importer/")
    page.evaluate(
        "() => { const carried = new DataTransfer(); carried.items.add(new File(['a;b'], 'depose.csv'));"
        " document.querySelector('h1').dispatchEvent(new DragEvent('drop', {dataTransfer: carried, bubbles: true})) }"
    )
    assert page.locator("p[data-chosen]").text_content() == "Choisis\u00a0: depose.csv"
    assert page.evaluate("document.querySelector('#files').files.length") == 1


def test_a_request_is_taken_in_at_the_counter_by_keyboard_in_under_thirty_seconds(officer):
    """From the choice of the service to the receipt: keys alone, and no more of them than a clerk types in 30 s."""
    page = officer("/bureau/guichet/")
    keys = 0

    def press(*names):
        nonlocal keys
        for name in names:
            page.keyboard.press(name)
            keys += 1

    def type_in(words):
        nonlocal keys
        page.keyboard.type(words)
        keys += len(words)

    page.locator("body").focus()
    press("1")
    page.wait_for_url("**/guichet/report_problem/**")
    assert page.evaluate("document.activeElement.name") == "q-category"
    press("Space", "Tab")
    type_in("Angers")
    press("Tab", "Tab")
    type_in("Lampadaire éteint devant l'école.")
    for _step in range(8):
        if page.evaluate("document.activeElement.type") == "submit":
            break
        press("Tab")
    press("Enter")
    page.wait_for_url("**/guichet/recu/**")
    assert page.inner_text(".code").count("-") == 2
    # A clerk types three keys a second.
    assert keys <= 90


def test_a_scanned_form_is_confirmed_by_keyboard(officer):
    page = officer("/bureau/papier/1/")
    assert page.locator("img.paper-crop").first.is_visible()
    # Pictures load as they come into view.
    page.locator("img.paper-crop").first.scroll_into_view_if_needed()
    seen_by = time.monotonic() + 20
    while page.evaluate("document.querySelector('img.paper-crop').naturalWidth") <= 200:
        assert time.monotonic() < seen_by
        page.wait_for_timeout(50)
    tab_to(page, "Où est-ce")
    page.keyboard.type("3 rue des Ponts")
    tab_to(page, "Commune")
    page.keyboard.type("Angers")
    tab_to(page, "Que se passe-t-il")
    page.keyboard.type("Un trou devant le 3")
    tab_to(page, "Tout est juste")
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("Est-ce dangereux").wait_for()
    tab_to(page, "J’ai regardé\u00a0: Est-ce dangereux")
    page.keyboard.press("Space")
    tab_to(page, "Tout est juste")
    page.keyboard.press("Enter")
    page.wait_for_url("**/guichet/recu/**")
    assert page.get_by_text("Un trou devant le 3").is_visible()
