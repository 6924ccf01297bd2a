"""A form that a generated person filled with a pen and that was scanned: read, it waits for the clerk's word."""

import hashlib
import io
import random

import pypdfium2
from django.conf import settings
from django.utils.translation import override
from PIL import Image, ImageDraw

from mitoyen.channels.paper import forms, intake
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.layout import Box, Layout
from mitoyen.channels.paper.models import Scan
from mitoyen.manifests.registry import services
from mitoyen.services import codes

NAME = "demo-scan.pdf"
BY = "mitoyen demo"
DPI = 200
PX = DPI / 25.4
TICKED = {("category", "lighting"), ("danger", "no")}
WRITTEN = "Un ordinateur a tenu ce stylo."


def make(seed: int, commune: str) -> bool:
    """Make the scan once, and read it as the desk of a commune would; whether it was made now."""
    if Scan.objects.filter(name=NAME).exists():
        return False
    with override("fr"):
        form = compose(services.installed()["report_problem"], "fr")
        content = _scanned(form, random.Random(seed))
        path = settings.MITOYEN_HOME / "staging" / NAME
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        scan = Scan.objects.create(name=NAME, path=NAME, sha256=digest, size=len(content), by=BY, commune=commune)
        intake.read(scan)
    return True


def _scanned(form: Layout, dice: random.Random) -> bytes:
    """The form printed, filled and laid a little askew on the glass."""
    document = pypdfium2.PdfDocument(forms.drawn(form, [codes.new_code()]))
    pages = []
    for at, page in enumerate(form.pages):
        sheet = document[at].render(scale=DPI / 72, grayscale=True).to_pil().convert("L")
        pen = ImageDraw.Draw(sheet)
        for box in page.boxes:
            if (box.question, box.choice) in TICKED:
                _cross(pen, box, dice)
        for zone in page.zones:
            if zone.question == "words" and not zone.part:
                pen.text(((zone.x + 3) * PX, (zone.y + 3) * PX), WRITTEN, fill=60, font_size=30)
        pages.append(sheet.rotate(dice.uniform(-2, 2), resample=Image.Resampling.BICUBIC, fillcolor=252))
    document.close()
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=DPI)
    return out.getvalue()


def _cross(pen: ImageDraw.ImageDraw, box: Box, dice: random.Random) -> None:
    left, top, side = box.x * PX, box.y * PX, box.side * PX

    def shaken(x: float, y: float) -> tuple[float, float]:
        return x + dice.uniform(-4, 4), y + dice.uniform(-4, 4)

    for start, end in (((0, 0), (side, side)), ((side, 0), (0, side))):
        ends = [shaken(left + start[0], top + start[1]), shaken(left + end[0], top + end[1])]
        pen.line(ends, fill=50, width=5)
