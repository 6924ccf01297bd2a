"""Decoding in workers: a frame that hangs or crashes costs itself only, and one that keeps doing so is set aside."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from mitoyen.connect.codecs import breaker, process, wire
from mitoyen.connect.codecs.answers import Decoded, Fault, Frame, Reason
from mitoyen.connect.codecs.breaker import Breaker
from mitoyen.connect.codecs.pool import Pool, read_answer

HONEST = "function decodeUplink(input) { return {data: {n: input.bytes[0], port: input.fPort}}; }"
# Hostile on the byte 13 only. The engine's own time limit does not see this loop.
NATIVE = """function decodeUplink(input) {
    if (input.bytes[0] === 13) { Array.prototype.shift.call({length: 2 ** 53 - 1}); }
    return {data: {n: input.bytes[0], port: input.fPort}};
}"""
_numbers = count()


def frames(*first_bytes):
    return [Frame(bytes([byte]), 2, 1_700_000_000_000_000) for byte in first_bytes]


def known(pool, script):
    codec = f"codec {next(_numbers)}"
    pool.register(codec, script)
    return codec


def worker_of(pool):
    return pool._processes[0]._popen


def kill_within_a_frame(process):
    """As soon as the worker says that it decodes one."""
    while wire.MARK.unpack(process._mark[:])[0] == wire.NONE_YET:
        time.sleep(0.001)
    process._popen.kill()


def test_frames_come_back_in_order(pool):
    answers = pool.decode(known(pool, HONEST), frames(*range(200)))
    assert answers == [Decoded({"n": n, "port": 2}) for n in range(200)]


def test_several_codecs_in_one_go(pool):
    one, other = known(pool, HONEST), known(pool, "function Decoder(bytes, port) { return {twice: bytes[0] * 2}; }")
    answers = pool.decode_many([(one, frames(1)), (other, frames(2, 3)), (one, []), (one, frames(4))])
    assert answers == [
        [Decoded({"n": 1, "port": 2})],
        [Decoded({"twice": 4}), Decoded({"twice": 6})],
        [],
        [Decoded({"n": 4, "port": 2})],
    ]


def test_a_frame_that_hangs_in_the_engine_costs_itself_only(pool):
    codec, other = known(pool, NATIVE), known(pool, HONEST)
    pool.decode(codec, frames(1))
    before = worker_of(pool).pid
    began = time.monotonic()
    answers = pool.decode_many([(codec, frames(1, 13, 2)), (other, frames(3))])
    assert time.monotonic() - began < 10
    assert answers == [
        [Decoded({"n": 1, "port": 2}), Fault(Reason.TOO_SLOW), Decoded({"n": 2, "port": 2})],
        [Decoded({"n": 3, "port": 2})],
    ]
    assert worker_of(pool).pid != before


def test_a_worker_killed_from_outside_while_idle_is_not_noticed(pool):
    codec = known(pool, HONEST)
    pool.decode(codec, frames(1))
    worker_of(pool).kill()
    worker_of(pool).wait()
    assert pool.decode(codec, frames(1)) == [Decoded({"n": 1, "port": 2})]


def test_a_worker_killed_within_a_frame_costs_that_frame(pool):
    codec = known(pool, NATIVE)
    pool.decode(codec, frames(1))
    process = pool._processes[0]
    process._mark[:] = wire.MARK.pack(wire.NONE_YET)
    killer = threading.Thread(target=kill_within_a_frame, args=(process,))
    killer.start()
    answers = pool.decode(codec, frames(13, 5))
    killer.join()
    # On a busy machine the kernel's timer may have ended it first.
    assert answers[0] in (Fault(Reason.CRASHED), Fault(Reason.TOO_SLOW))
    assert answers[1:] == [Decoded({"n": 5, "port": 2})]


def test_a_codec_that_hangs_again_and_again_is_set_aside_and_the_others_are_not():
    with Pool(workers=1) as pool:
        bad, good = known(pool, "function decodeUplink() { for (;;); }"), known(pool, HONEST)
        answers = pool.decode(bad, frames(*range(100)))
        slow = answers.count(Fault(Reason.TOO_SLOW))
        assert 4 <= slow <= 6
        assert answers[slow:] == [Fault(Reason.SET_ASIDE)] * (100 - slow)
        began = time.monotonic()
        later = pool.decode_many([(bad, frames(*range(100))), (good, frames(1))])
        assert later == [[Fault(Reason.SET_ASIDE)] * 100, [Decoded({"n": 1, "port": 2})]]
        assert time.monotonic() - began < 1


def test_a_codec_that_hangs_is_set_aside_within_a_batch_however_it_is_cut():
    with Pool(workers=1) as pool:
        bad = known(pool, "function decodeUplink() { for (;;); }")
        answers = [answer for (answer,) in pool.decode_many([(bad, frames(1))] * 30)]
        slow = answers.count(Fault(Reason.TOO_SLOW))
        assert 4 <= slow <= 6
        assert answers[slow:] == [Fault(Reason.SET_ASIDE)] * (30 - slow)
        assert pool.decode(bad, frames(1)) == [Fault(Reason.SET_ASIDE)]


def test_a_codec_that_kills_its_workers_is_set_aside_within_a_batch():
    with Pool(workers=1) as pool:
        codec = known(pool, NATIVE)
        answers = pool.decode(codec, frames(*[13] * 50))
        killed = answers.count(Fault(Reason.TOO_SLOW))
        assert 2 <= killed <= 4
        assert answers[killed:] == [Fault(Reason.SET_ASIDE)] * (50 - killed)


def test_a_worker_that_waits_without_working_is_killed(monkeypatch):
    monkeypatch.setattr(process, "STUCK_S", 0.5)
    with Pool(workers=1) as pool:
        codec = known(pool, HONEST)
        pool.decode(codec, frames(1))
        stopped = pool.pids()[0]
        os.kill(stopped, signal.SIGSTOP)
        # It had not begun with a frame: a new one does it, and nothing is lost.
        assert pool.decode(codec, frames(1, 2)) == [Decoded({"n": 1, "port": 2}), Decoded({"n": 2, "port": 2})]
        assert pool.pids() != [stopped]


_CALLER = """
import sys
from mitoyen.connect.codecs.pool import Frame, Pool
pool = Pool(workers=1)
pool.register("c", "function Decoder() { for (;;); }")
pool.register("ok", "function Decoder() { return {}; }")
pool.decode("ok", [Frame(b"1", 1, 0)])
print(*pool.pids(), flush=True)
if sys.argv[1] == "busy":
    pool.decode("c", [Frame(b"1", 1, 0)] * 4)
sys.stdin.read()
"""


@pytest.mark.parametrize("state", ["idle", "busy"])
def test_a_worker_ends_with_its_caller(state):
    caller = subprocess.Popen(
        [sys.executable, "-c", _CALLER, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with caller:
        assert caller.stdout
        worker = int(caller.stdout.readline())
        caller.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{worker}/stat").exists() and _state(worker) != "Z":
        assert time.monotonic() < until, "the worker lives on"
        time.sleep(0.05)


def _state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def test_threads_share_a_pool():
    with Pool(workers=2) as pool:
        codecs = [known(pool, HONEST), known(pool, NATIVE)]
        with ThreadPoolExecutor(6) as threads:
            results = list(
                threads.map(lambda n: pool.decode(codecs[n % 2], frames(n, 13 if n == 3 else 14, n + 1)), range(12))
            )
        for n, answers in enumerate(results):
            second = Fault(Reason.TOO_SLOW) if n == 3 else Decoded({"n": 14, "port": 2})
            assert answers == [Decoded({"n": n, "port": 2}), second, Decoded({"n": n + 1, "port": 2})]


def test_more_codecs_than_a_worker_keeps(pool):
    codecs = [known(pool, f"function Decoder() {{ return {{me: {n}}}; }}") for n in range(70)]
    for _ in range(2):
        for n, codec in enumerate(codecs):
            assert pool.decode(codec, frames(1)) == [Decoded({"me": n})]


def test_a_codec_is_known_by_its_hash(pool):
    codec = known(pool, HONEST)
    pool.register(codec, HONEST)
    assert pool.knows(codec)
    with pytest.raises(ValueError, match="another script"):
        pool.register(codec, NATIVE)
    with pytest.raises(KeyError):
        pool.decode("unheard of", frames(1))


def test_a_script_too_long_is_not_run(pool):
    (answer,) = pool.decode(known(pool, HONEST + " " * 1_000_000), frames(1))
    assert isinstance(answer, Fault)
    assert answer.reason == Reason.BROKEN


def test_closing_ends_a_decode_under_way_and_later_ones():
    pool = Pool(workers=1)
    codec = known(pool, "function decodeUplink() { for (;;); }")
    failed = []

    def decode():
        try:
            pool.decode(codec, frames(1, 2, 3))
        except RuntimeError as error:
            failed.append(str(error))

    thread = threading.Thread(target=decode)
    thread.start()
    time.sleep(0.3)
    pool.close()
    thread.join(5)
    assert failed == ["the pool is closed"]
    with pytest.raises(RuntimeError, match="closed"):
        pool.decode(codec, frames(1))


def test_a_worker_has_no_secrets_and_no_rights(pool, monkeypatch):
    pool.decode(known(pool, HONEST), frames(1))
    proc = Path(f"/proc/{worker_of(pool).pid}")
    names = {line.split(b"=")[0] for line in (proc / "environ").read_bytes().split(b"\0") if line}
    assert names == {b"TZ", b"LC_ALL"}
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == 0
    assert os.geteuid() != 0 or status["Uid"].split() == ["65534"] * 4
    limits = (proc / "limits").read_text()
    for name in ("Max core file size", "Max processes", "Max open files", "Max file size"):
        (line,) = [line for line in limits.splitlines() if line.startswith(name)]
        assert line.split()[-3:-1] == ["0", "0"], line
    assert (proc / "cwd").readlink() == Path("/")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"data":{"a":1},"warnings":"low","left_out":["b"]}', Decoded({"a": 1}, ("low",), ("b",))),
        ('{"data":{"a":1},"errors":["no", 5]}', Fault(Reason.REFUSED, "no; 5", ("no", "5"))),
        ('{"errors":[],"warnings":null}', Decoded({})),
        ('{"data":[1]}', Fault(Reason.UNUSABLE, "the data are no object")),
        ("!threw Error: x", Fault(Reason.THREW, "Error: x")),
        ("!invented", Fault(Reason.UNUSABLE)),
    ],
)
def test_answers_are_read(text, answer):
    assert read_answer(text) == answer


@pytest.mark.parametrize("text", ["", "1", "[", '{"data":' + '{"a":' * 100_000, '{"data":{"a":NaN}}'])
def test_an_answer_that_is_no_answer_is_a_fault(text):
    answer = read_answer(text)
    assert isinstance(answer, Fault)
    assert answer.reason == Reason.UNUSABLE


def test_a_breaker_lets_a_codec_back_and_is_less_patient_then():
    guard = Breaker()
    assert not guard.charge("slow", breaker.CODEC_S * 0.9, 1, now=1000)
    assert guard.charge("slow", 0.2, 1, now=1001)
    assert guard.is_open("slow", 1001 + breaker.FIRST_PAUSE_S - 1)
    assert not guard.is_open("other", 1001)
    back = 1001 + breaker.FIRST_PAUSE_S
    assert not guard.is_open("slow", back)
    assert guard.charge("slow", 0.2, 1, now=back)
    assert guard.is_open("slow", back + 2 * breaker.FIRST_PAUSE_S - 1)
    assert not guard.is_open("slow", back + 2 * breaker.FIRST_PAUSE_S)


def test_a_breaker_forgives_what_is_rare_and_never_minds_usual_frames():
    guard = Breaker()
    for minute in range(100):
        assert not guard.charge("rare", 0.2, 1, now=minute * 60.0)
        assert not guard.charge("usual", 0.5, 1000, now=minute * 60.0)
