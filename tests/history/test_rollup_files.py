"""A file of the rollups that is not as it was written is found; made again, all is sound; old ones may go."""

import os
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import pytest
from deltalake import DeltaTable

from mitoyen.history import check, read, rollups
from tests.history.conftest import brought, hours

APRIL = datetime(2024, 4, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("what", ["a value", "a byte", "cut", "removed", "another month's"])
def test_a_file_that_is_not_as_it_was_written_is_found(electricity, home, what):
    brought(hours(electricity, APRIL, [1.0] * 48))
    brought(hours(electricity, APRIL + timedelta(days=5), [2.0] * 48))
    assert check.check() == []
    april, may = sorted((home / "rollups").glob("month=*/*.parquet"))[0], rollups.current().files["2024-05"]
    file = home / "rollups" / may
    if what == "a value":
        other = home / "other.parquet"
        duckdb.execute(
            f"COPY (SELECT * REPLACE (amount + 1 AS amount) FROM read_parquet('{file}', hive_partitioning = false))"
            f" TO '{other}' (FORMAT parquet)"
        )
        other.replace(file)
    elif what == "removed":
        file.unlink()
    else:
        content = file.read_bytes()
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        file.write_bytes({"a byte": changed, "cut": content[:-1]}.get(what, april.read_bytes()))
    (fault,) = check.check()
    assert fault.code == "rollups_altered"
    assert may in fault.message
    assert "rollups" in fault.next_step


def test_they_are_made_again_and_are_sound(electricity, home):
    brought(hours(electricity, APRIL, [1.0] * 48))
    for file in (home / "rollups").rglob("*"):
        if file.is_file():
            file.unlink()
    rollups.refresh()
    assert rollups.fresh()
    assert check.check() == []


def test_old_files_removed_leave_them_fresh_and_known(electricity, home):
    for day in range(3):
        brought(hours(electricity, APRIL + timedelta(days=day), [1.0] * 24))
    for file in (home / "rollups").glob("month=*/*.parquet"):
        os.utime(file, (1, 1))
    before = rollups.current()
    assert DeltaTable(str(rollups.folder())).vacuum(0, dry_run=False, enforce_retention_duration=False)
    after = rollups.current()
    assert after.version > before.version
    assert (after.reflects, after.files, after.hashes) == (before.reflects, before.files, before.hashes)
    assert rollups.fresh()
    rollups.refresh()
    assert rollups.current() == after
    assert check.check() == []
    days = (date(2024, 4, 30), date(2024, 5, 3))
    stored, computed = (f([electricity], *days)[electricity.pk] for f in (read.daily, read.daily_from_readings))
    np.testing.assert_array_equal(stored.amount, computed.amount)
