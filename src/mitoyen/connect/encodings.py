"""Which bytes a text is made of, found in one pass: encoding, line ends, lines too long, bytes that are no text."""

import codecs
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHUNK = 1 << 20


@dataclass(slots=True)
class Bytes:
    """What a pass over the file saw. `feeds`, `pairs`, `returns`: line feeds, CR LF pairs, carriage returns."""

    encoding: str
    feeds: int = 0
    pairs: int = 0
    returns: int = 0
    longest: int = 0
    nul: bool = False
    _tail: int = 0
    _last: bytes = b""
    _decoder: Any = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    @property
    def mixed(self) -> bool:
        """Whether lines end in more than one way, or with a carriage return alone: DuckDB wants one way."""
        return 0 < self.pairs < self.feeds or self.returns > self.pairs

    @property
    def longest_line(self) -> int:
        return 0 if self.returns > self.feeds else self.longest

    def add(self, chunk: bytes, *, final: bool = False) -> None:
        plain = chunk.isascii() and not self._decoder.getstate()[0]
        if self.encoding != "cp1252" and not (plain and not final):
            try:
                self._decoder.decode(chunk, final)
            except UnicodeDecodeError:
                self.encoding = "cp1252"
        self.nul |= b"\x00" in chunk
        count = chunk.count(b"\n")
        self.feeds += count
        self.pairs += self._last == b"\r" and chunk[:1] == b"\n"
        if b"\r" in chunk:
            self.pairs += chunk.count(b"\r\n")
            self.returns += chunk.count(b"\r")
        self._last = chunk[-1:] or self._last
        self._tail = len(chunk) - chunk.rfind(b"\n") - 1 if count else self._tail + len(chunk)
        self.longest = max(self.longest, self._tail)


def scan(source: Path, head: bytes) -> Bytes:
    """Read the file once, to its end or to a byte that no text holds.

    Without a mark and not valid UTF-8, it is taken for Windows-1252.
    """
    seen = Bytes("utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8")
    with source.open("rb") as file:
        while not seen.nul and (chunk := file.read(CHUNK)):
            seen.add(chunk)
    seen.add(b"", final=True)
    return seen


def utf16(head: bytes) -> str:
    """The kind of UTF-16 that the first bytes are, with or without a mark; empty when they are none."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return ""
