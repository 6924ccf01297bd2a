"""Makes scans of filled forms, from a seed: pen strokes drawn on the printed page, then what scanners do to it.

Nothing here uses the reader: the page comes from the PDF, the strokes from where the layout printed its boxes.
"""

import io
import math
import random
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from mitoyen.channels.paper.layout import Box

DPI, INK_DPI = 200, 300
PX = INK_DPI / 25.4
KINDS = ("clean", "noisy", "fax", "jpeg", "shadow", "copy")
HOW = ("cross", "cross", "tick", "tick", "filled", "stroke")


@dataclass
class Filled:
    """One page as it was filled: what is really ticked, struck and written, and the grey picture of its scan."""

    page: int
    kind: str
    turn: float
    ticked: set[tuple[str, str]] = field(default_factory=set)
    struck: set[tuple[str, str]] = field(default_factory=set)
    written: set[tuple[str, str]] = field(default_factory=set)
    picture: Image.Image | None = None


def page_of(pdf, at):
    """One page of the PDF (from 0), grey, at the resolution in which the pen draws."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[at].render(scale=INK_DPI / 72, grayscale=True).to_pil().convert("L")
    finally:
        document.close()


def scan(paper, page, number, seed):
    """The scan of one page filled at random; `paper` is its picture as printed, `page` its layout."""
    dice = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    turn = dice.uniform(-10, 10) + (dice.choice((90, 180, 270)) if seed % 5 == 0 else 0)
    made = Filled(number, kind, turn)
    ink = Image.new("L", paper.size, 0)
    _fill(made, ink, page, dice)
    strength = dice.uniform(0.62, 0.95) if kind in ("fax", "copy") else dice.uniform(0.42, 0.95)
    sheet = _accidents(_inked(paper, ink, strength), dice)
    made.picture = _degraded(sheet, kind, turn, dice)
    return made


def saved(pictures, file, dice_seed=0):
    """The pictures as a file of several pages: PDF or TIFF by its ending."""
    first, *others = pictures
    first.save(file, save_all=True, append_images=others, resolution=DPI)
    return file


def _fill(made, ink, page, dice):
    draw = ImageDraw.Draw(ink)
    by_question: dict[str, list[Box]] = {}
    for box in page.boxes:
        by_question.setdefault(box.question, []).append(box)
    for boxes in by_question.values():
        chosen = dice.choice(boxes) if dice.random() < 0.9 else None
        width = dice.uniform(0.35, 0.9) * PX
        for box in boxes:
            key = (box.question, box.choice)
            if box is chosen:
                made.ticked.add(key)
                MARKS[dice.choice(HOW)](draw, box, width, dice)
            elif chosen is not None and dice.random() < 0.04:
                made.struck.add(key)
                _cross(draw, box, width, dice)
                _scribble(draw, box, width, dice)
    for zone in page.zones:
        if dice.random() < 0.7:
            made.written.add((zone.question, zone.part))
            _handwriting(draw, zone, dice)


def _line(draw, points, width, dice):
    """A pen's line: it trembles, and its ends are round."""
    shaken = []
    for (x0, y0), (x1, y1) in pairwise(points):
        steps = max(int(math.hypot(x1 - x0, y1 - y0) / (0.6 * PX)), 2)
        for step in range(steps):
            t = step / steps
            shake = 0.05 * PX
            shaken.append((x0 + (x1 - x0) * t + dice.gauss(0, shake), y0 + (y1 - y0) * t + dice.gauss(0, shake)))
    shaken.append(points[-1])
    draw.line(shaken, fill=255, width=max(round(width), 2), joint="curve")
    for x, y in (shaken[0], shaken[-1]):
        draw.ellipse([x - width / 2, y - width / 2, x + width / 2, y + width / 2], fill=255)


def _corners(box, dice, over):
    """The box's corners in points, each moved by up to `over` mm."""
    jitter = lambda: dice.uniform(-over, over) * PX  # noqa: E731
    left, top, side = box.x * PX, box.y * PX, box.side * PX
    return [
        (left + jitter(), top + jitter()),
        (left + side + jitter(), top + jitter()),
        (left + side + jitter(), top + side + jitter()),
        (left + jitter(), top + side + jitter()),
    ]


def _cross(draw, box, width, dice):
    one, two, three, four = _corners(box, dice, 1.1)
    _line(draw, [one, three], width, dice)
    _line(draw, [two, four], width, dice)


def _tick(draw, box, width, dice):
    left, top, side = box.x * PX, box.y * PX, box.side * PX
    start = (left + side * dice.uniform(0.05, 0.3), top + side * dice.uniform(0.35, 0.6))
    low = (left + side * dice.uniform(0.35, 0.55), top + side * dice.uniform(0.8, 1.1))
    end = (left + side * dice.uniform(0.9, 1.5), top - side * dice.uniform(-0.15, 0.45))
    _line(draw, [start, low, end], width, dice)


def _stroke(draw, box, width, dice):
    one, two, three, four = _corners(box, dice, 0.9)
    _line(draw, [one, three] if dice.random() < 0.5 else [four, two], width, dice)


def _filled(draw, box, width, dice):
    left, top, side = box.x * PX, box.y * PX, box.side * PX
    y, points, right = top + 0.35 * PX, [], True
    while y < top + side - 0.3 * PX:
        ends = [left + 0.35 * PX, left + side - 0.35 * PX]
        points += [(x + dice.gauss(0, 0.15 * PX), y) for x in (ends if right else ends[::-1])]
        y, right = y + width * 0.55, not right
    _line(draw, points, width, dice)


def _scribble(draw, box, width, dice):
    """Over the whole box and beyond, as the form asks."""
    left, top, side = box.x * PX, box.y * PX, box.side * PX
    beyond = dice.uniform(1.2, 2.0) * PX
    y, points, right = top - beyond, [], True
    while y < top + side + beyond:
        ends = [left - beyond, left + side + beyond]
        points += [(x + dice.gauss(0, 0.4 * PX), y + dice.gauss(0, 0.2 * PX)) for x in (ends if right else ends[::-1])]
        y, right = y + width * 0.7, not right
    _line(draw, points, width, dice)


def _handwriting(draw, zone, dice):
    """Letters enough to be writing: loops and bars along the lines."""
    lines = [rule - 2 for rule in zone.rules] + [zone.y + zone.height - 3]
    for base in lines[: dice.randint(1, len(lines))]:
        x = zone.x + dice.uniform(3, 8)
        end = zone.x + zone.width * dice.uniform(0.25, 0.9)
        while x < end:
            points = [
                ((x + dice.uniform(0, 2.2)) * PX, (base - dice.uniform(-0.4, 3.6)) * PX)
                for _stroke in range(dice.randint(3, 6))
            ]
            _line(draw, points, dice.uniform(0.3, 0.6) * PX, dice)
            x += dice.uniform(2.4, 4.2)


MARKS = {"cross": _cross, "tick": _tick, "stroke": _stroke, "filled": _filled}


def _inked(paper, ink, strength):
    """Ink on paper: print stays as dark as it is."""
    light = ink.filter(ImageFilter.BoxBlur(1)).point(lambda value: round(255 - value * strength))
    return ImageChops.multiply(paper, light)


def _accidents(sheet, dice):
    """What happens to paper before it is scanned: a fold, a stain, dust, a hole for the binder."""
    marks = Image.new("L", sheet.size, 255)
    draw = ImageDraw.Draw(marks)
    wide, high = sheet.size
    if dice.random() < 0.3:
        level, y = round(255 * dice.uniform(0.86, 0.95)), high * dice.choice((1 / 3, 1 / 2, 2 / 3))
        draw.line([(0, y + dice.gauss(0, 20)), (wide, y + dice.gauss(0, 20))], fill=level, width=dice.randint(3, 6))
    if dice.random() < 0.2:
        x, y, size = dice.uniform(0, wide), dice.uniform(0, high), dice.uniform(15, 40) * PX
        edge = round(255 * dice.uniform(0.7, 0.85))
        draw.ellipse([x, y, x + size, y + size * dice.uniform(0.7, 1)], fill=edge + 20, outline=edge, width=6)
        marks = marks.filter(ImageFilter.BoxBlur(4))
        draw = ImageDraw.Draw(marks)
    for _speck in range(dice.randint(0, 60)):
        x, y, size = dice.uniform(0, wide), dice.uniform(0, high), dice.uniform(1, 5)
        draw.ellipse([x, y, x + size, y + size], fill=dice.randint(30, 160))
    if dice.random() < 0.15:
        for y in (high / 2 - 40 * PX, high / 2 + 40 * PX):
            draw.ellipse([9 * PX, y, 15 * PX, y + 6 * PX], fill=40)
    return ImageChops.multiply(sheet, marks)


def _degraded(page, kind, turn, dice):
    white, black = dice.uniform(225, 255), dice.uniform(0, 45)
    grey = page.point(lambda value: round(black + (white - black) * value / 255))
    around = dice.choice((255, 255, round(white), 25))
    placed = _placed(grey, turn, around, dice)
    values = np.asarray(placed).astype(np.float32)
    noise = np.random.default_rng(dice.randrange(1 << 30))
    if kind in ("shadow", "copy"):
        values *= _shadow(values.shape, dice)
    blur = dice.uniform(0, 1.1)
    if blur > 0.3:
        blurred = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(blur))
        values = np.asarray(blurred).astype(np.float32)
    sigma = dice.uniform(8, 16) if kind == "noisy" else dice.uniform(1, 6)
    values += noise.normal(0, sigma, values.shape).astype(np.float32)
    picture = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    if kind == "fax":
        return _faxed(picture, (white + black) / 2 * dice.uniform(0.95, 1.2), noise, dice)
    if kind in ("jpeg", "copy"):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=dice.randint(25, 80))
        return Image.open(out).convert("L")
    return picture


def _placed(page, turn, around, dice):
    """Turned, moved, a little larger or smaller, on the scanner's glass at 200 dpi. A sheet that is much askew lies on
    a glass that holds it; one that is hardly askew is cut to its own size."""
    scale = DPI / INK_DPI * dice.uniform(0.97, 1.03)
    stretch = dice.uniform(0.995, 1.005)
    # First smaller without aliasing, then turned.
    small = page.resize((round(page.width * scale), round(page.height * scale * stretch)), Image.Resampling.BOX)
    askew = abs((turn + 45) % 90 - 45)
    turned = small.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=around)
    if askew < 2.5:
        a4 = (round(210 / 25.4 * DPI), round(297 / 25.4 * DPI))
        size = a4 if small.width < small.height and turned.width < turned.height else a4[::-1]
    else:
        size = turned.width + round(dice.uniform(0, 60)), turned.height + round(dice.uniform(0, 60))
    glass = Image.new("L", size, around)
    shift = [round(dice.uniform(-3, 3) / 25.4 * DPI) for _axis in range(2)]
    glass.paste(turned, ((size[0] - turned.width) // 2 + shift[0], (size[1] - turned.height) // 2 + shift[1]))
    return glass


def _shadow(shape, dice):
    """Darker towards one side, as of a sheet that doesn't lie flat."""
    rows, columns = np.linspace(0, 1, shape[0])[:, None], np.linspace(0, 1, shape[1])[None, :]
    angle, depth = dice.uniform(0, 2 * math.pi), dice.uniform(0.1, 0.4)
    along = math.cos(angle) * (columns - 0.5) + math.sin(angle) * (rows - 0.5) + 0.5
    return (1 - depth * np.clip(along, 0, 1) ** 2).astype(np.float32)


def _faxed(picture, level, noise, dice):
    """Black or white, with points that are wrong."""
    values = np.where(np.asarray(picture) > level, 255, 0).astype(np.uint8)
    wrong = noise.random(values.shape) < dice.uniform(0.0005, 0.004)
    values[wrong] = 255 - values[wrong]
    return Image.fromarray(values)
