"""How many lines a text takes at most: a little more than any usual sans serif needs, so that the words of a form never
run into what stands below, whatever font the machine has."""

MM_PER_PT = 25.4 / 72
LINE = 1.3
"""Height of a line, in times the size of its letters."""
NARROW = frozenset("iljtfrI.,;:!'’|()[]-  \u00a0\u202f")
WIDE = frozenset("mwMWOQGœæ—…%@&")


def width_mm(text: str, pt: float, bold: bool = False) -> float:
    """The width of one line, rounded up."""
    ems = sum(_ems(letter) for letter in text)
    return ems * pt * MM_PER_PT * (1.07 if bold else 1.0)


def lines(text: str, width: float, pt: float, bold: bool = False) -> int:
    """Lines in a column of `width` mm, broken between words."""
    count, filled = 1, 0.0
    for number, part in enumerate(text.split("\n")):
        count, filled = (count + 1, 0.0) if number else (count, filled)
        for word in part.split(" "):
            wide = width_mm(word + " ", pt, bold)
            if filled and filled + wide > width:
                count, filled = count + 1, 0.0
            filled += wide
    return count


def height_mm(count: int, pt: float) -> float:
    """Of so many lines."""
    return count * pt * LINE * MM_PER_PT


def _ems(letter: str) -> float:
    if letter in NARROW:
        return 0.33
    if letter in WIDE:
        return 0.9
    return 0.72 if letter.isupper() else 0.56
