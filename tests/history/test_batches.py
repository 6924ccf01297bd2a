"""A batch is live, or not at all; the same again changes nothing; another value is refused unless it corrects."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from mitoyen.history import batches, journal, monthly, read, rollups
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.models import Batch
from mitoyen.history.times import micros
from mitoyen.ledger.refusal import Refused
from tests.history.conftest import brought, hours, staged

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def values(stream) -> list[float]:
    return list(read.readings(stream).value.tolist())


def test_a_committed_batch_is_read_back_sorted(electricity):
    rows = hours(electricity, NEW_YEAR + timedelta(days=20), [3.0, 1.0, 2.0] * 400)
    batch = brought(reversed(rows))
    got = read.readings(electricity)
    assert batch.state == "live"
    assert got.value.tolist() == [row[3] for row in rows]
    assert (np.diff(got.time) == np.timedelta64(3600, "s")).all()
    assert set(got.batch.tolist()) == {batch.pk}


def test_nothing_is_seen_before_the_commit(electricity):
    staged(hours(electricity, NEW_YEAR, [1.0]))
    assert values(electricity) == []


def test_the_same_rows_again_change_nothing(electricity):
    rows = hours(electricity, NEW_YEAR, [1.0, 2.0, 3.0])
    brought(rows)
    again = staged(rows)
    assert (again.rows, again.duplicates, again.conflict_count) == (0, 3, 0)
    batches.commit(again)
    assert values(electricity) == [1.0, 2.0, 3.0]
    assert Batch.objects.filter(state="live").count() == 1


def test_another_value_for_a_known_time_is_refused(electricity):
    brought(hours(electricity, NEW_YEAR, [1.0, 2.0, 3.0]))
    other = staged(hours(electricity, NEW_YEAR, [1.0, 9.0, 3.0, 4.0]))
    assert other.conflict_count == 1
    with pytest.raises(Refused) as refusal:
        batches.commit(other)
    assert refusal.value.grounds[0].code == "conflict"
    assert values(electricity) == [1.0, 2.0, 3.0]


def test_a_correction_replaces_and_keeps_the_old_value(electricity):
    first = brought(hours(electricity, NEW_YEAR, [1.0, 2.0, 3.0]))
    second = brought(hours(electricity, NEW_YEAR, [1.0, 9.0, 3.0]), correct=True, why="misread")
    assert values(electricity) == [1.0, 9.0, 3.0]
    (correction,) = read.corrections_of(electricity, date(2024, 1, 1), date(2024, 1, 1))
    assert (correction.old, correction.new, correction.by, correction.why) == (2.0, 9.0, "camille", "misread")
    assert (correction.batch, correction.old_batch) == (second.pk, first.pk)
    batches.undo(second, "camille", "it was right")
    assert values(electricity) == [1.0, 2.0, 3.0]
    assert read.corrections_of(electricity, date(2024, 1, 1), date(2024, 1, 1)) == []


def test_undo_takes_a_batch_back_and_leaves_the_others(electricity):
    first = brought(hours(electricity, NEW_YEAR, [1.0, 2.0]))
    brought(hours(electricity, NEW_YEAR + timedelta(hours=2), [3.0, 4.0]))
    batches.undo(first, "camille", "wrong meter")
    assert values(electricity) == [3.0, 4.0]
    with pytest.raises(Refused):
        batches.undo(first, "camille", "again")
    assert brought(hours(electricity, NEW_YEAR, [1.0, 2.0])).state == "live"


def test_overlapping_intervals_are_refused(electricity):
    brought(hours(electricity, NEW_YEAR, [1.0, 2.0]))
    half = [(electricity.pk, NEW_YEAR + timedelta(minutes=90), 1800, 5.0, 0)]
    waiting = staged(half)
    assert waiting.overlap_count >= 1
    with pytest.raises(Refused) as refusal:
        batches.commit(waiting)
    assert refusal.value.code == "overlap"


def test_daily_is_the_same_from_rollups_and_from_readings(electricity):
    brought(hours(electricity, datetime(2024, 3, 30, tzinfo=UTC), [float(i) for i in range(72)]))
    days = (date(2024, 3, 29), date(2024, 4, 2))
    stored, computed = (f([electricity], *days)[electricity.pk] for f in (read.daily, read.daily_from_readings))
    for name in ("day", "amount", "mean", "minimum", "maximum", "covered_s", "count", "zeros"):
        np.testing.assert_array_equal(getattr(stored, name), getattr(computed, name))
    assert np.nansum(stored.amount) == sum(range(72))
    assert stored.covered_s[2] == 23 * 3600  # 31 March 2024 has 23 hours


def test_monthly_totals_by_commune_are_those_of_the_days(electricity):
    brought(hours(electricity, datetime(2024, 1, 31, 12, tzinfo=UTC), [1.0] * 24))
    got = rollups.monthly_by_commune(date(2024, 1, 1), date(2024, 2, 29))
    assert got == [("49028", "electricity", "2024-01", 11.0), ("49028", "electricity", "2024-02", 13.0)]
    assert monthly.monthly_by_commune_from_readings(date(2024, 1, 1), date(2024, 2, 29)) == got
    journal.append([(electricity.pk, micros(datetime(2024, 2, 2, tzinfo=UTC)), 3600, 5.0, 0)])
    got = rollups.monthly_by_commune(date(2024, 1, 1), date(2024, 2, 29))
    assert got == [("49028", "electricity", "2024-01", 11.0), ("49028", "electricity", "2024-02", 18.0)]


def test_monthly_totals_split_what_crosses_a_month(hall):
    heat = datastream_for(hall, "heat", "kWh", "delta")
    begin, end = (datetime(2024, m, 15, tzinfo=UTC) for m in (1, 4))
    brought([(heat.pk, end, int((end - begin).total_seconds()), 910.0, 0)])
    days = (date(2024, 1, 1), date(2024, 4, 30))
    got = rollups.monthly_by_commune(*days)
    assert sum(row[3] for row in got) == pytest.approx(910.0)
    assert [row[3] for row in monthly.monthly_by_commune_from_readings(*days)] == pytest.approx([row[3] for row in got])
