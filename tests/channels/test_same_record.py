"""The same fifty requests, through each channel from outside the product, end in the same fifty records.

Short messages come from a message centre, mails by SMTP, sheets of paper as scans, the web's and the counter's as the
forms that a browser posts, Open311's as an application posts them. But for the code, the times, the channel and who
took it in, nothing may differ.
"""

import io
import json
import random
import re
import uuid
from dataclasses import dataclass

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw

from mitoyen.channels.paper import forms
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.models import PaperForm
from mitoyen.gate.keys import make_key
from mitoyen.ledger import jobs
from mitoyen.manifests.registry import services
from mitoyen.services import codes
from mitoyen.services.enums import Channel
from mitoyen.services.models import Request
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Address, Commune, Street
from mitoyen.territory.register import load_communes
from mitoyen.www.open311 import posting
from tests.channels.mail import conftest as mail
from tests.channels.paper import scans
from tests.channels.sms import conftest as sms
from tests.www.desk.conftest import person

post, mail_installation = mail.post, mail.mail_installation
centre_of_all, centre, sms_settings, bound = sms.centre_of_all, sms.centre, sms.sms_settings, sms.bound

COUNT = 50
CATEGORIES = services.installed()["report_problem"].manifest.question("category").choices
PLACES = ("12 rue Bressigny, Angers", "12 rue de la Gare, Avrillé")
HAPPENS = ("Il est éteint.", "Ça penche, c'est à refaire : 3 fois déjà !", "L'eau coule « un peu » sur 2,5 m.", "Cassé")


@dataclass(frozen=True)
class Script:
    """What one person asks."""

    number: int
    category: str
    place: str
    words: str
    danger: str

    @property
    def form(self):
        """As a browser posts it."""
        return {
            "token": str(uuid.uuid4()),
            "q-category": self.category,
            "q-place": self.place,
            "q-words": self.words,
            "q-danger": self.danger,
            "contact-way": "none",
            "same-request": "other",
        }


def script(number):
    dice = random.Random(number)
    words = f"{dice.choice(HAPPENS)} Demande {number}."
    return Script(number, dice.choice(CATEGORIES), dice.choice(PLACES), words, dice.choice(("yes", "no", "")))


SCRIPTS = [script(number) for number in range(COUNT)]
KEPT = ("service", "version", "language", "category", "commune_id", "longitude", "latitude", "team", "answers")


@pytest.fixture
def territory(db, home):
    """The streets that the installation of the mails has."""
    load_communes()
    for insee, name, key, postcode in (
        ("49007", "Rue Bressigny", "rue bressigny", "49100"),
        ("49007", "Rue de la Gare", "rue gare", "49100"),
        ("49015", "Rue de la Gare", "rue gare", "49240"),
    ):
        at = {"longitude": -0.55, "latitude": 47.46}
        street = Street.objects.create(commune_id=insee, name=name, key=key, postcode=postcode, **at)
        Address.objects.create(street=street, number="12", **at)


@pytest.fixture
def clerk(territory, settings):
    """Someone at the counter, signed in."""
    client = Client()
    someone = person("clerk@example.org", (RoleName.COUNTER_CLERK, Commune.objects.get(slug="angers")))
    client.force_login(someone, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def record(request):
    return {name: getattr(request, name) for name in KEPT}


def records(channel):
    """The records of a channel in the order in which they were handed in."""
    return [record(one) for one in Request.objects.filter(channel=channel).order_by("pk")]


def expected():
    """What the web's form makes of the scripts: the others are compared with it."""
    for one in SCRIPTS:
        # Each from an address of its own: fifty from one would be too many within the hour.
        answer = Client(REMOTE_ADDR=f"192.0.2.{one.number}").post("/services/report_problem/", one.form)
        assert answer.status_code == 302, answer.content.decode()
    made = records(Channel.WEB)
    assert len(made) == COUNT
    for one, kept in zip(SCRIPTS, made, strict=True):
        assert (kept["category"], kept["answers"]["words"]) == (one.category, one.words)
        assert kept["commune_id"] == ("49007" if "Angers" in one.place else "49015")
    return made


@pytest.mark.parametrize(("canal", "channel"), [("guichet", Channel.COUNTER), ("telephone", Channel.PHONE)])
def test_at_the_counter_and_on_the_phone(clerk, canal, channel):
    wanted = expected()
    address = reverse("desk:counter-form", args=["report_problem"])
    for one in SCRIPTS:
        assert clerk.post(address, {**one.form, "canal": canal}).status_code == 302
    assert records(channel) == wanted


def test_by_sms(territory, bound):
    wanted = expected()
    danger = {"yes": "1", "no": "2", "": "0"}
    for one in SCRIPTS:
        number = f"336123400{one.number:02}"
        category = str(CATEGORIES.index(one.category) + 1)
        for text in ("SIGNALER", category, one.place, one.words, danger[one.danger]):
            bound.say(text, number)
        before = Request.objects.count()
        bound.centre.deliver(number, "OUI")
        bound.until(lambda before=before: Request.objects.count() > before)
    assert records(Channel.SMS) == wanted


def test_by_mail(territory, post):
    wanted = expected()
    service = services.installed()["report_problem"]
    danger = {"yes": "\nEst-ce dangereux ? oui", "no": "\nEst-ce dangereux ? non", "": ""}
    for one in SCRIPTS:
        sender = f"personne{one.number}@exemple.fr"
        words = (
            f"De quoi s’agit-il ? {service.text(f'choices.category.{one.category}', 'fr')}\n"
            f"Où est-ce ? {one.place}\nQue se passe-t-il ? {one.words}{danger[one.danger]}\n"
        )
        assert post.send(mail.letter(words, sender=sender), envelope_from=sender).startswith("250")
    rows = post.query(
        f"SELECT {', '.join(KEPT)} FROM services_request "
        "WHERE channel = 'mail' AND answers LIKE '%Demande%' ORDER BY id"
    )
    made = [dict(zip(KEPT, row, strict=True)) for row in rows]
    for one in made:
        one["answers"] = json.loads(one["answers"])
    assert made == wanted


def test_by_open311(territory, home):
    wanted = expected()
    key = make_key(home / posting.KEYS, "app")
    for one in SCRIPTS:
        fields = {
            "api_key": key,
            "service_code": f"report_problem-{one.category}",
            "address_string": one.place,
            "description": one.words,
            **({"attribute[danger]": one.danger} if one.danger else {}),
        }
        answer = Client().post("/open311/v2/requests.json", fields)
        assert answer.status_code == 200, answer.content.decode()
    assert records(Channel.OPEN311) == wanted


def ticked(paper, boxes, dice):
    """A printed page with a cross in each of these boxes."""
    ink = Image.new("L", paper.size, 0)
    draw = ImageDraw.Draw(ink)
    for box in boxes:
        scans.MARKS["cross"](draw, box, 0.6 * scans.PX, dice)
    return Image.composite(Image.new("L", paper.size, 40), paper, ink)


def scanned(form, one):
    """A sheet that someone filled with a pen, scanned at 200 dpi: its number and the file."""
    number, dice = codes.new_code(), random.Random(one.number)
    pdf = forms.drawn(form, [number])
    wanted = {("category", one.category), ("danger", one.danger)}
    pages = []
    for at, page in enumerate(form.pages):
        chosen = [box for box in page.boxes if (box.question, box.choice) in wanted]
        sheet = ticked(scans.page_of(pdf, at), chosen, dice)
        small = sheet.resize((sheet.width * 2 // 3, sheet.height * 2 // 3)).rotate(dice.uniform(-4, 4), fillcolor=255)
        pages.append(small.convert("L"))
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return number, out.getvalue()


@pytest.mark.parametrize("count", [4, pytest.param(COUNT, marks=pytest.mark.long)])
def test_on_paper(clerk, count):
    wanted = expected()[:count]
    form = compose(services.installed()["report_problem"], "fr")
    for one in SCRIPTS[:count]:
        number, content = scanned(form, one)
        clerk.post(reverse("desk:paper"), {"scans": SimpleUploadedFile("scan.pdf", content)})
        while jobs.work_once():
            pass
        sheet = PaperForm.objects.get(number=number)
        address = reverse("desk:paper-form", args=[sheet.pk])
        page = clerk.get(address).content.decode()
        # What the clerk posts: the boxes as the page shows them read, and the words that they typed from the crops.
        read = dict(re.findall(r'name="(q-(?:category|danger))" value="([^"]*)" checked', page))
        typed = {name: value for name, value in one.form.items() if name not in ("q-category", "q-danger")}
        today = timezone.localdate().isoformat()
        done = clerk.post(address, {**typed, **read, "arrived": today})
        assert done.status_code == 302, done.content.decode()
    assert records(Channel.PAPER) == wanted
