"""`python -m bench.webhooks`: uplinks taken in by webhook, one a request, answered once durable.

Starts the machines' door as `mitoyen run gate` does; the load comes from another process over kept-alive connections,
each with one request under way, as fast as they are answered (or `--rate` a second). Then counts that each uplink that
was answered is kept once and its observations are in the journal.
"""

import argparse
import asyncio
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from typing import Any

from bench import fleet, home, machine
from bench.bulk_http import gate

PORT = 8792


class _Sender(asyncio.Protocol):
    """A connection: the next request goes as soon as the one before is answered; the least that HTTP takes."""

    def __init__(self, load: "_Load") -> None:
        self.load, self.began = load, 0.0
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.load.idle.append(self)
        self.load.go()

    def send(self) -> None:
        _eui, content = next(self.load.source)
        self.began = time.perf_counter()
        self.transport.write(self.load.head % len(content) + content)

    def data_received(self, data: bytes) -> None:
        # Answers are short: they come in one piece.
        self.load.took.append(time.perf_counter() - self.began)
        if not data.startswith(b"HTTP/1.1 200"):
            self.load.faults.append(data[:200])
        self.load.idle.append(self)
        self.load.go()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.load.over():
            self.load.faults.append(b"the connection broke")


class _Load:
    def __init__(self, key: str, rate: int, seconds: float, first: int) -> None:
        self.head = f"POST /v1/uplinks/chirpstack4 HTTP/1.1\r\nHost: b\r\nX-API-Key: {key}\r\nContent-Length: ".encode()
        self.head += b"%d\r\n\r\n"
        self.source = fleet.uplinks(first)
        self.rate, self.seconds = rate, seconds
        self.began = time.perf_counter()
        self.sent = 0
        self.idle: list[_Sender] = []
        self.took: list[float] = []
        self.faults: list[bytes] = []

    def over(self) -> bool:
        return time.perf_counter() - self.began > self.seconds

    def go(self) -> None:
        due = (time.perf_counter() - self.began) * self.rate if self.rate else float("inf")
        while self.idle and self.sent < due and not self.over():
            self.sent += 1
            self.idle.pop().send()


async def _loaded(port: int, key: str, connections: int, *, rate: int, seconds: float, first: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    load = _Load(key, rate, seconds, first)
    for _ in range(connections):
        await loop.create_connection(lambda: _Sender(load), "127.0.0.1", port)
    cpu = time.process_time()
    while not load.over() or len(load.idle) < connections:
        load.go()
        await asyncio.sleep(0.002)
        if time.perf_counter() - load.began > seconds + 60:
            break
    took = sorted(load.took)
    return {
        "sent": load.sent, "answered": len(took), "faults": [fault.decode("latin-1") for fault in load.faults[:3]],
        "refused": len(load.faults), "cpu": time.process_time() - cpu, "lasted": time.perf_counter() - load.began,
        "spread": [took[len(took) // 2], took[len(took) * 99 // 100], took[-1]],
    }  # fmt: skip


def _child(pipe: Connection, arguments: tuple[Any, ...], more: dict[str, Any]) -> None:
    pipe.send(asyncio.run(_loaded(*arguments, **more)))


def loaded(*arguments: Any, **more: Any) -> dict[str, Any]:
    """What the load, run in a process of its own, measured."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_child, args=(theirs, arguments, more))
    child.start()
    found: dict[str, Any] = ours.recv()
    child.join()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=int, default=0, help="requests a second; 0: as fast as they are answered")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--warm", type=float, default=20)
    parser.add_argument("--port", type=int, default=PORT)
    asked = parser.parse_args()
    with home.temporary() as folder:
        from mitoyen.gate import keys
        from mitoyen.history import journal

        fleet.build()
        key = keys.make_key(folder / "gate.keys", "bench")
        with gate(asked.port) as process:
            warm = loaded(asked.port, key, asked.connections, rate=0, seconds=asked.warm, first=0)["sent"]
            before, spent = journal.count(), machine.cpu_of(process.pid)
            found = loaded(asked.port, key, asked.connections, rate=asked.rate, seconds=asked.seconds, first=warm)
            spent = machine.cpu_of(process.pid) - spent
        kept = journal.count() - before
    each = [1e6 * one / found["sent"] for one in (spent, found["cpu"])]
    machine.show(
        f"Webhooks, one uplink a request, {asked.connections} connections, {fleet.DEVICES:,} devices",
        [
            ("requests answered a second", f"{found['answered'] / found['lasted']:,.0f}", "3,000"),
            ("answered, of them not with 200", f"{found['answered']:,} / {found['refused']:,}", "0"),
            ("observations in the journal, two an uplink", f"{kept:,}", f"{2 * found['sent']:,}"),
            ("p50 / p99 / longest answer, ms", " / ".join(f"{1e3 * one:.0f}" for one in found["spread"]), ""),
            ("CPU, µs a request: door / load", " / ".join(f"{one:.0f}" for one in each), "667"),
        ],
    )
    for fault in found["faults"]:
        print(fault)
    if kept != 2 * found["sent"]:
        sys.exit("The journal does not hold what was acknowledged.")


if __name__ == "__main__":
    main()
