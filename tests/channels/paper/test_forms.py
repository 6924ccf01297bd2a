"""Printed forms: PDF/UA in both languages and sizes, everything within the page, read back as they were printed."""

import re
from itertools import combinations

import pypdfium2
import pytest
from PIL import Image

from mitoyen.channels.paper import forms, identity, layout, reading, wrapping
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.identity import Identity
from mitoyen.channels.paper.layout import LEFT, RIGHT
from mitoyen.channels.paper.models import PrintedLayout
from mitoyen.manifests.registry import services
from mitoyen.services import codes
from tests.channels.paper import scans

NAMES = ("be_told", "digital_help", "judge_service", "my_data", "propose_idea", "report_problem")
EVERY = [(name, language, large) for name in NAMES for language in ("fr", "en") for large in (False, True)]


def made(name="report_problem", language="fr", large=False):
    return compose(services.installed()[name], language, large)


def text_of(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


@pytest.mark.parametrize(("name", "language", "large"), EVERY)
def test_every_form_is_a_tagged_pdf_that_says_everything(name, language, large):
    form = made(name, language, large)
    pdf = forms.drawn(form, ["23456789A"])
    assert b"pdfuaid:part" in pdf
    assert b"/MarkInfo" in pdf
    pages = text_of(pdf)
    assert len(pages) == len(form.pages)
    said = _flat(" ".join(pages))
    service = services.installed()[name]
    for question in service.manifest.questions:
        if question.type != "photo":
            assert _flat(service.text(f"questions.{question.name}.label", language)) in said
        for choice in question.choices:
            assert _flat(service.text(f"choices.{question.name}.{choice}", language)) in said
    assert "234-567-89A" in said
    for data in service.manifest.data:
        assert data.what == "photos" or str(data.months) in said


@pytest.mark.parametrize(("name", "language", "large"), EVERY)
def test_nothing_leaves_its_page_or_touches_something_else(name, language, large):
    form = made(name, language, large)
    for page in form.pages:
        for words in page.words:
            assert words.pt >= (16 if large and words.text != "\ue000" else 12)
            assert words.y + wrapping.height_mm(words.lines, words.pt) <= 290
        rectangles = [(box.x, box.y, box.side, box.side) for box in page.boxes]
        rectangles += [(zone.x, zone.y, zone.width, zone.height) for zone in page.zones]
        rectangles += [(w.x, w.y, 1, wrapping.height_mm(w.lines, w.pt) - 1) for w in page.words]
        rectangles.append((*form.code_at, form.code_side, form.code_side))
        for x, y, width, height in rectangles:
            assert x >= LEFT - 0.01
            assert x + width <= RIGHT + 0.01
            assert y >= 10
            assert y + height <= 290
        for (x, y, w, h), (x2, y2, w2, h2) in combinations(rectangles, 2):
            assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y


def test_the_printed_words_stay_within_the_lines_they_were_given():
    """What the page really shows, measured on the PDF: no line of text lies on a box or in a zone."""
    form = made("report_problem", "fr", True)
    document = pypdfium2.PdfDocument(forms.drawn(form, ["23456789A"]))
    try:
        for page, printed in zip(form.pages, document, strict=True):
            text = printed.get_textpage()
            for at in range(text.count_rects()):
                left, bottom, right, top = (value / 72 * 25.4 for value in text.get_rect(at))
                assert right <= RIGHT + 4
                for zone in page.zones:
                    assert 297 - bottom <= zone.y + 0.2 or 297 - top >= zone.y + zone.height - 0.2 or right < zone.x
                for box in page.boxes:
                    beside = left >= box.x + box.side or right <= box.x
                    assert beside or 297 - bottom <= box.y or 297 - top >= box.y + box.side
    finally:
        document.close()


def test_each_copy_has_a_number_of_its_own_and_the_layout_is_kept(db):
    pdf = forms.printed(services.installed()["my_data"], "fr", copies=3)
    numbers = [found for read in _codes(pdf) if (found := identity.read(read))]
    assert [one.page for one in numbers] == [1, 2, 1, 2, 1, 2]
    assert len({one.number for one in numbers}) == 3
    assert PrintedLayout.objects.get().digest == numbers[0].digest
    assert PrintedLayout.objects.get().layout == made("my_data")


def test_the_digest_follows_places_and_not_words():
    french, english = made("my_data", "fr"), made("my_data", "en")
    assert french.pages[0].words != english.pages[0].words
    moved = layout.loaded({**layout.dumped(french), "mark_side": 4.5})
    assert moved.digest != french.digest
    assert layout.loaded(layout.dumped(french)).digest == french.digest


def test_a_code_that_is_not_ours_is_nobodys():
    good = Identity("my_data", "1.0", "fr", False, "0123abcd", 2, codes.new_code())
    assert identity.read(good.text()) == good
    wrong = good.number[:-1] + ("2" if good.number[-1] != "2" else "3")
    for text in ("", "https://example.org", good.text().replace("MY1", "MY2"), good.text().replace(good.number, wrong)):
        assert identity.read(text) is None


def test_hostile_words_are_only_words():
    from mitoyen.channels.paper import typesetting

    text = 'a" + read("/etc/passwd") + "\\ #read("x")\u202e\x00'
    pdf = typesetting.pdf(typesetting.preamble("t", "fr") + f"\n#par({typesetting.quoted(text)})")
    assert 'read("/etc/passwd")' in text_of(pdf)[0]


def test_a_form_printed_before_its_service_changed_is_still_read(db, monkeypatch):
    """What was printed is kept: the reader needs no manifest that still makes the same page."""
    service = services.installed()["my_data"]
    pdf = forms.printed(service, "fr")
    monkeypatch.setattr(reading, "compose", lambda *_any: made("be_told"))
    page = reading.read_picture(Image.open(_saved(scans.page_of(pdf, 0))), reading.Layouts())
    assert isinstance(page, reading.ReadPage)
    PrintedLayout.objects.all().delete()
    gone = reading.read_picture(Image.open(_saved(scans.page_of(pdf, 0))), reading.Layouts())
    assert isinstance(gone, reading.Unread)
    assert gone.code == "unknown_form"


def _flat(text):
    """Without spaces: what a narrow one is drawn as is the font's business."""
    return "".join(text.split())


def _saved(picture):
    import io

    out = io.BytesIO()
    picture.save(out, "PNG")
    return out


def _codes(pdf):
    import zxingcpp

    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            picture = page.render(scale=2, grayscale=True).to_pil()
            yield next(read.text for read in zxingcpp.read_barcodes(picture) if re.match("MY1 ", read.text))
    finally:
        document.close()
