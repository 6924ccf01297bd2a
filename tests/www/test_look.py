"""The look: text keeps a contrast of 7:1 in every theme; what is not text, 3:1."""

import re
from pathlib import Path

import pytest

import mitoyen.www

TOKENS = (Path(mitoyen.www.__file__).parent / "static" / "mitoyen" / "tokens.css").read_text(encoding="utf-8")
TEXT = [(ink, ground) for ink in ("ink", "ink-soft", "loire", "brique") for ground in ("ground", "raised", "sunk")]
TEXT += [("head-ink", "head"), ("ground", "loire"), ("loire", "loire-soft"), ("brique", "brique-soft")]
TEXT += [("ink", "loire-soft"), ("ink", "brique-soft")]
SHAPES = [("line-strong", "ground"), ("line-strong", "raised"), ("focus", "ground"), ("loire-mid", "ground")]
SHAPES += [("head-line", "head")]


def _themes():
    blocks = re.split(r"@media ", TOKENS)
    light = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})", blocks[0]))
    found = {"light": light}
    for block in blocks[1:]:
        condition = block.split("{")[0].strip()
        base = found["dark"] if "contrast" in condition and "dark" in condition else light
        name = "dark" if condition == "(prefers-color-scheme: dark)" else condition
        found[name] = {**base, **dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{3,6})", block))}
    return found


def _luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """WCAG 2's ratio of two colours."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_ratio_is_wcag_s():
    assert contrast("#fff", "#000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", _themes())
def test_text_is_read_at_seven_to_one_and_shapes_seen_at_three(theme):
    colours = _themes()[theme]
    weak = {pair: round(contrast(*(colours[name] for name in pair)), 2) for pair in TEXT}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 7} == {}
    shapes = {pair: round(contrast(*(colours[name] for name in pair)), 2) for pair in SHAPES}
    assert {pair: ratio for pair, ratio in shapes.items() if ratio < 3} == {}


def test_there_are_four_themes():
    assert len(_themes()) == 4
