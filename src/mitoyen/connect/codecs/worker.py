"""`python -m mitoyen.connect.codecs.worker FD`: decodes what a pool sends, with as few rights as a process can have.

It has no environment, opens no file, starts no process, and ends itself when one frame takes more processor time than
LAST_S: the kernel's timer reaches into loops that the engine's own time limit doesn't see.
"""

import ctypes
import mmap
import os
import resource
import signal
import sys
import time

import msgspec

from mitoyen.connect.codecs import wire
from mitoyen.connect.codecs.answers import Reason
from mitoyen.connect.codecs.breaker import CODEC_S, USUAL_S
from mitoyen.connect.codecs.limits import LAST_S, WORKER_FULL, WORKER_MEMORY
from mitoyen.connect.codecs.runtime import Codec

_NO_NEW_PRIVILEGES = 38
_NOBODY = 65534


def main() -> int:
    mark = mmap.mmap(int(sys.argv[1]), wire.MARK.size)
    _give_up_rights()
    codecs: dict[str, Codec] = {}
    read = msgspec.msgpack.Decoder(wire.Request)
    while (message := wire.read(sys.stdin.buffer)) is not None:
        request = read.decode(message)
        for codec in request.forget:
            codecs.pop(codec, None)
        sys.stdout.buffer.write(wire.pack(_answer(request, codecs, mark)))
        sys.stdout.buffer.flush()
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 > WORKER_FULL:
            break
    return 0


def _answer(request: wire.Request, codecs: dict[str, Codec], mark: mmap.mmap) -> wire.Reply:
    reply, at = wire.Reply([], []), 0
    left: dict[str, float] = {}
    for job in request.jobs:
        if job.script is not None:
            codecs[job.codec] = Codec(job.script)
        began = time.process_time()
        budget = left.get(job.codec, CODEC_S)
        answers: list[str] = []
        aside: list[str] = []
        for payload, port, received in job.frames:
            if time.process_time() - began > budget + len(answers) * USUAL_S:
                aside = ["!" + Reason.SET_ASIDE] * (len(job.frames) - len(answers))
                break
            mark[:] = wire.MARK.pack(at + len(answers))
            signal.setitimer(signal.ITIMER_PROF, LAST_S)
            answers.append(codecs[job.codec].decode(payload, port, received))
        signal.setitimer(signal.ITIMER_PROF, 0)
        at += len(job.frames)
        seconds = time.process_time() - began
        left[job.codec] = budget - max(seconds - len(answers) * USUAL_S, 0.0)
        reply.answers.append(answers + aside)
        reply.seconds.append(seconds)
    return reply


def _give_up_rights() -> None:
    """No more memory, no file, no process, nobody's account; what is open (the pipes) is all there is."""
    for what, most in (
        (resource.RLIMIT_AS, WORKER_MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main())
