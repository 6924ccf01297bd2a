"""Scans back into forms: generated scans, pages in any order, hostile files. Nothing wrong is ever called sure."""

import io
import random
import struct
import time
import zlib

import pytest
from PIL import Image, ImageDraw

from mitoyen.channels.paper import doubts, forms, reading, rendering, report
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.enums import Verdict
from mitoyen.manifests.registry import services
from mitoyen.services import codes
from tests.channels.paper import corpus, scans

pytestmark = pytest.mark.django_db


def test_thirty_scans_are_read_and_nothing_wrong_is_sure():
    whole, by_kind = corpus.score(range(30))
    assert whole.wrong == []
    assert whole.unread == []
    assert all(score.pages == 5 for score in by_kind.values())
    assert whole.right >= 0.97


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_two_hundred_scans_are_read():
    whole, _by_kind = corpus.score(range(200))
    assert whole.pages == 200
    assert whole.wrong == []
    assert whole.right >= 0.99


def copies(name, count=1, large=False):
    """A form and its filled pages as scans: {(copy, page): Filled}, and the numbers of the copies."""
    form = compose(services.installed()[name], "fr", large)
    numbers = [codes.new_code() for _copy in range(count)]
    pdf = forms.drawn(form, numbers)
    made = {}
    for copy in range(count):
        for at, page in enumerate(form.pages):
            paper = scans.page_of(pdf, copy * len(form.pages) + at)
            made[copy, at + 1] = scans.scan(paper, page, at + 1, seed=7 + copy * 6 + at)
    return form, numbers, made


def test_pages_of_several_forms_in_any_order_and_several_files(tmp_path):
    form, numbers, made = copies("report_problem", 2)
    order = list(made)
    random.Random(3).shuffle(order)
    white = Image.new("L", (1654, 2339), 255)
    pictures = [made[key].picture for key in order]
    files = [
        scans.saved([pictures[0], white, pictures[1]], tmp_path / "one.pdf"),
        scans.saved(pictures[2:], tmp_path / "two.tiff"),
    ]
    content = report.told(reading.read_files(files), tmp_path / "crops")
    assert [(one["file"], one["page"], one["code"]) for one in content["unread"]] == [("one.pdf", 2, "no_code")]
    assert {one["number"] for one in content["forms"]} == set(numbers)
    for one in content["forms"]:
        assert (one["service"], one["missing"]) == ("report_problem", [])
        assert [page["page"] for page in one["pages"]] == [1, 2]
        copy = numbers.index(one["number"])
        for page in one["pages"]:
            truth = made[copy, page["page"]]
            assert len(page["boxes"]) == len(form.pages[page["page"] - 1].boxes)
            for box in page["boxes"]:
                key = (box["question"], box["choice"])
                if box["verdict"] in (Verdict.TICKED, Verdict.EMPTY):
                    assert (box["verdict"] == Verdict.TICKED) == (key in truth.ticked)
            for zone in page["zones"]:
                assert (zone["verdict"] == "empty") == ((zone["question"], zone["part"]) not in truth.written)
                assert ("crop" in zone) == (zone["verdict"] != "empty")
    assert len(list((tmp_path / "crops").glob("*.png"))) == sum(len(one.written) for one in made.values())


def test_the_same_page_twice_is_another_form_and_a_missing_page_is_named(tmp_path):
    _form, numbers, made = copies("report_problem")
    file = scans.saved([made[0, 1].picture, made[0, 1].picture], tmp_path / "twice.tiff")
    content = report.told(reading.read_files([file]))
    assert [(one["number"], one["missing"]) for one in content["forms"]] == [(numbers[0], [2])] * 2


def test_a_page_that_is_cut_or_covered_is_never_sure_of_what_is_gone():
    form, _numbers, made = copies("report_problem")
    picture = made[0, 1].picture
    for cover in (255, 0, 128):
        covered = picture.copy()
        # Whatever its turn, the middle of this page holds the boxes' right column or the zones.
        middle = picture.width // 2, picture.height // 2
        covered.paste(cover, (0, middle[1], picture.width, picture.height))
        read = reading.read_picture(covered, reading.Layouts())
        if isinstance(read, reading.Unread):
            assert read.code in ("no_code", "not_straight")
            continue
        for box in read.boxes:
            key = (box.box.question, box.box.choice)
            sure = box.verdict in (Verdict.TICKED, Verdict.EMPTY)
            assert not sure or (box.verdict == Verdict.TICKED) == (key in made[0, 1].ticked)
        lost = [zone for zone in read.zones if zone.zone.question == "words"]
        assert lost[0].verdict == Verdict.UNSURE
    assert form.pages[0].boxes


@pytest.mark.parametrize("how", ["ring", "beside", "dot", "faint", "half erased", "line through its edge"])
def test_a_mark_that_is_no_clear_tick_is_never_called_empty_or_ticked_for_sure(how):
    form = compose(services.installed()["be_told"], "fr")
    paper = scans.page_of(forms.drawn(form, [codes.new_code()]), 0)
    draw, px = ImageDraw.Draw(paper), scans.PX
    boxes = [box for box in form.pages[0].boxes if box.question == "topics"]
    left, top, side = boxes[0].x * px, boxes[0].y * px, boxes[0].side * px
    right, bottom, width = left + side, top + side, round(0.5 * px)
    if how == "ring":
        draw.ellipse([left - 1.2 * px, top - 1.2 * px, right + 1.2 * px, bottom + 1.2 * px], outline=40, width=width)
    elif how == "beside":
        for ends in ((0.3, 1, 2.2, 4), (2.2, 1, 0.3, 4)):
            x0, y0, x1, y1 = (value * px for value in ends)
            draw.line([left - x1, top + y0, left - x0, top + y1], fill=40, width=width)
    elif how == "dot":
        draw.ellipse([left + 2 * px, top + 2 * px, left + 2.7 * px, top + 2.7 * px], fill=40)
    elif how in ("faint", "half erased"):
        level = 232 if how == "faint" else 215
        draw.line([left + px / 2, top + px / 2, right - px / 2, bottom - px / 2], fill=level, width=width)
        draw.line([right - px / 2, top + px / 2, left + px / 2, bottom - px / 2], fill=level, width=width)
    else:
        draw.line([left - 4 * px, bottom - 0.9 * px, right + 4 * px, bottom - 0.9 * px], fill=40, width=width)
    read = reading.read_picture(paper.resize((1654, 2339)), reading.Layouts())
    assert isinstance(read, reading.ReadPage)
    first, *others = read.boxes[: len(boxes)]
    assert first.verdict == Verdict.UNSURE, (first, how)
    assert {box.verdict for box in others} == {Verdict.EMPTY}


def test_what_a_human_must_decide():
    ticked, empty, unsure, struck = Verdict.TICKED, Verdict.EMPTY, Verdict.UNSURE, Verdict.STRUCK
    told = lambda *marks: doubts.questions("report_problem", marks)  # noqa: E731
    assert told(("category", "road", ticked), ("category", "water", empty)) == set()
    assert told(("category", "road", empty), ("category", "water", empty)) == {"category"}
    assert told(("category", "road", ticked), ("category", "water", ticked)) == {"category"}
    assert told(("category", "road", ticked), ("category", "water", struck)) == {"category"}
    assert told(("danger", "yes", empty), ("danger", "no", empty)) == set()
    assert told(("danger", "yes", unsure), ("danger", "no", empty)) == {"danger"}
    both = (("topics", "flood", ticked), ("topics", "works", ticked))
    assert doubts.questions("be_told", both) == set()
    assert doubts.questions("be_told", [*both, ("-contact", "sms", empty)]) == {"-contact"}


def unread(file):
    """What could not be read of a file that holds nothing else."""
    found = list(reading.read_files([file]))
    assert all(isinstance(one, reading.Unread) for one in found)
    return [one for one in found if isinstance(one, reading.Unread)]


def bomb():
    """A PNG of 60,000 by 60,000 points in a few kilobytes."""
    raw = zlib.compress(b"\0" * 1_000_000)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", raw) + chunk(b"IEND", b"")


def huge_page():
    """A PDF whose page is 5 m wide."""
    pdf = io.BytesIO()
    Image.new("L", (700, 700), 255).save(pdf, "PDF", resolution=3.5)
    return pdf.getvalue()


def truncated():
    out = io.BytesIO()
    noise = Image.effect_noise((1654, 2339), 80)
    noise.save(out, "TIFF", save_all=True, append_images=[noise])
    return out.getvalue()[: len(out.getvalue()) // 2]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "no_picture"),
        (b"not a picture", "no_picture"),
        (b"%PDF-1.7 nothing in it", "no_picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "no_picture"),
        (b"GIF89a" + b"\0" * 200, "no_picture"),
        (bomb(), "too_large"),
        (huge_page(), "too_large"),
        (truncated(), "no_picture"),
    ],
    ids=["empty", "text", "bad pdf", "bad png", "gif", "bomb", "huge page", "truncated"],
)
def test_a_hostile_file_is_said_to_be_unreadable(tmp_path, content, code):
    file = tmp_path / "file"
    file.write_bytes(content)
    started = time.monotonic()
    read = unread(file)
    assert time.monotonic() - started < 30
    assert code in [one.code for one in read]
    assert all(one.why for one in read)


def test_a_file_that_takes_for_ever_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(rendering, "SECONDS", 0.01)
    file = scans.saved([Image.new("L", (1654, 2339), 255)], tmp_path / "slow.pdf")
    assert [one.code for one in unread(file)] == ["took_too_long"]


def test_pages_beyond_the_limit_are_said_not_read(tmp_path, monkeypatch):
    """The limit is read by the child process: the real one, with a small page."""
    page = Image.new("1", (420, 420), 1)
    file = scans.saved([page] * (rendering.MOST_PAGES + 3), tmp_path / "many.tiff")
    read = unread(file)
    assert len(read) == rendering.MOST_PAGES + 1
    assert read[-1].code == "too_many_pages"


def test_a_page_held_sideways_or_colourful_or_transparent(tmp_path):
    """Colour, transparency, a palette and the camera's own turn are all read as the page they show."""
    form = compose(services.installed()["my_data"], "fr")
    paper = scans.page_of(forms.drawn(form, [codes.new_code()]), 0).resize((1654, 2339))
    yellow = Image.merge("RGB", (paper, paper, paper.point(lambda value: value * 3 // 4)))
    clear = yellow.convert("RGBA")
    clear.putalpha(paper.point(lambda value: 255 - value))
    held = paper.rotate(90, expand=True)
    exif = held.getexif()
    exif[0x0112] = 6
    for name, picture, more in (
        ("colour.jpg", yellow, {}),
        ("clear.png", clear, {}),
        ("palette.png", yellow.quantize(32), {}),
        ("sixteen.png", paper.convert("I").point(lambda value: value * 257).convert("I;16"), {}),
        ("held.jpg", held, {"exif": exif}),
    ):
        picture.save(tmp_path / name, **more)
        (read,) = reading.read_files([tmp_path / name])
        assert isinstance(read, reading.ReadPage), name
        assert {box.verdict for box in read.boxes} == {Verdict.EMPTY}, name
        assert {zone.verdict for zone in read.zones} == {Verdict.EMPTY}, name
