"""Requests that wait are done together, by one thread: the more comes in, the less each one costs."""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")


class Busy(Exception):
    """More waits than can soon be done."""


class _Waiting(NamedTuple):
    item: Any
    weight: int
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Any]"


class Together(Generic[Item, Done]):
    """`work` gets what waits, in order, up to `most_at_once` in weight, and answers each, or with what it failed of.

    What it raises is the answer to them all. More than `most_waiting` in weight is refused with Busy.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Item]], Sequence[Done | Exception]],
        *,
        most_waiting: int,
        most_at_once: int,
    ) -> None:
        self._name, self._work = name, work
        self._most_waiting, self._most_at_once = most_waiting, most_at_once
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._weight = 0
        self._thread: threading.Thread | None = None

    async def do(self, item: Item, weight: int = 1) -> Done:
        """What the work says of this item, once it is done. Raises Busy, and what the work raises."""
        if self._weight and self._weight + weight > self._most_waiting:
            raise Busy
        if self._thread is None:
            self._thread = threading.Thread(target=self._work_forever, name=self._name, daemon=True)
            self._thread.start()
        self._weight += weight
        try:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[Done] = loop.create_future()
            self._waiting.put(_Waiting(item, weight, loop, answer))
            return await answer
        finally:
            self._weight -= weight

    def _work_forever(self) -> None:
        held: _Waiting | None = None
        while True:
            group = [held or self._waiting.get()]
            weight, held = group[0].weight, None
            while held is None and not self._waiting.empty():
                following = self._waiting.get()
                weight += following.weight
                if weight > self._most_at_once:
                    held = following
                else:
                    group.append(following)
            _answer(group, self._done([one.item for one in group]))

    def _done(self, items: Sequence[Item]) -> Sequence[Done | Exception]:
        try:
            return self._work(items)
        except Exception as error:
            return [error] * len(items)


def _answer(group: Sequence[_Waiting], answers: Sequence[Any]) -> None:
    # One call for all: each wakes the loop.
    group[0].loop.call_soon_threadsafe(_set, [one.answer for one in group], answers)


def _set(futures: Sequence["asyncio.Future[Any]"], answers: Sequence[Any]) -> None:
    for future, answer in zip(futures, answers, strict=True):
        if future.done():
            continue  # Who asked has gone.
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
