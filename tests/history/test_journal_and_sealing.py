"""What is acknowledged is kept; a day goes into the archive checked; what comes twice or contradicts is known."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from mitoyen.history import archive, batches, check, compaction, journal, parts, read, sealing
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.models import SealedDay
from mitoyen.history.times import micros
from tests.history.conftest import brought, hours

DAY = datetime(2024, 5, 3, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def appended(stream, first, values, batch=0) -> journal.Appended:
    rows = [
        (ds, micros(time), length, value, quality) for ds, time, length, value, quality in hours(stream, first, values)
    ]
    return journal.append(rows, batch)


def values(stream) -> list[float]:
    return list(read.readings(stream).value.tolist())


def test_appending_again_changes_nothing(electricity):
    assert appended(electricity, DAY, [1.0, 2.0]) == (2, 0, 0)
    assert appended(electricity, DAY, [1.0, 2.0, 3.0]) == (1, 2, 0)
    assert values(electricity) == [1.0, 2.0, 3.0]


def test_another_value_is_kept_aside_never_overwritten(electricity):
    appended(electricity, DAY, [1.0, 2.0])
    assert appended(electricity, DAY, [1.0, 7.0]) == (0, 1, 1)
    assert values(electricity) == [1.0, 2.0]
    assert [(row[3], row[6]) for row in journal.aside()] == [(7.0, "conflict")]


def test_what_is_not_a_number_is_refused(electricity):
    with pytest.raises(ValueError, match="finite"):
        journal.append([(electricity.pk, micros(DAY), 0, float("nan"), 0)])


def test_a_sealed_day_reads_the_same_from_the_archive(electricity):
    given = (np.random.default_rng(7).random(23) * 1e3 / 7).tolist()
    appended(electricity, DAY, given, batch=3)
    before = read.readings(electricity)
    (sealed,) = sealing.seal(date(2024, 5, 3))
    after = read.readings(electricity)
    assert (sealed.rows, sealed.part, journal.count()) == (23, 0, 0)
    for name in ("time", "length_s", "value", "quality", "batch"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    assert check.check() == []


def test_a_large_day_makes_several_files_and_stays_the_same(electricity, hall, monkeypatch):
    water = datastream_for(hall, "water", "m3", "delta")
    monkeypatch.setattr(parts, "ROWS_A_FILE", 23)
    appended(electricity, DAY, [1.0] * 23)
    appended(water, DAY, [2.0] * 23)
    (sealed,) = sealing.seal()
    assert (sealed.rows, [part.rows for part in archive.snapshot().parts]) == (46, [23, 23])
    assert values(electricity) == [1.0] * 23
    assert values(water) == [2.0] * 23
    assert check.check() == []


def test_every_day_that_is_over_is_sealed(electricity):
    appended(electricity, DAY, [1.0] * 72)
    assert [one.day.day for one in sealing.seal()] == [3, 4, 5, 6]
    assert journal.count() == 0


def test_late_data_make_another_part_of_their_day(electricity):
    appended(electricity, DAY, [1.0, 2.0])
    sealing.seal()
    appended(electricity, DAY, [1.0, 2.0, 3.0])
    (late,) = sealing.seal()
    assert (late.part, late.rows, journal.count()) == (1, 1, 0)
    assert values(electricity) == [1.0, 2.0, 3.0]


def test_late_data_that_contradict_are_kept_aside(electricity):
    appended(electricity, DAY, [1.0, 2.0])
    sealing.seal()
    appended(electricity, DAY, [1.0, 8.0])
    half = [(electricity.pk, micros(DAY + timedelta(minutes=90)), 1800, 5.0, 0)]
    journal.append(half)
    assert sealing.seal() == []
    assert journal.count() == 0
    assert values(electricity) == [1.0, 2.0]
    assert {(row[3], row[6]) for row in journal.aside()} == {(8.0, "conflict"), (5.0, "overlap")}


def test_rows_that_come_while_a_day_is_sealed_stay_in_the_journal(electricity, monkeypatch):
    appended(electricity, DAY, [1.0, 2.0])
    let_go = sealing._let_go

    def late(steps):
        journal.append([(electricity.pk + 1, micros(DAY + timedelta(hours=1)), 3600, 6.0, 0)])
        let_go(steps)

    monkeypatch.setattr(sealing, "_let_go", late)
    sealing.seal()
    assert 6.0 in journal.rows_between(micros(DAY), micros(DAY + timedelta(days=1)))["value"]
    assert values(electricity) == [1.0, 2.0]
    assert check.check() == []


def test_a_file_and_the_journal_make_one_history(electricity):
    appended(electricity, DAY, [1.0, 2.0])
    brought(hours(electricity, DAY, [1.0, 2.0, 3.0]))
    assert values(electricity) == [1.0, 2.0, 3.0]


def test_correcting_what_is_in_the_journal_and_taking_it_back(electricity):
    appended(electricity, DAY, [1.0, 2.0])
    batch = brought(hours(electricity, DAY, [1.0, 5.0]), correct=True, why="calibrated")
    assert values(electricity) == [1.0, 5.0]
    batches.undo(batch, "camille", "no")
    assert values(electricity) == [1.0, 2.0]
    sealing.seal()
    assert values(electricity) == [1.0, 2.0]
    assert check.check() == []


def test_compaction_keeps_rows_and_batches(electricity):
    for hour in range(0, 48, 12):
        appended(electricity, DAY + timedelta(hours=hour), [float(hour + i) for i in range(12)], batch=hour)
        sealing.seal()
    before = read.readings(electricity)
    assert compaction.compact() == {"2024-05": 4 + 1} or SealedDay.objects.count() >= 4
    after = read.readings(electricity)
    np.testing.assert_array_equal(before.value, after.value)
    np.testing.assert_array_equal(before.batch, after.batch)
    assert check.check() == []


def test_files_of_old_versions_are_kept_for_a_time_then_forgotten(electricity, home):
    for hour in (0, 12):
        appended(electricity, DAY + timedelta(hours=hour), [float(hour + i) for i in range(12)])
        sealing.seal()
    before = values(electricity)
    compaction.compact()
    old = set((home / "archive").glob("month=*/*.parquet"))
    assert compaction.forget() == 0
    assert set((home / "archive").glob("month=*/*.parquet")) == old
    assert compaction.forget(keep_days=0) == len(old) - 1
    assert len(list((home / "archive").glob("month=*/*.parquet"))) == 1
    assert values(electricity) == before
    assert check.check() == []


@pytest.mark.parametrize(
    "wrong", [[1.0, float("inf")], [float("inf"), float("-inf")], [1e308, float("nan"), 1e308], [float("-inf")]]
)
def test_one_value_that_is_not_finite_refuses_them_all(electricity, wrong):
    with pytest.raises(ValueError, match="finite"):
        appended(electricity, DAY, wrong)
    assert journal.count() == 0


def test_values_whose_sum_is_too_large_are_finite_all_the_same(electricity):
    assert appended(electricity, DAY, [1.7e308, 1.7e308, -1.7e308]).accepted == 3
    assert values(electricity) == [1.7e308, 1.7e308, -1.7e308]


@pytest.mark.parametrize("what", ["missing", "cut", "value"])
def test_check_finds_a_file_missing_or_altered(electricity, home, what):
    brought(hours(electricity, DAY, [1.0, 2.0, 3.0]))
    (file,) = (home / "archive").glob("month=*/*.parquet")
    content = bytearray(file.read_bytes())
    if what == "missing":
        file.unlink()
    elif what == "cut":
        file.write_bytes(content[:-1])
    else:
        at = content.find(np.float64(2.0).tobytes())
        content[at if at > 0 else 60] ^= 1
        file.write_bytes(content)
    assert [fault.code[:7] for fault in check.check()] != []


@pytest.mark.parametrize("kind", ["delta", "counter", "gauge"])
def test_days_join_rollups_and_what_is_still_in_the_journal(hall, kind):
    stream = datastream_for(hall, "something", "kWh" if kind != "gauge" else "Cel", kind)
    rows = [
        (d, t, 3600 if kind == "delta" else 0, v, q) for d, t, _, v, q in hours(stream, DAY, map(float, range(240)))
    ]
    brought(rows[:100])
    journal.append([(d, micros(t), length, v, q) for d, t, length, v, q in rows[130:]])
    days = (date(2024, 5, 1), date(2024, 5, 15))
    joined, computed = (f([stream], *days)[stream.pk] for f in (read.daily, read.daily_from_readings))
    for name in ("amount", "mean", "minimum", "maximum", "covered_s", "count", "zeros"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(computed, name))
    assert joined.count.sum() == len(rows) - 30 - (kind == "counter")
