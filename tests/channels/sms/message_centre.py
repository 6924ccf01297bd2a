"""A real SMSC in a process of its own: npm's `smpp`, installed once into a cached folder."""

import fcntl
import hashlib
import json
import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ASSETS = Path(__file__).parent / "smsc"


def modules() -> Path:
    """The folder with `smpp` in its node_modules; made when the lock file is new."""
    if not shutil.which("npm"):
        pytest.fail("node and npm are missing: apt-get install nodejs npm")
    lock = (ASSETS / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mitoyen-tests"
    folder = cache / f"smsc-{hashlib.sha256(lock).hexdigest()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            for name in ("package.json", "package-lock.json"):
                shutil.copy(ASSETS / name, folder / name)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
            (folder / "ready").touch()
    return folder


class MessageCentre:
    """What it tells arrives in `events`; `log` holds what it took, a JSON a line."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self.process, self.log = process, log
        self.events: list[dict[str, Any]] = []
        self._new: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self.port = int(self.wait_for("listening")["port"])

    def reset(self) -> None:
        """As if it had just been started."""
        self.order("reset")
        self.wait_for("reset")
        self.events.clear()

    def order(self, order: str, **more: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"order": order, **more}) + "\n")
        self.process.stdin.flush()

    def deliver(self, number: str, text: str, **more: object) -> None:
        """A person's message, in UCS-2 when it needs it as a phone would."""
        from mitoyen.ledger import gsm7

        self.order("deliver", **{"from": number, "message": text, "coding": 8 if gsm7.cost(text).ucs2 else 0, **more})

    def wait_for(self, event: str, seconds: float = 20) -> dict[str, Any]:
        """The next event of this kind that nobody waited for yet."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                told = self._new.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                pytest.fail(f"the message centre told no {event}: {self.events[-5:]}")
            self.events.append(told)
            if told["event"] == event:
                return told

    def taken(self) -> list[dict[str, Any]]:
        """Every message it took, in order."""
        if not self.log.exists():
            return []
        # The last line may still be on its way to the disk.
        whole, _end, _rest = self.log.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._new.put(json.loads(line))


@contextmanager
def running(folder: Path, **options: object) -> Iterator[MessageCentre]:
    """Start it with its log in `folder`; end it after."""
    log = folder / "smsc.log"
    process = subprocess.Popen(
        ["node", str(ASSETS / "smsc.js"), json.dumps({"log": str(log), **options})],
        env={**os.environ, "NODE_PATH": str(modules() / "node_modules")},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield MessageCentre(process, log)
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(10)
        assert process.stdout
        process.stdout.close()
