"""Group commit: requests that wait together are written in one durable transaction, then all are acknowledged."""

import asyncio
from collections import deque
from collections.abc import Callable, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

Row = tuple[int, int, int, float, int]
Key = tuple[int, int]
MOST_ROWS = 20_000
MOST_WAITING = 200_000


class Busy(Exception):
    """More rows wait than the journal can soon take: the sender must come back later."""


@dataclass(slots=True)
class _Waiting:
    rows: list[Row]
    answer: "asyncio.Future[list[Key]]"


class Committer:
    """Hands rows to `append` from one thread. `append` returns once they are durable, with the keys
    (datastream, time) whose value is in conflict with the one known."""

    def __init__(self, append: Callable[[list[Row]], Set[Key]]) -> None:
        self._append = append
        self._waiting: deque[_Waiting] = deque()
        self._rows_waiting = 0
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._task: asyncio.Task[None] | None = None

    async def commit(self, rows: list[Row]) -> list[Key]:
        """Conflicting keys among `rows`, once all are durable. Raises Busy, or what `append` raised."""
        if self._rows_waiting + len(rows) > MOST_WAITING:
            raise Busy
        loop = asyncio.get_running_loop()
        waiting = _Waiting(rows, loop.create_future())
        self._waiting.append(waiting)
        self._rows_waiting += len(rows)
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._write())
        return await waiting.answer

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = self._next_group()
            try:
                conflicts = await loop.run_in_executor(self._thread, self._append, [r for one in group for r in one.rows])
            except Exception as error:  # every request of the group must hear of it
                for one in group:
                    if not one.answer.done():
                        one.answer.set_exception(error)
                continue
            for one in group:
                if not one.answer.done():
                    one.answer.set_result([row[:2] for row in one.rows if row[:2] in conflicts])

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        rows = 0
        while self._waiting and (not group or rows + len(self._waiting[0].rows) <= MOST_ROWS):
            one = self._waiting.popleft()
            rows += len(one.rows)
            group.append(one)
        self._rows_waiting -= rows
        return group
