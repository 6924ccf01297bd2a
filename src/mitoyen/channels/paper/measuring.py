"""How much ink lies in each box and in each zone of a straightened page, and how sure that is.

Ink is measured against the paper around it and the darkness of the print on the same page, so that grey paper, a shadow
or a light pen change little. What is not clear is said to be unsure: a human decides.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mitoyen.channels.paper.enums import Verdict
from mitoyen.channels.paper.layout import Box, Layout, Page, Zone
from mitoyen.channels.paper.registering import PER_MM, Grey

Ink = NDArray[np.float32]
LINE = 0.4
"""Of a printed box, in mm."""
SHIFT_MM = 1.0
"""A box may lie so far from where its page's marks put it: paper bends, scanners stretch."""
# A box: shares of its inside covered with ink. Found on generated scans (bench/scans.py); what lies between is unsure.
EMPTY_MOST, FAINT_MOST = 0.012, 0.06
TICKED_LEAST, CORE_LEAST, SPREAD_LEAST, HOLLOW_LEAST, FLAT_LEAST = 0.075, 0.06, 0.45, 0.12, 0.15
FULL_LEAST, AROUND_CLEAN, AROUND_STRUCK = 0.70, 0.14, 0.25
# Ink around an empty box may be a mark that missed it, or a ring around it. Less may be the tail of a mark nearby,
# where another box of the question is ticked; more of it, the edge of a scribble over the next box.
AROUND_ALONE, AROUND_ANSWERED, AROUND_BY_A_SCRIBBLE = 0.06, 0.10, 0.20
NEXT_MM = 12.0
FRAME_LEAST = 0.30
# A zone: square millimetres of ink.
ZONE_EMPTY_MOST, ZONE_WRITTEN_LEAST = 0.6, 3.0


@dataclass(frozen=True, slots=True)
class Ticked:
    """One box as measured. `fill`, `around`: share of ink inside it and in the ring outside; `confidence` 0 to 1."""

    box: Box
    fill: float
    verdict: Verdict
    confidence: float
    around: float = 0.0


@dataclass(frozen=True, slots=True)
class Written:
    """One zone as measured: `ink` in mm². `verdict` says ticked for written."""

    zone: Zone
    ink: float
    verdict: Verdict
    confidence: float


class Sheet:
    """A straightened page ready to be measured."""

    def __init__(self, picture: Grey, form: Layout) -> None:
        self.picture = picture.astype(np.float32)
        smooth = Image.fromarray(picture).filter(ImageFilter.BoxBlur(1))
        self.smooth = np.asarray(smooth).astype(np.float32)
        self.smoother = np.asarray(Image.fromarray(picture).filter(ImageFilter.BoxBlur(2))).astype(np.float32)
        left, top = form.code_at
        code = self.picture[_span(top, form.code_side), _span(left, form.code_side)]
        self.print_share = float(np.percentile(code, 8)) / max(float(np.percentile(code, 92)), 1.0)
        """Darkness of the print, as a share of the paper's lightness."""

    def read(self, page: Page) -> tuple[list[Ticked], list[Written]]:
        """Every box and every zone of the page, in the layout's order."""
        return _together([self.box(one) for one in page.boxes]), [self.zone(one) for one in page.zones]

    def box(self, box: Box) -> Ticked:
        """One box."""
        margin = 3.0
        window = (box.x - margin, box.y - margin, box.side + 2 * margin, box.side + 2 * margin)
        ink, faint, noise = self._ink(window, box.side, margin)
        frame, right, down = _frame(ink, box.side, margin)
        if frame < FRAME_LEAST:
            # Its print isn't there: cut off, covered or torn.
            return Ticked(box, 0.0, Verdict.UNSURE, 0.0)
        at = (margin * PER_MM + right, margin * PER_MM + down)
        threshold = max(0.20, 4.5 * noise)
        dark = ink > threshold
        inside = _inner(dark, at, box.side, LINE + 0.5)
        core = _inner(dark, at, box.side, LINE + 0.5 + box.side * 0.14)
        pale = _inner(faint > max(0.055, 4.5 * noise / 1.6), at, box.side, LINE + 0.6)
        measured = _Measured(
            fill=float(inside.mean()),
            core=float(core.mean()),
            pale=float(pale.mean()),
            spread=_spread(inside),
            around=_around(dark, at, box.side),
            threshold=threshold,
        )
        verdict, confidence = measured.verdict()
        return Ticked(box, round(measured.fill, 4), verdict, round(confidence, 3), measured.around)

    def zone(self, zone: Zone) -> Written:
        """One zone: its own frame and writing lines left out."""
        window = (zone.x - 1.5, zone.y - 1.5, zone.width + 3.0, zone.height + 3.0)
        ink, _faint, noise = self._ink(window, 0.0, 0.0)
        visible = _border(ink, zone, 1.5)
        dark = ink > max(0.24, 5 * noise)
        inset = round((1.5 + 1.2) * PER_MM)
        inside = dark[inset:-inset, inset:-inset].copy()
        for rule in zone.rules:
            middle = round((rule - zone.y + 1.5) * PER_MM) - inset
            inside[max(middle - 6, 0) : middle + 7] = False
        area = float(_without_specks(inside).sum()) / PER_MM**2
        if visible < FRAME_LEAST:
            return Written(zone, round(area, 2), Verdict.UNSURE, 0.0)
        if area <= ZONE_EMPTY_MOST:
            return Written(zone, round(area, 2), Verdict.EMPTY, round(1 - area / ZONE_EMPTY_MOST / 4, 3))
        if area >= ZONE_WRITTEN_LEAST:
            return Written(zone, round(area, 2), Verdict.TICKED, 1.0)
        return Written(zone, round(area, 2), Verdict.UNSURE, 0.5)

    def crop(self, zone: Zone) -> Image.Image:
        """The zone's picture, for a clerk to read."""
        return crop_of(Image.fromarray(self.picture.astype(np.uint8)), zone)

    def _ink(self, window: tuple[float, float, float, float], side: float, margin: float) -> tuple[Ink, Ink, float]:
        """Darkness in a window (mm: left, top, width, height), 0 for its paper and 1 for print; a smoother one; and how
        much the paper itself varies."""
        left, top, width, height = window
        rows, columns = _span(top, height), _span(left, width)
        smooth, smoother = self.smooth[rows, columns], self.smoother[rows, columns]
        paper = float(np.percentile(smooth, 80)) if side else float(np.percentile(smooth, 70))
        contrast = max(paper * (1 - self.print_share), 30.0)
        ink, faint = (paper - smooth) / contrast, (paper - smoother) / contrast
        light = ink[ink < 0.15]
        noise = float(np.median(np.abs(light - np.median(light))) * 1.4826) if light.size else 0.0
        return ink, faint, noise


def _together(boxes: list[Ticked]) -> list[Ticked]:
    """Boxes in the light of one another: ink beside an empty one may be the answer, or belong to another box."""
    answered = {one.box.question for one in boxes if one.verdict == Verdict.TICKED}
    scribbled = [one.box for one in boxes if one.around > AROUND_STRUCK]

    def most(one: Ticked) -> float:
        if any(box != one.box and _are_near(box, one.box) for box in scribbled):
            return AROUND_BY_A_SCRIBBLE
        return AROUND_ANSWERED if one.box.question in answered else AROUND_ALONE

    return [
        replace(one, verdict=Verdict.UNSURE, confidence=0.5)
        if one.verdict == Verdict.EMPTY and one.around > most(one)
        else one
        for one in boxes
    ]


def _are_near(one: Box, other: Box) -> bool:
    return abs(one.x - other.x) < NEXT_MM and abs(one.y - other.y) < NEXT_MM


@dataclass(frozen=True, slots=True)
class _Measured:
    """Shares of ink: in the whole inside, in its core, faint, around the box; how far it spreads, in its longer and in
    its shorter direction."""

    fill: float
    core: float
    pale: float
    spread: tuple[float, float]
    around: float
    threshold: float

    def verdict(self) -> tuple[Verdict, float]:
        if self.fill >= FULL_LEAST and self.around >= AROUND_STRUCK:
            return Verdict.STRUCK, 0.5
        if self.fill > 0.45 and self.around > AROUND_CLEAN:
            return Verdict.UNSURE, 0.4
        if self.fill <= EMPTY_MOST and self.pale <= FAINT_MOST and self.threshold < 0.5:
            return Verdict.EMPTY, 1 - 0.1 * (self.fill / EMPTY_MOST + self.pale / FAINT_MOST) / 2
        if self._is_a_mark():
            return Verdict.TICKED, 0.9 + 0.1 * min((self.fill - TICKED_LEAST) / 0.15, 1.0)
        return Verdict.UNSURE, min(0.3 + self.fill, 0.8)

    def _is_a_mark(self) -> bool:
        """Through the middle; or around it, as the two arms of a tick; never along one edge only, as the tail of a mark
        in the box beside."""
        longer, shorter = self.spread
        through = self.fill >= TICKED_LEAST and self.core >= CORE_LEAST and longer >= SPREAD_LEAST
        arms = self.fill >= HOLLOW_LEAST and shorter >= SPREAD_LEAST
        # A flat tick: from side to side, and higher than the widest pen drawn along one edge.
        flat = self.fill >= FLAT_LEAST and longer >= 0.75 and shorter >= 0.36
        return through or arms or flat


def crop_of(page: Image.Image, zone: Zone, margin: float = 1.5) -> Image.Image:
    """A part of a straightened page and a little around it."""
    left, top = max(round((zone.x - margin) * PER_MM), 0), max(round((zone.y - margin) * PER_MM), 0)
    right = min(round((zone.x + zone.width + margin) * PER_MM), page.width)
    bottom = min(round((zone.y + zone.height + margin) * PER_MM), page.height)
    return page.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def _span(start: float, length: float) -> slice:
    first = max(round(start * PER_MM), 0)
    return slice(first, max(round((start + length) * PER_MM), first + 1))


def _frame(ink: Ink, side: float, margin: float) -> tuple[float, int, int]:
    """Where the printed square really is: how dark its line is (0 to 1), and its shift right and down in points."""
    most = round(SHIFT_MM * PER_MM)
    long, thick, start = round(side * PER_MM), round(LINE * PER_MM), round(margin * PER_MM)
    total = np.pad(np.clip(ink, 0.0, 1.0).astype(np.float64), ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    shifts = np.arange(-most, most + 1)
    y, x = start + shifts[:, None], start + shifts[None, :]

    def mean(down: int, right: int, high: int, wide: int) -> NDArray[np.float64]:
        """Of the rectangle at each shift."""
        top, left = np.maximum(y + down, 0), np.maximum(x + right, 0)
        bottom, end = np.minimum(top + high, total.shape[0] - 1), np.minimum(left + wide, total.shape[1] - 1)
        area = np.maximum((bottom - top) * (end - left), 1)
        return np.asarray((total[bottom, end] - total[top, end] - total[bottom, left] + total[top, left]) / area)

    sides = np.sort(
        [
            mean(0, 0, thick, long),
            mean(long - thick, 0, thick, long),
            mean(0, 0, long, thick),
            mean(0, long - thick, long, thick),
        ],
        axis=0,
    )
    outside = (
        mean(-2 * thick, 0, thick, long)
        + mean(long + thick, 0, thick, long)
        + mean(0, -2 * thick, long, thick)
        + mean(0, long + thick, long, thick)
    ) / 4
    # Three sides are enough: a stroke may hide or tear the fourth.
    lines = sides[1:].mean(axis=0)
    score = lines + 0.5 * sides[0] - 0.6 * outside - 0.002 * (np.abs(shifts)[:, None] + np.abs(shifts)[None, :])
    row, column = np.unravel_index(int(np.argmax(score)), score.shape)
    return float(lines[row, column]), int(shifts[column]), int(shifts[row])


def _inner(values: NDArray[np.bool_], at: tuple[float, float], side: float, inset: float) -> NDArray[np.bool_]:
    """The square inside a box, `inset` mm from its outer edge."""
    left, top = round(at[0] + inset * PER_MM), round(at[1] + inset * PER_MM)
    long = round((side - 2 * inset) * PER_MM)
    return values[top : top + long, left : left + long]


def _around(dark: NDArray[np.bool_], at: tuple[float, float], side: float) -> float:
    """Share of ink in the ring from 0.5 to 2 mm outside the box."""
    near, far = 0.5 * PER_MM, 2.0 * PER_MM
    long = side * PER_MM
    left, top = at
    outer = dark[_at(top - far) : _at(top + long + far), _at(left - far) : _at(left + long + far)]
    hole = dark[_at(top - near) : _at(top + long + near), _at(left - near) : _at(left + long + near)]
    area = max(outer.size - hole.size, 1)
    return float(outer.sum() - hole.sum()) / area


def _at(value: float) -> int:
    return max(round(value), 0)


def _spread(dark: NDArray[np.bool_]) -> tuple[float, float]:
    """How far the ink reaches, longer direction first, as shares of the inside; a speck reaches nowhere."""
    if not dark.any():
        return 0.0, 0.0
    reach = [float(np.percentile(axis, 95) - np.percentile(axis, 5)) / dark.shape[0] for axis in np.nonzero(dark)]
    return max(reach), min(reach)


def _border(ink: Ink, zone: Zone, margin: float) -> float:
    """How dark the best visible of a zone's frame lines are: the third of four, within a shift."""
    most, edge = round(SHIFT_MM * PER_MM), round(margin * PER_MM)
    high, wide = round(zone.height * PER_MM), round(zone.width * PER_MM)

    def best(values: NDArray[np.float32]) -> float:
        return float(values.max()) if values.size else 0.0

    rows, columns = ink.mean(axis=1), ink.mean(axis=0)
    sides = sorted(
        (
            best(rows[max(edge - most, 0) : edge + most]),
            best(rows[edge + high - most : edge + high + most]),
            best(columns[max(edge - most, 0) : edge + most]),
            best(columns[edge + wide - most : edge + wide + most]),
        )
    )
    return float(sides[1])


def _without_specks(dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Ink that has ink beside it: single points are dust or noise of a fax."""
    padded = np.pad(dark, 1).astype(np.uint8)
    beside = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    kept: NDArray[np.bool_] = dark & (beside >= 2)
    return kept
