"""What devices sent, in a copy: whole while it is written to, without what is over its term; a damaged one is seen."""

import threading
from datetime import date

import pytest
from typer.testing import CliRunner

from mitoyen.cli import check  # noqa: F401 - registers the command
from mitoyen.cli.main import app
from mitoyen.connect.uplinks import days, keeping
from mitoyen.connect.uplinks.messages import Frame
from mitoyen.resilience import frames_copy

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = b"what was said long ago"


def frame(number, received=None, payload=b"\x01"):
    now = days.now_us()
    return Frame("70b3d5e75e0042a7", received or now, received or now, number, 2, payload, format="plain")


def frames_in(folder, settings):
    settings.MITOYEN_HOME = folder.parent
    return [one for some in keeping.kept() for one in some]


def test_what_is_over_its_term_is_in_no_copy_and_not_in_its_pages(home, settings, tmp_path):
    now = days.now_us()
    old = now - 91 * days.DAY_US
    keeping.keep([frame(1, old, SECRET)])
    # A late one: its day is old, its receipt is not.
    late = frame(2, old)._replace(received=now)
    keeping.keep([late, frame(3)])
    keeping.keep([frame(4, now - 95 * days.DAY_US, SECRET)])
    target = tmp_path / "copy" / "frames"
    target.parent.mkdir()
    frames_copy.copy_out(target)
    assert sorted(file.name for file in target.iterdir()) == sorted(
        f"{day}.sqlite3" for day in (days.day_of(old), days.day_of(now))
    )
    assert not any(SECRET in file.read_bytes() for file in target.iterdir())
    assert [one.counter for one in frames_in(target, settings)] == [2, 3]
    settings.MITOYEN_HOME = home
    assert len(list(keeping.waiting())) == 4, "the installation's own stay as they are"


def test_a_copy_made_while_frames_come_in_holds_each_lot_whole(home, settings, tmp_path):
    stop, kept = threading.Event(), []

    def keep_on():
        number = 0
        while not stop.is_set():
            keeping.keep([frame(number + place) for place in range(10)])
            number += 10
            kept.append(number)
        days.close_all()

    writer = threading.Thread(target=keep_on)
    writer.start()
    try:
        copies = []
        for turn in range(5):
            at_least = kept[-1] if kept else 0
            copies.append((at_least, tmp_path / f"copy{turn}" / "frames"))
            copies[-1][1].parent.mkdir()
            frames_copy.copy_out(copies[-1][1])
    finally:
        stop.set()
        writer.join(30)
    for at_least, target in copies:
        if not target.exists():
            assert at_least == 0
            continue
        found = frames_in(target, settings)
        assert len(found) >= at_least
        assert len(found) % 10 == 0
        assert sum(len(frames) for _lot, frames in keeping.waiting()) == len(found)
        assert days.damaged() == []


def test_a_damaged_file_is_named_by_check(home):
    keeping.keep([frame(1)])
    days.close_all()
    file = days.file_of(days.day_of(days.now_us()))
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    assert [name for name, _why in days.damaged()] == [file.name]
    said = CliRunner().invoke(app, ["check"])
    assert said.exit_code == 1
    assert f"{date.today().isoformat()}.sqlite3" in said.output or file.name in said.output
