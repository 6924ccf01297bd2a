"""Any order, any repetition, any split of the same observations, through files or live, gives the same history."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.history import batches, check, compaction, journal, read, sealing
from mitoyen.history.models import Batch, Datastream, SealedDay
from mitoyen.territory.models import Thing

pytestmark = pytest.mark.django_db(transaction=True)

# 40 half-hours over two days and a month's end, for two datastreams: one day has a gap.
SLOTS = [int(datetime(2024, 1, 30, 22, tzinfo=UTC).timestamp()) + i * 1800 for i in range(1, 101) if i % 7]
rows = st.tuples(st.integers(0, 1), st.sampled_from(SLOTS))
deeds = st.lists(
    st.tuples(st.sampled_from(["file", "live", "seal", "compact"]), st.lists(rows, max_size=60)), min_size=1, max_size=6
)


def made_home(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("home")
    for name in ("archive", "rollups", "staging", "corrections", "published"):
        (folder / name).mkdir()
    return folder


def value_of(which: int, slot: int) -> float:
    return round((slot % 9973) / 7 + which * 1000, 3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=deeds, left=st.randoms(use_true_random=False))
def test_the_history_depends_on_the_observations_alone(hall, tmp_path_factory, settings, deeds, left):
    settings.MITOYEN_HOME = made_home(tmp_path_factory)
    for model in (SealedDay, Batch, Datastream):
        model.objects.all().delete()
    Thing.objects.exclude(pk=hall.pk).delete()
    streams = [
        Datastream.objects.create(thing=hall, observed_property=name, unit="kWh", kind="delta") for name in ("a", "b")
    ]
    everything = [(which, slot) for which in (0, 1) for slot in SLOTS]
    left.shuffle(everything)
    for deed, some in [*deeds, ("file", everything), ("seal", [])]:
        given_rows = [(streams[w].pk, slot * 1_000_000, 1800, value_of(w, slot), 0) for w, slot in some]
        do(deed, given_rows)
    for which, stream in enumerate(streams):
        got = read.readings(stream)
        assert (got.time.astype(np.int64) // 1_000_000).tolist() == SLOTS
        assert got.value.tolist() == [value_of(which, slot) for slot in SLOTS]
    assert journal.count() == 0
    assert journal.aside() == []
    days = (date(2024, 1, 30), date(2024, 2, 2))
    stored, computed = read.daily(streams, *days), read.daily_from_readings(streams, *days)
    for stream in streams:
        np.testing.assert_array_equal(stored[stream.pk].amount, computed[stream.pk].amount)
    assert check.check() == []


def do(deed: str, some: list[tuple[int, int, int, float, int]]) -> None:
    from mitoyen.history import engine
    from mitoyen.history.staging import stage
    from tests.history.rows import as_sql

    if deed == "live":
        journal.append(some)
    elif deed == "seal":
        sealing.seal()
    elif deed == "compact":
        compaction.compact()
    else:
        con = engine.connect()
        waiting = stage(con, as_sql(con, some), batches.open_batch("file", "x.csv", "camille"))
        con.close()
        batches.commit(waiting)
