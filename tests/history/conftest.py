"""What the tests of history share: datastreams, and rows committed as an import would."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from mitoyen.history import batches, engine
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.models import Batch, Datastream
from mitoyen.history.staging import Staged, stage
from mitoyen.history.times import micros
from mitoyen.territory.models import Commune, Thing
from tests.history.rows import as_sql

Row = tuple[int, datetime, int, float, int]


def staged(rows: Iterable[Row], source: str = "test.csv") -> Staged:
    batch = batches.open_batch("file", source, "camille")
    con = engine.connect()
    try:
        return stage(
            con, as_sql(con, [(ds, micros(time), length, value, q) for ds, time, length, value, q in rows]), batch
        )
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
