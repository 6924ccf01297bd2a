"""What the tests of history share: datastreams, and rows committed as an import would."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mitoyen.history import batches, engine
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.models import Batch, Datastream
from mitoyen.history.staging import Staged, stage
from mitoyen.territory.models import Commune, Thing

Row = tuple[int, datetime, int, float, int]


def rows_sql(con, rows: Iterable[Row]) -> str:
    """Rows (datastream, time, length, value, quality) as a query on the connection."""
    listed = list(rows)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    con.register(
        "given",
        {
            "datastream": np.array([row[0] for row in listed], np.int32),
            "time": np.array([(row[1] - epoch) // timedelta(microseconds=1) for row in listed], np.int64),
            "length": np.array([row[2] for row in listed], np.int32),
            "value": np.array([row[3] for row in listed], np.float64),
            "quality": np.array([row[4] for row in listed], np.int8),
        },
    )
    return "SELECT datastream, make_timestamp(time) AS time, length, value, quality FROM given"


def staged(rows: Iterable[Row], source: str = "test.csv") -> Staged:
    batch = batches.open_batch("file", source, "camille")
    con = engine.connect()
    try:
        return stage(con, rows_sql(con, rows), batch)
    finally:
        con.close()


def brought(rows: Iterable[Row], *, correct: bool = False, why: str = "") -> Batch:
    """Rows staged and committed, as a file's would be."""
    waiting = staged(rows)
    batches.commit(waiting, correct=correct, why=why)
    waiting.batch.refresh_from_db()
    return waiting.batch


def hours(stream: Datastream, first: datetime, values: Iterable[float]) -> list[Row]:
    """One row an hour; `first` is the start of the first interval."""
    return [(stream.pk, first + timedelta(hours=i + 1), 3600, value, 0) for i, value in enumerate(values)]


@pytest.fixture
def hall(db, home) -> Thing:
    commune = Commune.objects.create(insee="49028", name="Béhuard", slug="behuard", longitude=-0.6, latitude=47.4)
    return Thing.objects.create(slug="mairie", name="Mairie", kind="building", commune=commune)


@pytest.fixture
def electricity(hall) -> Datastream:
    return datastream_for(hall, "electricity", "kWh", "delta")
