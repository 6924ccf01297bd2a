"""What the Data Matrix of a page says: which form, which page, which printed copy."""

import re
from dataclasses import dataclass

import numpy as np
import zxingcpp

from mitoyen.services import codes

MARK = "MY1"
PATTERN = re.compile(
    r"^MY1 (?P<service>[a-z][a-z0-9_]{0,59}) (?P<version>[0-9][0-9.]{0,18}) (?P<language>[a-z]{2}) (?P<size>[NL])"
    r" (?P<digest>[0-9a-f]{8}) (?P<page>[1-9][0-9]?) (?P<number>[2-9A-Z]{9})$"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """`number` is that of the printed copy, a follow-up code kept for whoever hands it in."""

    service: str
    version: str
    language: str
    large: bool
    digest: str
    page: int
    number: str

    def text(self) -> str:
        """As the code carries it."""
        size = "L" if self.large else "N"
        return f"{MARK} {self.service} {self.version} {self.language} {size} {self.digest} {self.page} {self.number}"


def read(text: str) -> Identity | None:
    """None when the text is not that of a form's page: anybody may print a code."""
    found = PATTERN.match(text)
    if found is None or codes.read(found["number"]) != found["number"]:
        return None
    return Identity(
        service=found["service"],
        version=found["version"],
        language=found["language"],
        large=found["size"] == "L",
        digest=found["digest"],
        page=int(found["page"]),
        number=found["number"],
    )


def drawing(identity: Identity) -> str:
    """The Data Matrix as an SVG of one path: crisp at any size, a square without a quiet zone."""
    symbol = zxingcpp.create_barcode(identity.text(), zxingcpp.BarcodeFormat.DataMatrix, force_square=True)
    dots = np.asarray(symbol.to_image(scale=1, add_quiet_zones=False))
    side = dots.shape[0]
    runs = "".join(
        f"M{start} {row}h{end - start}v1h{start - end}z"
        for row in range(side)
        for start, end in _dark_runs([dots[row, column] < 128 for column in range(side)])
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path d="{runs}"/></svg>'


def _dark_runs(dark: list[bool]) -> list[tuple[int, int]]:
    runs, start = [], -1
    for at, is_dark in enumerate([*dark, False]):
        if is_dark and start < 0:
            start = at
        elif not is_dark and start >= 0:
            runs.append((start, at))
            start = -1
    return runs
