"""Draws forms from their layout: as many numbered copies as asked for, in one PDF."""

from collections.abc import Iterator, Sequence

from django.utils import translation
from django.utils.translation import gettext as _

from mitoyen.channels.paper import identity, layout, typesetting
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.identity import Identity
from mitoyen.channels.paper.layout import Layout, Page
from mitoyen.channels.paper.models import PrintedLayout
from mitoyen.channels.paper.typesetting import quoted
from mitoyen.manifests.load import Service
from mitoyen.services import codes

MOST_COPIES = 1000


def printed(service: Service, language: str, *, large: bool = False, copies: int = 1) -> bytes:
    """A PDF of so many copies, each with a number of its own; the layout is kept, so that they can be read for ever."""
    made = compose(service, language, large)
    PrintedLayout.keep(made)
    return drawn(made, [codes.new_code() for _copy in range(copies)])


def drawn(form: Layout, numbers: Sequence[str]) -> bytes:
    """The PDF of the copies with these numbers."""
    with translation.override(form.language):
        return typesetting.pdf(source(form, numbers))


def source(form: Layout, numbers: Sequence[str]) -> str:
    """The form in Typst: each page is a function of the copy's number and its code."""
    lines = [typesetting.preamble(form.title, form.language)]
    for at, page in enumerate(form.pages):
        lines += [f"#let page{at}(number, code) = {{", *_page(form, page), "}"]
    for copy, number in enumerate(numbers):
        for at in range(len(form.pages)):
            if copy or at:
                lines.append("#pagebreak()")
            lines.append(f"#page{at}({quoted(codes.shown(number))}, {quoted(_code(form, at + 1, number))})")
    return "\n".join(lines)


def _code(form: Layout, page: int, number: str) -> str:
    named = Identity(form.service, form.version, form.language, form.large, form.digest, page, number)
    return identity.drawing(named)


def _page(form: Layout, page: Page) -> Iterator[str]:
    x, y = form.code_at
    half = form.mark_side / 2
    for left, top in form.marks:
        yield _shape(
            left - half, top - half, f"rect(width: {form.mark_side}mm, height: {form.mark_side}mm, fill: black)"
        )
    for words in page.words:
        yield _words(words)
    alternative = quoted(_("Code for the machine that reads this form"))
    picture = f'image(bytes(code), format: "svg", width: {form.code_side}mm, alt: {alternative})'
    yield f"at({x}, {y}, {form.code_side}, {picture})"
    for box in page.boxes:
        # The line lies inside the side that the layout names.
        side = box.side - LINE_MM
        yield _shape(
            box.x + LINE_MM / 2, box.y + LINE_MM / 2, f"rect(width: {side}mm, height: {side}mm, stroke: {LINE_MM}mm)"
        )
    for zone in page.zones:
        yield _shape(zone.x, zone.y, f"rect(width: {zone.width}mm, height: {zone.height}mm, stroke: 0.3mm)")
        for rule in zone.rules:
            yield _shape(
                zone.x + 2,
                rule,
                f'line(length: {zone.width - 4}mm, stroke: (paint: luma(150), thickness: 0.2mm, dash: "dotted"))',
            )
    for cut in page.cuts:
        yield _shape(
            layout.LEFT,
            cut,
            f'line(length: {layout.RIGHT - layout.LEFT}mm, stroke: (thickness: 0.3mm, dash: "dashed"))',
        )


LINE_MM = 0.4


def _shape(x: float, y: float, shape: str) -> str:
    return f"place(top + left, dx: {x:.2f}mm, dy: {y:.2f}mm, {shape})"


def _words(words: layout.Words) -> str:
    parts = [quoted(part) for part in words.text.split(layout.NUMBER)]
    text = " + number + ".join(parts)
    weight = '"bold"' if words.bold else '"regular"'
    body = f"text(size: {words.pt}pt, weight: {weight}, {text})"
    body = f"heading(level: {words.level}, {body})" if words.level else f"par({body})"
    return f"at({words.x:.2f}, {words.y:.2f}, {words.width:.2f}, {body})"
