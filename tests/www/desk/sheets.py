"""Paper that lies at the desk: a form that was read, a batch of letters, a call to make."""

import hashlib
import io
from functools import cache

from PIL import Image

from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.models import LetterBatch, PaperForm, PrintedLayout, Sheet, picture_path
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.manifests.registry import services
from mitoyen.services import codes

CLERK = "clerk@example.org"


@cache
def blank_page():
    out = io.BytesIO()
    Image.new("L", (1680, 2376), 250).save(out, "JPEG")
    return out.getvalue()


def sheet_form(ticked=(("category", "road"),), unsure=(), written=(("place", ""), ("words", "")), **more):
    """A form of "report a problem" as the reader would have kept it, brought in by the clerk of Angers."""
    layout = compose(services.installed()["report_problem"], "fr")
    PrintedLayout.keep(layout)
    number = more.pop("number", "") or codes.new_code()
    form = PaperForm.objects.create(
        service="report_problem", version=layout.version, language="fr", digest=layout.digest, number=number,
        by=CLERK, commune="49007", **more,
    )  # fmt: skip
    digest = hashlib.sha256(blank_page()).hexdigest()
    path = picture_path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(blank_page())
    for number, page in enumerate(layout.pages, 1):
        boxes = [
            {
                "question": box.question, "choice": box.choice, "fill": 0.3, "confidence": 1.0,
                "verdict": "ticked" if (box.question, box.choice) in ticked
                else "unsure" if (box.question, box.choice) in unsure else "empty",
            }
            for box in page.boxes
        ]  # fmt: skip
        zones = [
            {
                "question": zone.question, "part": zone.part, "ink_mm2": 9.0, "confidence": 1.0,
                "verdict": "written" if (zone.question, zone.part) in written else "empty",
            }
            for zone in page.zones
        ]  # fmt: skip
        Sheet.objects.create(form=form, page=number, picture=digest, reading={"boxes": boxes, "zones": zones})
    return form


def letter(demand, key="letter:1", **more):
    """A letter about a request that waits."""
    told = {"name": "Marie Dupont", "subject": "Votre demande", "about": f"request:{demand.code}", **more}
    return outbox.put(NoticeWay.LETTER, "3 rue des Ponts\n49000 Angers", "Le trou est bouché.", key=key, **told)


def letters(demand):
    """Such a letter, printed by someone else of the commune."""
    batch = LetterBatch.objects.create(by="colleague@example.org")
    outbox.claim(letter(demand))
    Notice.objects.filter(key="letter:1").update(reference=batch.reference)
    return batch


def call(demand, key="call:1"):
    """A call about a request."""
    return outbox.put(
        NoticeWay.PHONE, "+33241000000", "Le trou est bouché.", key=key, name="Jean Petit", subject="Votre demande",
        about=f"request:{demand.code}",
    )  # fmt: skip
