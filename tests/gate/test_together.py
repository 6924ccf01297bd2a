"""What waits is done together; each gets its own answer; too much is refused."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mitoyen.gate.together import Busy, Together


class Work:
    """Says what it got; waits where told to, so that others come to wait."""

    def __init__(self):
        self.groups, self.go = [], threading.Event()

    def __call__(self, items):
        self.go.wait(20)
        self.groups.append(list(items))
        return [ValueError(item) if item < 0 else 10 * item for item in items]


def played(scene):
    """In a thread of its own: a browser of another test may keep a loop running in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(scene())).result()


async def started(doing):
    task = asyncio.ensure_future(doing)
    await asyncio.sleep(0.02)
    return task


def test_what_came_in_meanwhile_is_one_group_and_each_has_its_answer():
    work = Work()
    together = Together("test", work, most_waiting=100, most_at_once=4)

    async def scene():
        tasks = [await started(together.do(1))]
        tasks += [asyncio.ensure_future(together.do(item)) for item in (2, -3, 4, 5, 6)]
        await asyncio.sleep(0.05)
        work.go.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = played(scene)
    assert work.groups == [[1], [2, -3, 4, 5], [6]]
    assert isinstance(answers.pop(2), ValueError)
    assert answers == [10, 20, 40, 50, 60]


def test_too_much_is_refused_but_never_a_large_one_alone():
    work = Work()
    together = Together("test", work, most_waiting=10, most_at_once=4)

    async def scene():
        large = await started(together.do(1, weight=50))
        with pytest.raises(Busy):
            await together.do(2)
        work.go.set()
        assert await large == 10
        assert await together.do(3, weight=9) == 30

    played(scene)


def test_what_the_work_fails_of_is_everybodys_answer_and_it_goes_on():
    def failing(items):
        if 13 in items:
            raise OSError("disk")
        return items

    together = Together("test", failing, most_waiting=10, most_at_once=4)

    async def scene():
        with pytest.raises(OSError, match="disk"):
            await together.do(13)
        assert await together.do(1) == 1

    played(scene)


def test_who_has_gone_stops_nobody():
    work = Work()
    together = Together("test", work, most_waiting=10, most_at_once=4)

    async def scene():
        gone, stays = await started(together.do(1)), await started(together.do(2))
        gone.cancel()
        await asyncio.sleep(0.02)
        work.go.set()
        assert await stays == 20

    played(scene)
