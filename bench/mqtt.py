"""`python -m bench.mqtt`: uplinks of 50,000 devices of twenty models over a real Mosquitto, at a steady rate, QoS 1.

Broker, generator and consumer (with its codec workers) run on this machine. The generator sends open loop, as a network
server does: `--rate` a second whatever the others do. The consumer is the product's own; beside its work, of one
message in fifty it notes how long ago that was published when it acknowledges it. Beside it the product's alert rules
follow the journal, five on each of the 100,000 datastreams. At the end every message must be kept once and both of its
observations be in the journal.
"""

import argparse
import json
import multiprocessing
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench import fleet, followed, home, machine

PORT = 8783
USER, PASSWORD = "bench", "bench"
SAMPLED = 50
_TIME = re.compile(rb'"time":"([^"]+)"')


@contextmanager
def broker(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Mosquitto, configured as `mitoyen mqtt config` says."""
    passwords = folder / "passwd"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", str(passwords), USER, PASSWORD], check=True)
    command = [sys.executable, "-m", "mitoyen.cli", "mqtt", "config", "--listener", f"{port} 127.0.0.1"]
    command += ["--data", str(folder), "--password-file", str(passwords)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (folder / "mosquitto.conf").write_text(printed + "user root\n")
    server = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([server, "-c", str(folder / "mosquitto.conf")], stdout=log, stderr=log)
    try:
        time.sleep(1)
        yield process
    finally:
        process.terminate()
        process.wait()


def _text(value: str | bytes) -> bytes:
    raw = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(raw)) + raw


def _packet(kind: int, rest: bytes) -> bytes:
    length, out = len(rest), bytearray([kind])
    while True:
        length, low = divmod(length, 128)
        out.append(low | (0x80 if length else 0))
        if not length:
            return bytes(out) + rest


class Publisher:
    """As little of MQTT 3.1.1 as publishing takes: the generator must not be what is measured."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = _text("MQTT") + bytes([4, 0b11000010]) + struct.pack(">H", 0)
        self.socket.sendall(_packet(0x10, head + _text("generator") + _text(USER) + _text(PASSWORD)))
        assert self.socket.recv(4) == b"\x20\x02\x00\x00"
        self.sent = self.acknowledged = 0
        self._rest = b""

    def publish(self, uplinks: Sequence[tuple[str, bytes]]) -> None:
        packets = []
        for eui, content in uplinks:
            self.sent += 1
            number = struct.pack(">H", self.sent % 65535 + 1)
            packets.append(_packet(0x32, _text(f"application/1/device/{eui}/event/up") + number + content))
        self.socket.sendall(b"".join(packets))

    def listen(self) -> None:
        """Count the acknowledgements that came."""
        while select.select([self.socket], [], [], 0)[0]:
            came = self.socket.recv(65536)
            if not came:
                raise ConnectionError("the broker has gone")
            self.acknowledged += (len(self._rest) + len(came)) // 4
            self._rest = (self._rest + came)[len(self._rest + came) // 4 * 4 :]


def _generate(pipe: Connection, port: int, rate: int, seconds: float, first: int) -> None:
    publisher, source = Publisher(port), fleet.uplinks(first)
    began, cpu, behind = time.perf_counter(), time.process_time(), 0.0
    while (passed := time.perf_counter() - began) < seconds:
        due = int(passed * rate) - publisher.sent
        if due > 0:
            publisher.publish([next(source) for _ in range(min(due, 500))])
            behind = max(behind, (due - 500) / rate)
        publisher.listen()
        time.sleep(0.005)
    deadline = time.perf_counter() + 60
    while publisher.acknowledged < publisher.sent and time.perf_counter() < deadline:
        publisher.listen()
        time.sleep(0.01)
    spent = time.process_time() - cpu
    pipe.send({"sent": publisher.sent, "acknowledged": publisher.acknowledged, "cpu": spent, "behind": behind})


def _consume() -> None:
    """`mitoyen run mqtt`, that besides notes how late it acknowledges; said when it is stopped."""
    import django

    django.setup()
    from mitoyen.connect.mqtt import broker as link
    from mitoyen.connect.mqtt import running
    from mitoyen.connect.uplinks import careful

    late: list[tuple[float, float]] = []
    lots: list[tuple[float, float]] = []
    take = careful.take

    def timed(messages: Sequence[Any]) -> Any:
        began = time.time()
        taken = take(messages)
        lots.append((began, time.time() - began))
        return taken

    careful.take = timed
    real = link.Broker.acknowledge

    def noted(self: link.Broker, held: Sequence[Any]) -> int:
        done = real(self, held)
        now = time.time()
        for one in held[::SAMPLED]:
            found = _TIME.search(one.message.content)
            if found is not None:
                late.append((now, now - datetime.fromisoformat(found[1].decode()).timestamp()))
        return done

    link.Broker.acknowledge = noted  # type: ignore[method-assign]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    running.run_forever(stop)
    print(json.dumps([late, lots]))


@contextmanager
def consumer(port: int, told: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ, "MITOYEN_MQTT_HOST": "127.0.0.1", "MITOYEN_MQTT_PORT": str(port), "MITOYEN_MQTT_USER": USER,
        "MITOYEN_MQTT_PASSWORD": PASSWORD, "MITOYEN_MQTT_TOPICS": "application/+/device/+/event/up=chirpstack4",
    }  # fmt: skip
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([sys.executable, "-m", "bench.mqtt", "--consume"], env=environment, stdout=out)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()
            out.seek(0)
            told["late"], told["lots"] = json.loads(out.read() or b"[[], []]")


@contextmanager
def rules(packages: Path, told: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    """`mitoyen run rules`; `told["behind"]` has, ten times a second, the time and how old the last whole look was."""
    from mitoyen.operate.alerts import running

    environment = {**os.environ, "PYTHONPATH": str(packages)}
    process = subprocess.Popen([sys.executable, "-m", "mitoyen.cli", "run", "rules"], env=environment)
    told["behind"], stop = [], threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            if said := running.told():
                began = datetime.fromisoformat(said["at"]).timestamp() - said["behind_s"]
                told["behind"].append((time.time(), time.time() - began))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield process
    finally:
        stop.set()
        watching.join()
        process.terminate()
        process.wait()


def generated(port: int, rate: int, seconds: float, first: int) -> dict[str, Any]:
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_generate, args=(theirs, port, rate, seconds, first))
    child.start()
    found: dict[str, Any] = ours.recv()
    child.join()
    return found


def _until_kept(count: int, seconds: float) -> int:
    """How many observations the journal holds, once they are all there or the time is over."""
    from mitoyen.history import journal

    deadline = time.monotonic() + seconds
    while (held := journal.count()) < count and time.monotonic() < deadline:
        time.sleep(0.5)
    return held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=5000, help="uplinks a second")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--warm", type=float, default=30, help="seconds before the clock starts: all devices once")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--consume", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.consume:
        _consume()
        return
    with home.temporary() as folder, tempfile.TemporaryDirectory() as data:
        packages = followed.install(folder, "room", {"temperature": "Cel", "humidity": "%"})
        fleet.build()
        told: dict[str, Any] = {}
        with (
            broker(Path(data), asked.port) as server,
            consumer(asked.port, told) as taking,
            rules(packages, told) as following,
        ):
            time.sleep(5)
            warm = generated(asked.port, min(asked.rate, 2000), asked.warm, 0)["sent"] if asked.warm else 0
            _until_kept(2 * warm, 120)
            began = time.time()
            processes = (server, taking, following)
            spent = [machine.cpu_of(one.pid) for one in processes]
            found = generated(asked.port, asked.rate, asked.seconds, warm)
            ended = time.time()
            held = _until_kept(2 * (warm + found["sent"]), 120)
            drained = time.time() - ended
            used = [machine.cpu_of(one.pid) - s for one, s in zip(processes, spent, strict=True)]
        found["longest_lot"] = max((took for at, took in told["lots"] if at >= began), default=-1.0)
        found["behind_rules"] = max((age for at, age in told["behind"] if at >= began), default=-1.0)
        _show(asked, found, told["late"], (began, drained, held - 2 * warm, used))
    if held != 2 * (warm + found["sent"]):
        sys.exit("The journal does not hold what was acknowledged.")


def _show(asked: argparse.Namespace, found: dict[str, Any], late: Any, rest: tuple[float, float, int, Any]) -> None:
    began, drained, held, used = rest
    waits = sorted(wait for at, wait in late if at >= began)
    spread = "-"
    if waits:
        chosen = (waits[len(waits) // 2], waits[len(waits) * 99 // 100], waits[-1])
        spread = " / ".join(f"{1e3 * one:,.0f}" for one in chosen)
    costs = " / ".join(f"{1e6 * one / found['sent']:.0f}" for one in (*used, found["cpu"]))
    machine.show(
        f"MQTT QoS 1, {asked.seconds:.0f} s, {fleet.DEVICES:,} devices, {fleet.CODECS} codecs",
        [
            ("uplinks published a second", f"{found['sent'] / asked.seconds:,.0f}", f"{asked.rate:,}"),
            ("published / acknowledged by the broker", f"{found['sent']:,} / {found['acknowledged']:,}", "equal"),
            ("observations in the journal, two an uplink", f"{held:,}", f"{2 * found['sent']:,}"),
            ("p50 / p99 / longest from publishing to acknowledging, ms", spread, ""),
            ("what waited when the last was sent was in after, s", f"{drained:.1f}", "1"),
            ("longest that one lot took from the inbox to the disk, s", f"{found['longest_lot']:.2f}", ""),
            ("rules behind the journal at most, s", f"{found['behind_rules']:.1f}", "10"),
            ("generator behind at most, s", f"{max(0.0, found['behind']):.2f}", "0"),
            ("CPU, µs an uplink: broker / consumer / rules / generator", costs, "400"),
        ],
    )


if __name__ == "__main__":
    main()
