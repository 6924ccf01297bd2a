"""`python -m bench.bulk_http`: observations taken in over HTTP, a thousand a request, acknowledged once durable.

Starts the machines' door as `mitoyen run gate` does, and sends from another process over kept-alive connections; then
counts that the journal holds just what was acknowledged. `--shape history` sends a thousand times of one datastream a
request instead of a thousand datastreams at one time.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from bench import home, machine

PORT = 8791
A_REQUEST = 1000
DATASTREAMS = 50_000
MARK = "2000-01-01T00:00:00Z"
BEGINS = datetime(2020, 1, 1, tzinfo=UTC)


@contextmanager
def gate(port: int = PORT) -> Iterator[subprocess.Popen[bytes]]:
    """The machines' door on the home that is set, once it answers."""
    environment = {**os.environ, "MITOYEN_GATE_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "mitoyen.cli", "run", "gate"], env=environment)
    try:
        for _attempt in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
                break
            except OSError:
                time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        process.wait()


def at_one_time() -> list[bytes]:
    """Bodies of a thousand datastreams each, with a mark where the time stands."""
    names = [f"t{i}/electricity" for i in range(DATASTREAMS)]
    return [
        json.dumps(
            [
                {"datastream": name, "time": MARK, "value": i % 1009 / 10, "length": 900}
                for i, name in enumerate(names[first : first + A_REQUEST])
            ]
        ).encode()
        for first in range(0, DATASTREAMS, A_REQUEST)
    ]


def bodies(shape: str) -> Iterator[bytes]:
    """Requests' bodies without end; none has a reading that another has."""
    if shape == "now":
        marked = at_one_time()
        for number in range(10**9):
            at = BEGINS + timedelta(minutes=15 * (number // len(marked)))
            text = at.isoformat().replace("+00:00", "Z").encode()
            yield marked[number % len(marked)].replace(MARK.encode(), text)
    begins = BEGINS - timedelta(days=3653) if shape == "warm" else BEGINS
    times = [(begins + timedelta(minutes=15 * i)).isoformat().replace("+00:00", "Z") for i in range(A_REQUEST)]
    readings = [{"datastream": "MARK", "time": at, "value": i / 10, "length": 900} for i, at in enumerate(times)]
    marked = [json.dumps(readings).encode()]
    for number in range(DATASTREAMS):
        yield marked[0].replace(b"MARK", f"t{number}/electricity".encode())


async def _sender(port: int, key: str, source: Iterator[bytes], until: float, took: list[float]) -> int:
    head = f"POST /v1/observations HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\nContent-Length: %d\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    accepted = 0
    while time.perf_counter() < until:
        body = next(source)
        began = time.perf_counter()
        writer.write((head % len(body)).encode())
        writer.write(body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        content = await reader.readexactly(length)
        took.append(time.perf_counter() - began)
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{answer!r} {content!r}")
        accepted += json.loads(content)["accepted"]
    writer.close()
    return accepted


async def _load(port: int, key: str, shape: str, connections: int, seconds: float) -> dict[str, Any]:
    took: list[float] = []
    source = bodies(shape)
    began, cpu = time.perf_counter(), time.process_time()
    senders = [_sender(port, key, source, began + seconds, took) for _ in range(connections)]
    accepted = sum(await asyncio.gather(*senders))
    lasted = time.perf_counter() - began
    took.sort()
    return {
        "accepted": accepted, "lasted": lasted, "cpu": time.process_time() - cpu,
        "p50": took[len(took) // 2], "p99": took[len(took) * 99 // 100], "longest": took[-1],
    }  # fmt: skip


def _child(pipe: Connection, *arguments: Any) -> None:
    pipe.send(asyncio.run(_load(*arguments)))


def loaded(*arguments: Any) -> dict[str, Any]:
    """What the load, run in a process of its own, measured."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_child, args=(theirs, *arguments))
    child.start()
    found: dict[str, Any] = ours.recv()
    child.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--shape", choices=("now", "history"), default="now")
    parser.add_argument("--port", type=int, default=PORT)
    asked = parser.parse_args()
    with home.temporary() as folder:
        from mitoyen.gate import keys
        from mitoyen.history import journal

        home.datastreams(DATASTREAMS)
        key = keys.make_key(folder / "gate.keys", "bench")
        with gate(asked.port) as process:
            loaded(asked.port, key, "warm", 1, 0.5)
            before, spent = journal.count(), machine.cpu_of(process.pid)
            found = loaded(asked.port, key, asked.shape, asked.connections, asked.seconds)
            spent = machine.cpu_of(process.pid) - spent
        kept = journal.count() - before
        spread = " / ".join(f"{1e3 * found[name]:.0f}" for name in ("p50", "p99", "longest"))
        machine.show(
            f"Bulk HTTP, {A_REQUEST:,} observations a request, {asked.connections} connections, {asked.shape}",
            [
                ("observations a second", f"{found['accepted'] / found['lasted']:,.0f}", "200,000"),
                ("acknowledged, and in the journal", f"{found['accepted']:,} / {kept:,}", "equal"),
                ("p50 / p99 / longest answer, ms", spread, ""),
                ("CPU of the door, seconds a million observations", f"{1e6 * spent / found['accepted']:.2f}", ""),
                ("of a core, used by the load itself", f"{found['cpu'] / found['lasted']:.0%}", ""),
            ],
        )
        if kept != found["accepted"]:
            sys.exit("The journal does not hold what was acknowledged.")


if __name__ == "__main__":
    main()
