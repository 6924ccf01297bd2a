"""Frames to decoded fields: by the model's codec in the workers that can be killed, or as the sender decoded them."""

import atexit
import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from mitoyen.connect.codecs.answers import Decoded, Fault
from mitoyen.connect.codecs.answers import Frame as CodecFrame
from mitoyen.connect.codecs.pool import Pool
from mitoyen.connect.uplinks.mapping import Known, register
from mitoyen.connect.uplinks.messages import Frame

Answer = dict[str, Any] | str
_pools: dict[int, Pool] = {}


def pool() -> Pool:
    """This process' workers, started when first needed."""
    number = os.getpid()
    if number not in _pools:
        _pools.clear()
        _pools[number] = Pool()
        atexit.register(_pools[number].close)
    return _pools[number]


def close() -> None:
    """End this process' workers; they start again when needed."""
    found = _pools.pop(os.getpid(), None)
    if found is not None:
        found.close()


def decode(frames: Sequence[tuple[Known, Frame]]) -> list[Answer]:
    """Of each frame its fields, or the reason why there are none."""
    answers: list[Answer] = [{}] * len(frames)
    by_codec: dict[str, list[int]] = defaultdict(list)
    for place, (known, frame) in enumerate(frames):
        if known.model.codec and frame.payload:
            by_codec[known.model.codec].append(place)
        else:
            answers[place] = frame.data or {}
    if by_codec:
        _by_codecs(frames, by_codec, answers)
    return answers


def _by_codecs(frames: Sequence[tuple[Known, Frame]], by_codec: dict[str, list[int]], answers: list[Answer]) -> None:
    workers = pool()
    unknown = [codec for codec in by_codec if not workers.knows(codec)]
    for codec, script in register.scripts(unknown).items() if unknown else ():
        workers.register(codec, script)
    jobs = [
        (codec, [CodecFrame(frames[at][1].payload, frames[at][1].port or 0, frames[at][1].time) for at in places])
        for codec, places in by_codec.items()
    ]
    for (_codec, _frames), places, said in zip(jobs, by_codec.values(), workers.decode_many(jobs), strict=True):
        for at, answer in zip(places, said, strict=True):
            answers[at] = _plain(answer)


def _plain(answer: Decoded | Fault) -> Answer:
    return answer.data if isinstance(answer, Decoded) else str(answer.reason)


def reasons(answers: Sequence[Answer]) -> Counter[str]:
    """How many frames were not decoded, by reason."""
    return Counter(one for one in answers if isinstance(one, str))
