"""An order-independent fingerprint of observations: two sums modulo 2^64 of a mixed 64-bit word a row.

Sums add and subtract, so that the fingerprint of a batch less some of its rows is known without reading the others.
The mixing is SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014); stable for ever, unlike an engine's own hash.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows whose columns fit the processor's cache: twice as fast as all of them at once.
_AT_ONCE = 16_384
_MASK = (1 << 64) - 1
_ODD = [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93, 0xA0761D6478BD642F]
_ONE, _TWO = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of a set of rows (datastream, time, length, value, quality): how many, and two sums."""

    rows: int = 0
    low: int = 0
    high: int = 0

    def __add__(self, other: "Fingerprint") -> "Fingerprint":
        return Fingerprint(self.rows + other.rows, (self.low + other.low) & _MASK, (self.high + other.high) & _MASK)

    def __sub__(self, other: "Fingerprint") -> "Fingerprint":
        return Fingerprint(self.rows - other.rows, (self.low - other.low) & _MASK, (self.high - other.high) & _MASK)

    @property
    def hash(self) -> str:
        return f"{self.high:016x}{self.low:016x}"

    @staticmethod
    def of_hash(rows: int, text: str) -> "Fingerprint":
        return Fingerprint(rows, int(text[16:] or "0", 16), int(text[:16] or "0", 16))


def of_rows(columns: dict[str, NDArray[Any]]) -> Fingerprint:
    """Fingerprint of rows given as columns datastream, time (µs), length, value and quality."""
    found = Fingerprint()
    for first in range(0, len(columns["time"]), _AT_ONCE):
        words = row_words({name: column[first : first + _AT_ONCE] for name, column in columns.items()})
        low, high = int(words.sum(dtype=np.uint64)), int(_second(words).sum(dtype=np.uint64))
        found += Fingerprint(len(words), low, high)
    return found


def by_batch(columns: dict[str, NDArray[Any]]) -> dict[int, Fingerprint]:
    """Fingerprint of the rows of each batch."""
    return {batch: one for (batch,), one in grouped(columns, columns["batch"]).items()}


def grouped(columns: dict[str, NDArray[Any]], *keys: NDArray[Any]) -> dict[tuple[int, ...], Fingerprint]:
    """Fingerprint of the rows of each combination of these columns of integers."""
    count = len(keys[0])
    if count == 0:
        return {}
    if all(key.min() == key.max() for key in keys):
        return {tuple(int(key[0]) for key in keys): of_rows(columns)}
    words = row_words(columns)
    order = np.lexsort(keys)
    sorted_keys = [key[order] for key in keys]
    starts = np.concatenate([[True], np.any([key[1:] != key[:-1] for key in sorted_keys], axis=0)])
    heads = np.flatnonzero(starts)
    low, high = (np.add.reduceat(each[order], heads).tolist() for each in (words, _second(words)))
    held = np.diff(heads, append=count).tolist()
    names = zip(*(key[heads].tolist() for key in sorted_keys), strict=True)
    return {name: Fingerprint(*one) for name, one in zip(names, zip(held, low, high, strict=True), strict=True)}


def _second(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = words * _TWO
    mixed ^= mixed >> _S31
    return mixed


def row_words(columns: dict[str, NDArray[Any]]) -> NDArray[np.uint64]:
    """One mixed 64-bit word a row. -0.0 counts as 0.0."""
    value = np.ascontiguousarray(columns["value"], dtype=np.float64) + 0.0
    parts = (
        columns["datastream"].astype(np.int64).view(np.uint64),
        columns["time"].astype(np.int64).view(np.uint64),
        columns["length"].astype(np.int64).view(np.uint64),
        value.view(np.uint64),
        columns["quality"].astype(np.int64).view(np.uint64),
    )
    words = np.zeros(len(value), np.uint64)
    for part, odd in zip(parts, _ODD, strict=True):
        words += part * np.uint64(odd)
        words ^= words >> _S30
        words *= _ONE
        words ^= words >> _S27
    words *= _TWO
    words ^= words >> _S31
    return words
