"""A real Mosquitto of the tests' own, with the configuration that `mitoyen mqtt config` prints."""

import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from mitoyen.cli import mqtt  # noqa: F401 - registers the command
from mitoyen.cli.main import app
from tests.installation import free_port

USER, PASSWORD = "mitoyen", "a long password"
SERVER = shutil.which("mosquitto") or "/usr/sbin/mosquitto"


@dataclass
class Mosquitto:
    """A broker in a folder: it can be killed and started again, on the same port, with what it wrote."""

    folder: Path
    port: int = field(default_factory=free_port)
    save_after: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    def configure(self) -> None:
        passwords = self.folder / "passwd"
        passwords.touch(mode=0o600)
        subprocess.run(["mosquitto_passwd", "-b", str(passwords), USER, PASSWORD], check=True, capture_output=True)
        options = ["--listener", f"{self.port} 127.0.0.1", "--data", str(self.folder), "--password-file", passwords]
        options += ["--save-after", self.save_after]
        printed = CliRunner().invoke(app, ["mqtt", "config", *map(str, options)], catch_exceptions=False)
        assert printed.exit_code == 0
        # As root, it would become a user who may not write here.
        (self.folder / "mosquitto.conf").write_text(printed.output + "user root\nconnection_messages true\n")

    def start(self) -> None:
        command = [SERVER, "-c", str(self.folder / "mosquitto.conf")]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def kill(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    @contextmanager
    def publisher(self, name: str = "") -> Iterator["Publisher"]:
        made = Publisher(self.port, name)
        try:
            yield made
        finally:
            made.close()


class Publisher:
    """Publishes as a network server does; `acknowledged` holds what the broker has said yes to."""

    def __init__(self, port: int, name: str = "") -> None:
        self.acknowledged: set[int] = set()
        self._numbers: dict[int, int] = {}
        self._early: set[int] = set()
        self._lock = threading.Lock()
        self._client = Client(CallbackAPIVersion.VERSION2, name, clean_session=not name)
        self._client.username_pw_set(USER, PASSWORD)
        self._client.max_inflight_messages_set(500)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._published
        self._connected = threading.Event()
        self._client.on_connect = lambda *_given: self._connected.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._connected.wait(20)

    def publish(self, number: int, topic: str, content: bytes, qos: int = 1, *, retain: bool = False) -> None:
        mid = self._client.publish(topic, content, qos, retain).mid
        with self._lock:
            # The answer may be quicker than we are.
            if mid in self._early:
                self._early.remove(mid)
                self.acknowledged.add(number)
            else:
                self._numbers[mid] = number

    def _published(self, _client, _data, mid, *_more) -> None:
        with self._lock:
            if mid in self._numbers:
                self.acknowledged.add(self._numbers.pop(mid))
            else:
                self._early.add(mid)

    @property
    def waiting(self) -> int:
        with self._lock:
            return len(self._numbers)

    def settle(self, seconds: float = 30) -> None:
        """Until the broker has said yes to everything."""
        deadline = time.monotonic() + seconds
        while self.waiting:
            assert time.monotonic() < deadline, f"{self.waiting} messages wait for the broker"
            time.sleep(0.02)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def mosquitto(tmp_path, request) -> Iterator[Mosquitto]:
    """Started, configured as we tell people to; a parameter says after how many changes it writes."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    broker = Mosquitto(folder, save_after=getattr(request, "param", 0))
    broker.configure()
    broker.start()
    yield broker
    broker.stop()
