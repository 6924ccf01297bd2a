"""Finds a form's page in a picture and puts it straight: the code says which page and roughly where, the solid squares
along the edges say exactly where. numpy and Pillow only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import zxingcpp
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mitoyen.channels.paper import identity
from mitoyen.channels.paper.identity import Identity
from mitoyen.channels.paper.layout import PAGE_MM, Layout

Grey = NDArray[np.uint8]
Points = NDArray[np.float64]
"""Rows of x and y."""
PER_MM = 8
"""Points of a straightened page in a millimetre (203 dpi)."""
LEAST_MARKS = 4
ACCURATE_MM = 0.6
"""A mark farther than this from where the others put it is none."""
CODE_SEARCH = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.DataMatrix)


@dataclass(frozen=True, slots=True)
class Found:
    """A page's code in a picture: its four corners in points, from the symbol's own top left, clockwise."""

    identity: Identity
    corners: Points


@dataclass(frozen=True, slots=True)
class Straight:
    """A page put straight, `PER_MM` points a millimetre; how far its marks lie from where they should (mm, worst)."""

    picture: Grey
    marks: int
    error_mm: float


class NotStraight(Exception):
    """Too few of the page's marks were found."""


def find(picture: Image.Image) -> Found | None:
    """The first code of ours; the picture is tried as it is, then made easier in several ways."""
    for tried, scale in _easier(picture):
        for read in zxingcpp.read_barcodes(tried, formats=CODE_SEARCH, try_invert=False, try_downscale=False):
            named = identity.read(read.text)
            if named is not None:
                at = read.position
                corners = [(one.x, one.y) for one in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]
                return Found(named, np.array(corners, dtype=np.float64) / scale)
    return None


def straighten(picture: Image.Image, found: Found, form: Layout) -> Straight:
    """The page as it was printed. Raises NotStraight."""
    grey = np.asarray(picture)
    side, (left, top) = form.code_side, form.code_at
    code = np.array([(left, top), (left + side, top), (left + side, top + side), (left, top + side)])
    known, seen = [code], [found.corners]
    ink = _print_level(grey, found.corners)
    centres = np.array(form.marks, dtype=np.float64)
    # From the code outwards: each mark found makes the guess for the next one better.
    order = np.argsort(np.hypot(*(centres - code.mean(axis=0)).T))
    placed: list[tuple[Points, Points]] = []
    for number in order:
        matrix = _affine(np.vstack(known), np.vstack(seen))
        guess = _apply(matrix, centres[number : number + 1])[0]
        per_mm = _scale(matrix)
        reach = 2.0 if len(placed) > 3 else 3.5
        mark = _mark_near(grey, guess, form.mark_side * per_mm, reach * per_mm, ink)
        if mark is not None:
            placed.append((centres[number], mark))
            known.append(centres[number : number + 1])
            seen.append(mark[None, :])
    return _warped(picture, placed, known, seen)


def _warped(
    picture: Image.Image, placed: list[tuple[Points, Points]], known: list[Points], seen: list[Points]
) -> Straight:
    kept = placed
    while len(kept) >= LEAST_MARKS:
        mm = np.vstack([one for one, _at in kept])
        points = np.vstack([at for _one, at in kept])
        # The code's own corners steady a page of which only one side's marks are left.
        matrix = _fit(np.vstack([mm, known[0]]), np.vstack([points, seen[0]]), projective=len(kept) >= 6)
        error = np.hypot(*(_apply(matrix, mm) - points).T) / _scale(matrix)
        worst = int(np.argmax(error))
        if error[worst] <= ACCURATE_MM:
            if np.ptp(mm[:, 1]) < PAGE_MM[1] / 3:
                break
            return Straight(_resampled(picture, matrix), len(kept), float(error[worst]))
        kept = kept[:worst] + kept[worst + 1 :]
    raise NotStraight


def _easier(picture: Image.Image) -> Iterator[tuple[Image.Image, float]]:
    """The picture itself, then with less noise, smaller, larger, in black and white."""
    yield picture, 1.0
    yield picture.filter(ImageFilter.MedianFilter(3)), 1.0
    yield picture.filter(ImageFilter.GaussianBlur(1.2)), 1.0
    half = picture.reduce(2)
    yield half, 0.5
    large = picture.resize((picture.width * 3 // 2, picture.height * 3 // 2), Image.Resampling.BICUBIC)
    yield large.filter(ImageFilter.GaussianBlur(1.5)), 1.5
    yield picture.point(lambda value: 255 if value > 110 else 0), 1.0


def _print_level(grey: Grey, corners: Points) -> float:
    """How light the darkest print of the code is."""
    low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    return float(np.percentile(grey[max(low[1], 0) : high[1], max(low[0], 0) : high[0]], 10))


def _mark_near(grey: Grey, guess: Points, side: float, reach_by: float, ink: float) -> Points | None:
    """The centre of a solid square with paper around it, within `reach_by` points of where one is expected; None when
    there is none. `ink`: how light print is on this page."""
    reach = round(reach_by + side)
    x, y = (round(float(value)) for value in guess)
    top, left = max(y - reach, 0), max(x - reach, 0)
    window = grey[top : y + reach + 1, left : x + reach + 1].astype(np.float64)
    if min(window.shape) < 1.6 * side:
        return None
    # Light varies over the page: the window's own paper, never lighter than the code's print would allow.
    white = max(float(np.percentile(window, 75)), ink + 40)
    dark = np.clip((white - window) / max(white - ink, 40.0), 0.0, 1.0)
    inner, outer = max(round(side * 0.40), 2), max(round(side * 0.80), 4)
    total = _integral(dark)
    high, wide = dark.shape
    rows = np.arange(inner, high - inner)
    columns = np.arange(inner, wide - inner)
    if not len(rows) or not len(columns):
        return None
    core = _sums(total, rows, columns, inner) / (2 * inner + 1) ** 2
    around_sum, around_area = _clipped_sums(total, rows, columns, outer)
    inner_area = (2 * inner + 1) ** 2
    ring = (around_sum - core * inner_area) / np.maximum(around_area - inner_area, 1)
    score = core - 1.2 * ring
    best = np.unravel_index(int(np.argmax(score)), score.shape)
    if core[best] < 0.6 or score[best] < 0.25:
        return None
    centre = np.array([columns[best[1]], rows[best[0]]], dtype=np.float64)
    for _again in range(3):
        centre = _centroid(dark, centre, side * 0.78)
    # Point 0 reaches from 0 to 1: its middle lies at one half.
    return np.asarray(centre + np.array([left + 0.5, top + 0.5]))


def _integral(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.pad(values, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)


def _sums(
    total: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64], half: int
) -> NDArray[np.float64]:
    return _clipped_sums(total, rows, columns, half)[0]


def _clipped_sums(
    total: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64], half: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over squares around each point and their areas, cut at the window's edge."""
    high, wide = total.shape[0] - 1, total.shape[1] - 1
    top, bottom = np.clip(rows - half, 0, high)[:, None], np.clip(rows + half + 1, 0, high)[:, None]
    left, right = np.clip(columns - half, 0, wide)[None, :], np.clip(columns + half + 1, 0, wide)[None, :]
    sums = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return sums, ((bottom - top) * (right - left)).astype(np.float64)


def _centroid(dark: NDArray[np.float64], centre: Points, radius: float) -> Points:
    """Middle of the dark around a point; faint noise weighs nothing."""
    left, top = np.maximum(np.floor(centre - radius).astype(int), 0)
    right, bottom = np.ceil(centre + radius).astype(int) + 1
    weight = np.clip(dark[top:bottom, left:right] - 0.35, 0.0, 1.0)
    if weight.sum() <= 0:
        return centre
    ys, xs = np.mgrid[top : top + weight.shape[0], left : left + weight.shape[1]]
    return np.asarray(np.array([(xs * weight).sum(), (ys * weight).sum()]) / weight.sum())


def _affine(mm: Points, points: Points) -> Points:
    return _fit(mm, points, projective=False)


def _fit(mm: Points, points: Points, *, projective: bool) -> Points:
    """Least squares from millimetres to points: affine, or with perspective. A 3 by 3 matrix."""
    if not projective:
        ones = np.column_stack([mm, np.ones(len(mm))])
        solved, *_rest = np.linalg.lstsq(ones, points, rcond=None)
        return np.vstack([solved.T, [0.0, 0.0, 1.0]])
    # Around the page's middle, in units of its height, the equations are well conditioned.
    middle, unit = np.array(PAGE_MM) / 2, PAGE_MM[1] / 2
    centre, spread = points.mean(axis=0), max(float(points.std()), 1.0)
    source, target = (mm - middle) / unit, (points - centre) / spread
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
    _u, _s, right = np.linalg.svd(np.array(rows))
    normal = right[-1].reshape(3, 3)
    to_unit = np.array([[1 / unit, 0, -middle[0] / unit], [0, 1 / unit, -middle[1] / unit], [0, 0, 1]])
    to_points = np.array([[spread, 0, centre[0]], [0, spread, centre[1]], [0, 0, 1]])
    matrix = to_points @ normal @ to_unit
    return np.asarray(matrix / matrix[2, 2])


def _apply(matrix: Points, mm: Points) -> Points:
    homogeneous = np.column_stack([mm, np.ones(len(mm))]) @ matrix.T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])


def _scale(matrix: Points) -> float:
    """Points a millimetre."""
    return float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))


def _resampled(picture: Image.Image, matrix: Points) -> Grey:
    """The whole page at `PER_MM` points a millimetre; what lies outside the picture is white."""
    size = (round(PAGE_MM[0] * PER_MM), round(PAGE_MM[1] * PER_MM))
    shrink = np.diag([1 / PER_MM, 1 / PER_MM, 1.0])
    # Pillow samples at the middle of a point.
    whole = matrix @ shrink
    whole = whole / whole[2, 2]
    coefficients: Sequence[float] = [float(value) for value in whole.ravel()[:8]]
    straight = picture.transform(
        size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR, fillcolor=255
    )
    return np.asarray(straight)
