"""Frames are kept once, for a set time; the same again is found, another one is not mistaken for it."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.connect.uplinks import days, expiry, keeping
from mitoyen.connect.uplinks.messages import Flag, Frame
from mitoyen.ledger.refusal import Refused

pytestmark = pytest.mark.usefixtures("home")

DAY = 86_400_000_000
NOON = 20_600 * DAY + DAY // 2
SECOND = 1_000_000


def frame(counter: int | None = 1, at: int = NOON, payload: bytes = b"\x01", **more: Any) -> Frame:
    return Frame("70b3d5e75e0042a7", at, more.pop("received", at), counter, 2, payload, **more)


def fresh(*frames: Frame) -> list[bool]:
    """Whether each is new, each kept by itself."""
    return [keeping.keep([one]).fresh[0] for one in frames]


@pytest.mark.parametrize(
    ("second", "new"),
    [
        (frame(), False),
        (frame(at=NOON + 48 * SECOND), False),
        (frame(at=NOON - 48 * SECOND), False),
        (frame(at=NOON + 299 * SECOND), False),
        (frame(at=NOON + 301 * SECOND), True),
        (frame(counter=2), True),
        (frame(payload=b"\x02"), True),
        (frame()._replace(port=3), True),
        (frame()._replace(address="70b3d5e75e0042a8"), True),
        (frame(at=NOON + DAY), True),
    ],
)
def test_the_same_frame_again_is_one(second, new):
    assert fresh(frame(), second) == [True, new]


def test_the_same_frame_on_both_sides_of_midnight_is_one():
    midnight = NOON + DAY // 2
    assert fresh(frame(at=midnight - SECOND), frame(at=midnight + 47 * SECOND)) == [True, False]
    assert fresh(frame(7, at=midnight + SECOND), frame(7, at=midnight - SECOND)) == [True, False]


def test_a_counter_that_starts_over_or_begins_anew_is_no_repetition():
    counters = [65534, 65535, 0, 1, 2, 0, 1]
    frames = [frame(counter, NOON + n * 600 * SECOND) for n, counter in enumerate(counters)]
    assert all(fresh(*frames))


def test_without_counter_only_the_same_time_is_the_same_frame():
    assert fresh(frame(None), frame(None), frame(None, at=NOON + 1)) == [True, False, True]


def test_a_frame_timed_by_its_receipt_is_known_by_its_message():
    late: dict[str, Any] = {"flags": Flag.TIME_MISSING, "content": 77}
    assert fresh(frame(**late), frame(at=NOON + 3 * 3600 * SECOND, **late)) == [True, False]
    assert fresh(frame(9, at=NOON + DAY, **{**late, "content": 78})) == [True]
    assert fresh(frame(9, at=NOON + DAY + 3600 * SECOND, **{**late, "content": 78})) == [False]
    # Without counter, a sender may well say the same thing twice.
    assert fresh(frame(None, **late), frame(None, at=NOON + SECOND, **late)) == [True, True]


def test_of_several_alike_the_earliest_is_kept():
    kept = keeping.keep([frame(at=NOON + 48 * SECOND), frame(), frame(at=NOON + 9 * SECOND)])
    assert kept.fresh == [False, True, False]


def test_what_was_kept_comes_back_as_it_was():
    first = frame(data={"a": [1, {"b": None}]}, battery=81.5, flags=8, format="chirpstack3")
    second = frame(None, at=NOON + DAY, payload=b"", data={"b": 2.5})
    keeping.keep([second, first])
    assert [one for some in keeping.kept() for one in some] == [first, second]
    assert [len(some) for some in keeping.kept(first=NOON + 1)] == [1]
    assert [len(some) for some in keeping.kept(last=NOON)] == [1]
    assert list(keeping.kept(addresses=["nobody"])) == []
    assert list(keeping.kept(addresses=[])) == []
    assert list(keeping.kept(first=NOON + 3 * DAY)) == list(keeping.kept(last=NOON - DAY)) == []
    many = [str(n) for n in range(600)]
    assert list(keeping.kept(addresses=[*many, first.address], backwards=True)) == [[second], [first]]
    assert list(keeping.kept(addresses=[first.address, "nobody"])) == [[first], [second]]


def test_several_who_keep_the_same_frames_at_once_keep_each_once():
    frames = [frame(n, NOON + n * SECOND) for n in range(60)]

    def keep(turn: int) -> int:
        shifted = frames[turn * 10 :] + frames[: turn * 10]
        fresh = sum(keeping.keep([one]).fresh[0] for one in shifted)
        days.close_all()
        return fresh

    with ThreadPoolExecutor(4) as several:
        assert sum(several.map(keep, range(4))) == 60
    assert [len(some) for some in keeping.kept()] == [60]


def test_a_preview_says_the_same_and_writes_nothing():
    frames = [frame(), frame(at=NOON + 48 * SECOND), frame(2), frame(None), frame(None)]
    assert keeping.Preview().fresh(frames) == [True, False, True, True, False]
    assert days.files() == []
    keeping.keep(frames[:1])
    assert keeping.Preview().fresh(frames) == [False, False, True, True, False]


def test_lots_wait_until_they_are_settled():
    kept = keeping.keep([frame(), frame(at=NOON + DAY)])
    assert [(lot, len(frames)) for lot, frames in keeping.waiting()] == [(kept.lots[0], 1), (kept.lots[1], 1)]
    assert list(keeping.waiting(older_s=60)) == []
    for lot in kept.lots:
        with days.of(lot.day).transaction() as connection:
            connection.execute("UPDATE lot SET at = at - 61000000")
    assert [lot for lot, _frames in keeping.waiting(older_s=60)] == kept.lots
    keeping.settle(kept.lots[:1])
    assert [lot for lot, _frames in keeping.waiting()] == [kept.lots[1]]


def test_what_is_older_than_the_set_time_goes_with_its_file(db, settings):
    now = days.now_us()
    keeping.settle(
        keeping.keep([frame(at=NOON, received=now - 91 * DAY), frame(2, at=NOON + DAY, received=now - 91 * DAY)]).lots
        + keeping.keep([frame(3, at=NOON + DAY, received=now - 89 * DAY)]).lots
    )
    settings.MITOYEN = {**settings.MITOYEN, "frames_kept_days": 90}
    assert expiry.forget_frames(None) == {"frames": 2, "messages": 0}
    assert [one.counter for some in keeping.kept() for one in some] == [3]
    assert [day for day, _file in days.files()] == [days.day_of(NOON + DAY)]
    assert [file.name for file in days.folder().iterdir() if file.name.startswith(str(days.day_of(NOON)))] == []
    assert expiry.forget_frames(None) == {"frames": 0, "messages": 0}


def test_a_file_put_in_anothers_place_is_seen():
    assert fresh(frame()) == [True]
    for file in days.folder().glob("*.sqlite3*"):
        file.unlink()
    assert fresh(frame()) == [True]


def test_a_folder_that_cannot_be_written_to_is_refused(home):
    (home / "frames").write_text("a file in its place")
    with pytest.raises((Refused, OSError)):
        keeping.keep([frame()])


def test_days_are_those_of_utc():
    assert days.day_of(NOON) == date(2026, 5, 27)
    assert days.day_of(int(datetime(2026, 5, 27, 23, 59, 59, tzinfo=UTC).timestamp() * 1e6)) == date(2026, 5, 27)


@pytest.mark.parametrize(("moment", "survives"), [("frames_kept", 0), ("frames_durable", 1)])
def test_a_kill_leaves_all_or_nothing(home, moment, survives):
    code = (
        "import django; django.setup()\n"
        "from mitoyen.connect.uplinks import keeping\n"
        "from mitoyen.connect.uplinks.messages import Frame\n"
        f"keeping.keep([Frame('a', {NOON}, {NOON}, 1, 2, b'1'), Frame('b', {NOON}, {NOON}, 1, 2, b'1')])\n"
    )
    environment = {**os.environ, "MITOYEN_HOME": str(home), "MITOYEN_KILL_AT": moment}
    environment["DJANGO_SETTINGS_MODULE"] = "mitoyen.settings"
    done = subprocess.run([sys.executable, "-c", code], env=environment, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert sum(len(some) for some in keeping.kept()) == 2 * survives
    assert len(list(keeping.waiting())) == survives


frames = st.builds(
    frame,
    st.none() | st.integers(0, 3),
    st.integers(0, 9).map(lambda n: NOON + n * 100 * SECOND),
    st.sampled_from([b"", b"\x01", b"\x02"]),
    received=st.just(NOON),
)


several = st.lists(frames, max_size=12)


@settings(max_examples=25, deadline=None)
@given(several, st.randoms())
def test_any_order_keeps_the_same_frames_and_again_changes_nothing(given, random):
    check_order(given, random)


def check_order(given, random):
    empty()
    keeping.keep(given)
    kept = sorted(str(one) for some in keeping.kept() for one in some)
    assert not any(keeping.keep(given).fresh)
    empty()
    random.shuffle(given)
    keeping.keep(given)
    assert sorted(str(one) for some in keeping.kept() for one in some) == kept


def empty():
    for file in days.folder().glob("*.sqlite3*"):
        file.unlink()
