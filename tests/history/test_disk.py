"""A full disk, a read-only one: said in plain words, nothing lost, nothing half done; it works again afterwards."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mitoyen.history import batches, check, journal, read, sealing
from mitoyen.history.times import micros
from mitoyen.ledger.refusal import Refused
from tests.history.conftest import brought, hours, staged

START = datetime(2024, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def small_disk(tmp_path, settings) -> Iterator[Path]:
    """A file system of 3 MB for the installation's files."""
    folder: Path = tmp_path / "small"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("a file system of its own can't be mounted here (needs root)")
    for name in ("archive", "rollups", "staging", "corrections", "published"):
        (folder / name).mkdir()
    settings.MITOYEN_HOME = folder
    yield folder
    with journal.closed():
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    file = folder / "filler"
    with file.open("wb", buffering=0) as out:
        try:
            while True:
                out.write(b"\0" * 4096)
        except OSError:
            return file


def values(stream) -> list[float]:
    return list(read.readings(stream).value.tolist())


def test_a_full_disk_refuses_an_import_and_loses_nothing(electricity, small_disk):
    brought(hours(electricity, START, [1.0, 2.0]))
    filler = fill(small_disk)
    with pytest.raises(Refused) as refusal:
        brought(hours(electricity, START, [1.0, 2.0, 3.0] + [4.0] * 500))
    assert refusal.value.code == "disk_full"
    assert values(electricity) == [1.0, 2.0]
    filler.unlink()
    batches.recover()
    assert check.check() == []
    brought(hours(electricity, START, [1.0, 2.0, 3.0]))
    assert values(electricity) == [1.0, 2.0, 3.0]


def test_a_full_disk_at_the_commit_refuses_it(electricity, small_disk):
    waiting = staged(hours(electricity, START, [1.0, 2.0]))
    filler = fill(small_disk)
    with pytest.raises(Refused) as refusal:
        batches.commit(waiting)
    assert refusal.value.code == "disk_full"
    filler.unlink()
    batches.recover()
    assert values(electricity) in ([], [1.0, 2.0])
    assert check.check() == []
    brought(hours(electricity, START, [1.0, 2.0]))
    assert values(electricity) == [1.0, 2.0]


def test_a_full_disk_refuses_the_journal_and_keeps_what_was_acknowledged(electricity, small_disk):
    acknowledged, refusal = 0, None
    while refusal is None:
        at = micros(START) + acknowledged * 1_000_000
        try:
            journal.append([(electricity.pk, at + j * 1_000_000, 1, float(j), 0) for j in range(900)])
        except Refused as refused:
            refusal = refused
        else:
            acknowledged += 900
    assert refusal.code == "disk_full"
    assert journal.count() == acknowledged > 0
    with pytest.raises(Refused):
        sealing.seal()
    assert journal.count() == acknowledged
    assert len(values(electricity)) == acknowledged


def test_a_read_only_disk_still_reads_and_refuses_to_write(electricity, small_disk):
    brought(hours(electricity, START, [1.0, 2.0]))
    rows = [(electricity.pk, micros(START) + 86_400_000_000, 3600, 7.0, 0)]
    journal.append(rows)
    waiting = staged(hours(electricity, START, [1.0, 2.0, 3.0]))
    with journal.closed():
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        assert values(electricity) == [1.0, 2.0, 7.0]
        for write in (
            lambda: batches.commit(waiting), sealing.seal, lambda: journal.append([(9, 9, 0, 1.0, 0)]),
            lambda: staged(hours(electricity, START, [1.0])),
        ):  # fmt: skip
            with pytest.raises(Refused) as refusal:
                write()
            assert refusal.value.code == "read_only"
    finally:
        with journal.closed():
            subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    batches.commit(waiting)
    assert values(electricity) == [1.0, 2.0, 3.0, 7.0]
