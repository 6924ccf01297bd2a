"""One worker process as a pool sees it: started when asked, asked again after it died."""

import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from mitoyen.connect.codecs import wire
from mitoyen.connect.codecs.answers import Frame
from mitoyen.connect.codecs.limits import CODECS, STUCK_S

STARTS = 3
"""Workers in a row that may end before their first frame."""
_ENVIRONMENT = {"TZ": "UTC", "LC_ALL": "C.UTF-8"}
_REPLY = msgspec.msgpack.Decoder(wire.Reply)
Job = tuple[str, Sequence[Frame]]


class Died(Exception):
    """The worker ended at frame `at` of the request, counted over its jobs; `was_slow` when for its time."""

    def __init__(self, at: int, *, was_slow: bool) -> None:
        super().__init__(at)
        self.at = at
        self.was_slow = was_slow


class Process:
    """A worker, alive or not. Used by one thread at a time, but for `kill`."""

    def __init__(self) -> None:
        self._popen: subprocess.Popen[bytes] | None = None
        self._known: OrderedDict[str, None] = OrderedDict()
        with tempfile.TemporaryFile() as file:
            file.truncate(wire.MARK.size)
            self._mark = mmap.mmap(file.fileno(), wire.MARK.size)
            self._descriptor = os.dup(file.fileno())

    def ask(self, jobs: Sequence[Job], scripts: Mapping[str, str]) -> wire.Reply:
        """Have frames decoded. Raises Died; the next call then starts a new worker."""
        for _ in range(STARTS):
            popen = self._alive()
            self._mark[:] = wire.MARK.pack(wire.NONE_YET)
            try:
                return self._exchange(popen, jobs, scripts)
            except (OSError, EOFError, msgspec.MsgspecError) as error:
                status = self._end()
                (at,) = wire.MARK.unpack(self._mark[:])
                if at != wire.NONE_YET:
                    last = sum(len(frames) for _codec, frames in jobs) - 1
                    was_slow = isinstance(error, TimeoutError) or status == -signal.SIGPROF
                    raise Died(min(max(at, 0), last), was_slow=was_slow) from error
        raise RuntimeError("no worker can be started")

    @property
    def pid(self) -> int:
        """The worker's number, 0 while there is none."""
        return self._popen.pid if self._popen is not None else 0

    def kill(self) -> None:
        """Have the worker end, from any thread."""
        popen = self._popen
        if popen is not None:
            popen.kill()

    def close(self) -> None:
        """End the worker for good."""
        self.kill()
        self._end()
        self._mark.close()
        os.close(self._descriptor)

    def _alive(self) -> "subprocess.Popen[bytes]":
        if self._popen is not None and self._popen.poll() is None:
            return self._popen
        self._end()
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-B", "-m", "mitoyen.connect.codecs.worker", str(self._descriptor)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_ENVIRONMENT, cwd="/",
            pass_fds=(self._descriptor,), start_new_session=True,
        )  # fmt: skip
        return self._popen

    def _end(self) -> int:
        """See to it that the worker is over, and say with which status."""
        popen, self._popen = self._popen, None
        self._known.clear()
        if popen is None:
            return 0
        assert popen.stdin
        assert popen.stdout
        with suppress(OSError):
            popen.stdin.close()
        try:
            status = popen.wait(1)
        except subprocess.TimeoutExpired:
            popen.kill()
            status = popen.wait()
        popen.stdout.close()
        return status

    def _exchange(
        self, popen: "subprocess.Popen[bytes]", jobs: Sequence[Job], scripts: Mapping[str, str]
    ) -> wire.Reply:
        assert popen.stdin
        popen.stdin.write(wire.pack(self._request(jobs, scripts)))
        popen.stdin.flush()
        (length,) = wire.LENGTH.unpack(self._read(popen, wire.LENGTH.size))
        reply = _REPLY.decode(self._read(popen, length))
        if [len(texts) for texts in reply.answers] != [len(frames) for _codec, frames in jobs]:
            raise EOFError
        return reply

    def _read(self, popen: "subprocess.Popen[bytes]", length: int) -> bytes:
        """Exactly so many bytes. EOFError when the worker ended, TimeoutError when it got no further for STUCK_S."""
        assert popen.stdout
        descriptor, content = popen.stdout.fileno(), bytearray()
        seen, since = self._mark[:], time.monotonic()
        while len(content) < length:
            if select.select([descriptor], [], [], 1.0)[0]:
                part = os.read(descriptor, length - len(content))
                if not part:
                    raise EOFError
                content += part
            elif self._mark[:] != seen:
                seen, since = self._mark[:], time.monotonic()
            elif time.monotonic() - since > STUCK_S:
                popen.kill()
                raise TimeoutError
        return bytes(content)

    def _request(self, jobs: Sequence[Job], scripts: Mapping[str, str]) -> wire.Request:
        """The frames, with the scripts that this worker lacks; the codecs it used longest ago make room."""
        told = []
        for codec, frames in jobs:
            told.append(wire.Job(codec, None if codec in self._known else scripts[codec], list(frames)))
            self._known[codec] = None
            self._known.move_to_end(codec)
        named = {codec for codec, _frames in jobs}
        oldest = list(self._known)[: max(len(self._known) - CODECS, 0)]
        forget = [codec for codec in oldest if codec not in named]
        for codec in forget:
            del self._known[codec]
        return wire.Request(told, forget)
