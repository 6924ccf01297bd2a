"""A label as a tagged PDF, A6 or A5: the same words as its page, and a code that opens it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pypdfium2
import zxingcpp
from django.utils import translation
from django.utils.translation import gettext as _

from mitoyen.channels.paper import typesetting
from mitoyen.channels.paper.typesetting import quoted
from mitoyen.www.portal import label_pictograms

A6_WIDTH = 105.0
SHARES = (1.0, 0.95, 0.9, 0.85)
STANDARD = "Digital Trust for Places and Routines"


class Line(Protocol):
    """One question and its answer, with the category of its pictogram."""

    @property
    def category(self) -> str: ...

    @property
    def question(self) -> str: ...

    @property
    def answer(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What is printed: the kind of thing, whose it is, the lines, the address of the page; of one object, its place."""

    title: str
    territory: str
    parts: Sequence[Line]
    address: str
    place: str = ""


def label(told: Told, size: tuple[float, float], language: str) -> bytes:
    """The PDF, of a size in mm. Letters of 9 points on A6, larger on A5; a little smaller where it takes one page."""
    with translation.override(language):
        for share in SHARES:
            made = typesetting.pdf("\n".join(_source(told, size, language, share)))
            if len(pypdfium2.PdfDocument(made)) == 1:
                break
        return made


def code(address: str) -> str:
    """A QR code of an address, with its quiet zone, as an SVG: what any telephone opens."""
    symbol = zxingcpp.create_barcode(address, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    dots = np.asarray(symbol.to_image(scale=1, add_quiet_zones=True))
    side = dots.shape[0]
    squares = "".join(f"M{x} {y}h1v1h-1z" for y, x in np.argwhere(dots < 128).tolist())
    ground = f'<rect width="{side}" height="{side}" fill="#fff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}">{ground}<path d="{squares}"/></svg>'


def _source(told: Told, size: tuple[float, float], language: str, share: float) -> Iterator[str]:
    width, height = size
    scale = share * width / A6_WIDTH
    title = _("%(title)s: what is measured here") % {"title": told.title}
    yield typesetting.preamble(title, language, width=width, height=height, pt=9 * scale)
    yield f"#set page(margin: {7 * scale}mm)"
    yield f"#set par(leading: 0.25em, spacing: {1.2 * scale}mm)"
    yield f"#show heading.where(level: 1): it => block(below: {3 * scale}mm, text(size: {15 * scale}pt, it.body))"
    small = f"block(above: 0mm, below: {0.6 * scale}mm, text(size: {10 * scale}pt, it.body))"
    yield f"#show heading.where(level: 2): it => {small}"
    yield f"#par(text(size: {8 * scale}pt, {quoted(told.territory)}))"
    yield f"#heading(level: 1, {quoted(title)})"
    if told.place:
        yield f'#par(text(size: {9 * scale}pt, weight: "bold", {quoted(told.place)}))'
    for part in told.parts:
        picture = _image(label_pictograms.svg(part.category, "#000"), 10 * scale, "")
        words = f"[#heading(level: 2, {quoted(part.question)})\n#par({quoted(part.answer)})]"
        columns = f"columns: ({10 * scale}mm, 1fr), column-gutter: {3 * scale}mm"
        yield f"#block(below: {2.4 * scale}mm, grid({columns}, pdf.artifact({picture}), {words}))"
    says = _("A code: it opens %(address)s") % {"address": told.address}
    reads = _("The same on line, in other languages, larger: %(address)s") % {"address": told.address}
    standard = _("The drawings are ours, sorted as in %(standard)s.") % {"standard": STANDARD}
    columns = f"columns: ({24 * scale}mm, 1fr), column-gutter: {3 * scale}mm, align: horizon"
    words = f"[#par({quoted(reads)})\n#par(text(size: {7 * scale}pt, {quoted(standard)}))]"
    yield f"#v(1fr)\n#block(grid({columns}, {_image(code(told.address), 24 * scale, says)}, {words}))"


def _image(svg: str, side: float, alternative: str) -> str:
    return f'image(bytes({quoted(svg)}), format: "svg", width: {side}mm, alt: {quoted(alternative)})'
