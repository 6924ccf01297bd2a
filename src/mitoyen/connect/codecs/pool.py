"""Decoding in worker processes that can be killed: a frame that hangs or crashes costs itself only.

    pool = Pool()
    pool.register(sha256, script)
    pool.decode(sha256, [Frame(payload, port, received)])    # -> [Decoded(…) or Fault(…)], in the same order

Synchronous and safe from any thread; each call has a worker to itself. From asyncio: `asyncio.to_thread`. A call with
many frames, of one codec or of several (`decode_many`), costs a fifth of as many calls.
"""

import queue
import threading
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from mitoyen.connect.codecs.answers import Answer, Decoded, Fault, Frame, Reason
from mitoyen.connect.codecs.breaker import Breaker
from mitoyen.connect.codecs.limits import LAST_S, SCRIPT
from mitoyen.connect.codecs.process import Died, Job, Process

WORKERS = 2
MOST_TEXTS, LONGEST_TEXT = 20, 300


class _Answer(msgspec.Struct):
    data: Any = None
    warnings: Any = None
    errors: Any = None
    left_out: list[str] = []


_READ = msgspec.json.Decoder(_Answer)


class Pool:
    """`workers` processes, started when first needed. Close it, or use it in a `with`."""

    def __init__(self, workers: int = WORKERS) -> None:
        self._scripts: dict[str, str] = {}
        self._breaker = Breaker()
        self._idle: queue.LifoQueue[Process] = queue.LifoQueue()
        self._processes = [Process() for _ in range(workers)]
        for process in reversed(self._processes):
            self._idle.put(process)
        self._closing = threading.Event()

    def register(self, codec: str, script: str) -> None:
        """Make a script known under its hash. Another text under the same hash is a ValueError."""
        if self._scripts.setdefault(codec, script) != script:
            raise ValueError(f"another script is known as {codec}")

    def knows(self, codec: str) -> bool:
        """Whether `register` was called for it."""
        return codec in self._scripts

    def decode(self, codec: str, frames: Sequence[Frame]) -> list[Answer]:
        """What each frame says, in order. KeyError for a codec that isn't registered."""
        return self.decode_many([(codec, frames)])[0]

    def decode_many(self, jobs: Sequence[Job]) -> list[list[Answer]]:
        """As `decode`, for several codecs in one go to one worker."""
        for codec, _frames in jobs:
            if codec not in self._scripts:
                raise KeyError(codec)
        answers: list[list[Answer | None]] = [[None] * len(frames) for _codec, frames in jobs]
        process = self._take()
        try:
            while self._decode_rest(process, jobs, answers):
                pass
        finally:
            self._idle.put(process)
        return [[answer for answer in row if answer is not None] for row in answers]

    def pids(self) -> list[int]:
        """Numbers of the worker processes that live."""
        return [process.pid for process in self._processes if process.pid]

    def close(self) -> None:
        """End the workers, in the middle of a decode if need be."""
        if self._closing.is_set():
            return
        self._closing.set()
        for process in self._processes:
            process.kill()
        for process in [self._idle.get() for _ in self._processes]:
            process.close()
            self._idle.put(process)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self) -> Process:
        process = self._idle.get()
        if self._closing.is_set():
            self._idle.put(process)
            raise RuntimeError("the pool is closed")
        return process

    def _decode_rest(self, process: Process, jobs: Sequence[Job], answers: list[list[Answer | None]]) -> bool:
        """Ask for the frames without an answer. True when the worker died on one of them and others may be left."""
        asked: list[tuple[int, list[int]]] = []
        for number, (codec, _frames) in enumerate(jobs):
            rest = [at for at, answer in enumerate(answers[number]) if answer is None]
            refusal = self._refusal(codec)
            if refusal is not None:
                for at in rest:
                    answers[number][at] = refusal
            elif rest:
                asked.append((number, rest))
        if not asked:
            return False
        try:
            work = [(jobs[number][0], [jobs[number][1][at] for at in rest]) for number, rest in asked]
            reply = process.ask(work, self._scripts)
        except Died as death:
            if self._closing.is_set():
                raise RuntimeError("the pool is closed") from death
            number, at = [(number, at) for number, rest in asked for at in rest][death.at]
            answers[number][at] = Fault(Reason.TOO_SLOW if death.was_slow else Reason.CRASHED)
            self._breaker.charge(jobs[number][0], LAST_S, 1, time.monotonic())
            return True
        for (number, rest), texts, seconds in zip(asked, reply.answers, reply.seconds, strict=True):
            for at, text in zip(rest, texts, strict=True):
                answers[number][at] = read_answer(text)
            tried = len(texts) - texts.count("!" + Reason.SET_ASIDE)
            self._breaker.charge(jobs[number][0], seconds, tried, time.monotonic())
        return False

    def _refusal(self, codec: str) -> Fault | None:
        if self._breaker.is_open(codec, time.monotonic()):
            return Fault(Reason.SET_ASIDE)
        if len(self._scripts[codec]) > SCRIPT:
            return Fault(Reason.BROKEN, f"longer than {SCRIPT} characters")
        return None


def read_answer(text: str) -> Answer:
    """A worker's answer (see runtime.py); believed in nothing."""
    if text.startswith("!"):
        reason, _, message = text[1:].partition(" ")
        return Fault(Reason(reason) if reason in set(Reason) else Reason.UNUSABLE, message)
    try:
        answer = _READ.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        return Fault(Reason.UNUSABLE, str(error)[:LONGEST_TEXT])
    errors, warnings = _texts(answer.errors), _texts(answer.warnings)
    if errors:
        return Fault(Reason.REFUSED, "; ".join(errors)[:LONGEST_TEXT], errors, warnings)
    if answer.data is None:
        return Decoded({}, warnings)
    if not isinstance(answer.data, dict):
        return Fault(Reason.UNUSABLE, "the data are no object")
    return Decoded(answer.data, warnings, tuple(answer.left_out))


def _texts(value: object) -> tuple[str, ...]:
    """Warnings or errors as makers write them: a list, a single one, or nothing."""
    if value is None or value in ("", [], {}, False):
        return ()
    values = value if isinstance(value, list) else [value]
    return tuple(str(one)[:LONGEST_TEXT] for one in values[:MOST_TEXTS])
