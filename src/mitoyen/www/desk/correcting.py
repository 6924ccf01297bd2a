"""Corrections: one reading, or each reading of a period by a factor. They are a batch of their own, with who and why.

The old values stay in the record of corrections; taking the batch back brings them back. A batch keeps the digest of
the change that was shown before it, so that the same form sent again finds it instead of writing a second time.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from mitoyen.history.batches import commit, open_batch
from mitoyen.history.engine import connected
from mitoyen.history.enums import BatchOrigin, BatchState
from mitoyen.history.models import Batch, Datastream
from mitoyen.history.read import Readings, readings
from mitoyen.history.staging import stage
from mitoyen.ledger.refusal import Refused

TICK, MINUTE = timedelta(microseconds=1), timedelta(minutes=1)
MOST_ROWS = 2_000_000
SHOWN = 12
COLUMN_NAMES = ("time", "length_s", "value", "quality", "batch")
COLUMNS = "datastream INTEGER, time BIGINT, length INTEGER, value DOUBLE, quality TINYINT"


@dataclass(frozen=True, slots=True)
class Change:
    """Readings as they are and as they would be: times (UTC, interval end), old and new values."""

    stream: Datastream
    rows: Readings
    new: NDArray[np.float64]

    @property
    def sample(self) -> list[tuple[datetime, float, float]]:
        """The first few, to be shown before anything is written: (time, old, new)."""
        return [
            (self.rows.time[i].astype(datetime).replace(tzinfo=UTC), float(self.rows.value[i]), float(self.new[i]))
            for i in range(min(SHOWN, len(self.new)))
        ]

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the readings as they stand (each with its batch) and as they would be."""
        digest = hashlib.sha256(self.stream.name.encode())
        for column in (*(getattr(self.rows, name) for name in COLUMN_NAMES), self.new):
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self.new)


def one_reading(stream: Datastream, at: datetime, value: float) -> Change:
    """Another value for the reading that stands at `at`. Raises Refused when there is none."""
    found = _at(stream, at)
    if len(found.time) == 0:
        raise Refused(
            _("There is no reading at this moment."),
            _("Look its exact time up in the meter's data: it is the end of the interval."),
            code="no_such_reading",
        )
    return Change(stream, found, np.array([value]))


def period(stream: Datastream, start: datetime, end: datetime, factor: float) -> Change:
    """Every reading with start < time <= end, multiplied. Raises Refused when there is none, or too many at once."""
    found = readings(stream, start, end)
    if len(found.time) == 0:
        raise Refused(_("There is no reading in this period."), _("Check the two moments."), code="no_reading")
    if len(found.time) > MOST_ROWS:
        raise Refused(_("More than two million readings at once."), _("Correct a shorter period."), code="too_many")
    return Change(stream, found, found.value * factor)


def written(digest: str) -> Batch | None:
    """The correction that the change of this digest was written as, unless it was taken back."""
    batches = Batch.objects.filter(origin=BatchOrigin.CORRECTION, state=BatchState.LIVE)
    return batches.filter(summary__shown=digest).first()


def write(change: Change, by: str, why: str) -> Batch:
    """Write the new values as a correction and return its batch.

    Raises Refused when the readings have these values by now: the same change was written in the same moment.
    """
    stream = change.stream
    batch = open_batch(BatchOrigin.CORRECTION, stream.name, by)
    batch.summary = {"datastreams": [stream.name], "shown": change.digest}
    batch.save(update_fields=["summary"])
    with connected() as con:
        con.execute(f"CREATE TEMP TABLE corrected ({COLUMNS})")
        columns = {
            "datastream": np.full(len(change), stream.pk, np.int32),
            "time": change.rows.time.astype(np.int64),
            "length": change.rows.length_s.astype(np.int32),
            "value": change.new.astype(np.float64),
            "quality": change.rows.quality.astype(np.int8),
        }
        con.register("incoming", columns)
        con.execute("INSERT INTO corrected SELECT datastream, time, length, value, quality FROM incoming")
        con.execute(
            "CREATE TEMP VIEW rows AS SELECT datastream, make_timestamp(time) AS time, length, value, quality"
            " FROM corrected"
        )
        staged = stage(con, "FROM rows", batch)
    commit(staged, correct=True, why=why)
    batch.refresh_from_db()
    if batch.state == BatchState.DISCARDED:
        raise Refused(
            _("The readings have these values already."), _("There is nothing to correct."), code="nothing_new"
        )
    return batch


def _at(stream: Datastream, at: datetime) -> Readings:
    """The reading whose interval ends within the minute `at`: forms don't ask for seconds."""
    found = readings(stream, at - TICK, at + MINUTE - TICK)
    first = slice(0, 1)
    return Readings(*(getattr(found, name)[first] for name in COLUMN_NAMES))
