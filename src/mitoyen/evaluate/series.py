"""The daily series that a Figure keeps, so that it can be recomputed for ever.

Format 1 (all integers little-endian):

    byte 0      the format's number, 1
    the rest    zlib stream of
        uint32  number of runs (2: baseline, reporting), then for each run
            int32   first day, counted in days from 1970-01-01
            uint32  number of days n
            uint8   decimals of the amounts, uint8 decimals of the temperatures
            n x 8   amounts x 10^decimals, as differences (int64), missing = the smallest int64, skipped by the
                    differences; written byte plane by byte plane (all lowest bytes first)
            n x 8   temperatures, likewise
            ceil(n/8)   closed days, one bit a day, lowest bit first

Amounts are in kWh (water: m3) and kept to 0.001, temperatures in degrees Celsius and kept to 0.01. A Figure is
computed from the series as kept, never from anything finer: that is why it recomputes to the last digit.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
AMOUNT_DECIMALS = 3
TEMPERATURE_DECIMALS = 2
_MISSING = np.iinfo(np.int64).min
_LARGEST = 2.0**62


@dataclass(frozen=True)
class Run:
    """Contiguous local days. `amount` and `temperature` float64, nan = missing; `closed` bool; all of one length."""

    day: NDArray[np.datetime64]
    amount: NDArray[np.float64]
    temperature: NDArray[np.float64]
    closed: NDArray[np.bool_]


def kept(run: Run) -> Run:
    """`run` at the precision that the series keeps."""
    amount, temperature = (
        np.where(scaled == _MISSING, np.nan, scaled / 10.0**decimals)
        for scaled, decimals in (
            (_scaled(run.amount, AMOUNT_DECIMALS), AMOUNT_DECIMALS),
            (_scaled(run.temperature, TEMPERATURE_DECIMALS), TEMPERATURE_DECIMALS),
        )
    )
    return replace(run, day=run.day.astype("datetime64[D]"), amount=amount, temperature=temperature)


def pack(runs: list[Run]) -> bytes:
    """The runs in the format above. Raises ValueError when an amount is too large to be kept."""
    parts = [struct.pack("<I", len(runs))]
    for run in runs:
        first = int(run.day[0].astype("datetime64[D]").astype(np.int64)) if len(run.day) else 0
        parts.append(struct.pack("<iIBB", first, len(run.day), AMOUNT_DECIMALS, TEMPERATURE_DECIMALS))
        parts.append(_packed(run.amount, AMOUNT_DECIMALS))
        parts.append(_packed(run.temperature, TEMPERATURE_DECIMALS))
        parts.append(np.packbits(run.closed.astype(bool), bitorder="little").tobytes())
    return bytes([FORMAT]) + zlib.compress(b"".join(parts))


def unpack(data: bytes) -> list[Run]:
    """The runs kept in `data`. Raises ValueError when it is not a series of a known format."""
    if not data or data[0] != FORMAT:
        raise ValueError("not a daily series of a known format")
    try:
        return list(_runs(zlib.decompress(data[1:])))
    except (zlib.error, struct.error) as error:
        raise ValueError("the daily series is damaged") from error


def _runs(raw: bytes) -> Iterator[Run]:
    (count,) = struct.unpack_from("<I", raw, 0)
    at = 4
    for _ in range(count):
        first, days, amount_decimals, temperature_decimals = struct.unpack_from("<iIBB", raw, at)
        at += 10
        amount = _unpacked(raw, at, days, amount_decimals)
        at += 8 * days
        temperature = _unpacked(raw, at, days, temperature_decimals)
        at += 8 * days
        bits = np.frombuffer(raw, np.uint8, -(-days // 8), at)
        at += len(bits)
        closed = np.unpackbits(bits, count=days, bitorder="little").astype(bool)
        day = np.datetime64(first, "D") + np.arange(days)
        yield Run(day, amount, temperature, closed)


def digest(runs: list[Run]) -> str:
    """SHA-256 of the runs' content, independent of how zlib packs it."""
    hashed = hashlib.sha256()
    for run in runs:
        hashed.update(run.day.astype("datetime64[D]").astype("<i8").tobytes())
        hashed.update(_scaled(run.amount, AMOUNT_DECIMALS).astype("<i8").tobytes())
        hashed.update(_scaled(run.temperature, TEMPERATURE_DECIMALS).astype("<i8").tobytes())
        hashed.update(np.packbits(run.closed.astype(bool), bitorder="little").tobytes())
    return hashed.hexdigest()


def _scaled(values: NDArray[Any], decimals: int) -> NDArray[np.int64]:
    scaled = np.round(np.asarray(values, float) * 10.0**decimals)
    missing = ~np.isfinite(scaled)
    if np.any(np.abs(scaled[~missing]) > _LARGEST):
        raise ValueError("an amount is too large to be kept")
    return np.where(missing, _MISSING, np.where(missing, 0, scaled).astype(np.int64))


def _packed(values: NDArray[Any], decimals: int) -> bytes:
    scaled = _scaled(values, decimals)
    present = scaled != _MISSING
    out = scaled.copy()
    out[present] = np.diff(scaled[present], prepend=0)
    return out.astype("<i8").view(np.uint8).reshape(-1, 8).T.tobytes()


def _unpacked(raw: bytes, at: int, days: int, decimals: int) -> NDArray[np.float64]:
    planes = np.frombuffer(raw, np.uint8, 8 * days, at).reshape(8, days)
    out = np.ascontiguousarray(planes.T).view("<i8").reshape(days)
    present = out != _MISSING
    values = np.full(days, np.nan)
    values[present] = np.cumsum(out[present]) / 10.0**decimals
    return values
