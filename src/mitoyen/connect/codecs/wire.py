"""What a pool and its workers say to each other: msgpack behind its length, over pipes."""

import struct
from typing import BinaryIO

import msgspec

LENGTH = struct.Struct(">I")
MARK = struct.Struct(">q")
"""Which frame of a request a worker is at, in a file both have mapped: what is read when the worker died."""
NONE_YET = -1


class Job(msgspec.Struct, array_like=True):
    """Frames of one codec, as (payload, port, microseconds); the script where this worker doesn't have it yet."""

    codec: str
    script: str | None
    frames: list[tuple[bytes, int, int]]


class Request(msgspec.Struct, array_like=True):
    """`forget` names codecs whose contexts go."""

    jobs: list[Job]
    forget: list[str]


class Reply(msgspec.Struct, array_like=True):
    """For each job the answers as runtime.py gives them, and the processor seconds they took."""

    answers: list[list[str]]
    seconds: list[float]


def pack(message: Request | Reply) -> bytes:
    content = msgspec.msgpack.encode(message)
    return LENGTH.pack(len(content)) + content


def read(stream: BinaryIO) -> bytes | None:
    """The next message, None at the end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return stream.read(LENGTH.unpack(head)[0])
