"""Where everything stands on a printed form, in millimetres: the one description from which both the printed page and
the reader's geometry come. Nothing here draws or measures."""

import hashlib

import msgspec
from msgspec import Struct

PAGE_MM = (210.0, 297.0)
LEFT, RIGHT, TOP, BOTTOM = 20.0, 190.0, 14.0, 277.0
CODE_MM = 24.0
CODE_AT = (RIGHT - CODE_MM, 13.0)
MARK_MM = 4.0
MARKS = tuple((x, y) for y in (14.0, 80.0, 148.5, 217.0, 283.0) for x in (9.0, 201.0))
"""Centres of the solid squares along both edges: several, so that a turned page that loses its corners still has
enough of them."""
NUMBER = "\ue000"
"""Stands in a text for the number of the printed copy."""


class Words(Struct, frozen=True):
    """A text in a column; `lines` is what it takes at most. `level` 1 and 2 are headings."""

    x: float
    y: float
    width: float
    text: str
    pt: float
    bold: bool = False
    level: int = 0
    lines: int = 1


class Box(Struct, frozen=True):
    """A box to tick: its outer corner and side. `choice` is what it means as an answer."""

    question: str
    choice: str
    x: float
    y: float
    side: float


class Zone(Struct, frozen=True):
    """A frame to write in. `rules`: heights of its faint writing lines. `part` tells the two zones of a place and of a
    contact apart."""

    question: str
    x: float
    y: float
    width: float
    height: float
    part: str = ""
    rules: tuple[float, ...] = ()


class Page(Struct, frozen=True):
    """What stands on one side. `cuts`: heights of dashed lines from edge to edge."""

    words: tuple[Words, ...]
    boxes: tuple[Box, ...]
    zones: tuple[Zone, ...]
    cuts: tuple[float, ...] = ()


class Layout(Struct, frozen=True):
    """A whole form. `contact` is the question name of how to answer, which no manifest can use."""

    service: str
    version: str
    language: str
    large: bool
    title: str
    pages: tuple[Page, ...]
    code_at: tuple[float, float] = CODE_AT
    code_side: float = CODE_MM
    marks: tuple[tuple[float, float], ...] = MARKS
    mark_side: float = MARK_MM

    @property
    def needed(self) -> list[int]:
        """Numbers of the pages on which something is asked; a person may keep the others."""
        return [number for number, page in enumerate(self.pages, 1) if page.boxes or page.zones]

    @property
    def digest(self) -> str:
        """Eight figures that change when a box, a zone or a mark moves; other words in the same place keep it."""
        places = [(page.boxes, page.zones) for page in self.pages]
        content = (self.code_at, self.code_side, self.marks, self.mark_side, places)
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:8]


CONTACT = "-contact"
"""Slugs of questions start with a letter."""


def dumped(layout: Layout) -> dict[str, object]:
    """As JSON can hold it."""
    content: dict[str, object] = msgspec.to_builtins(layout)
    return content


def loaded(content: object) -> Layout:
    """Raises msgspec.ValidationError for what is no layout."""
    return msgspec.convert(content, Layout)
