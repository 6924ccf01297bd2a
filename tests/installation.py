"""A whole installation in a folder of its own, used as its users would: through the `mitoyen` command."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Installation:
    """`home` is its MITOYEN_HOME."""

    home: Path

    def environment(self, **more: object) -> dict[str, str]:
        settings = {name: value for name, value in os.environ.items() if not name.startswith("MITOYEN_")}
        return {**settings, "MITOYEN_HOME": str(self.home), **{name: str(value) for name, value in more.items()}}

    def run(self, *arguments: object, expect: int = 0, **environment: object) -> subprocess.CompletedProcess[str]:
        """Run `mitoyen ARGUMENTS`; fails the test, showing what it said, when the exit code isn't `expect`."""
        command = [sys.executable, "-m", "mitoyen.cli", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment(**environment), capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == expect, f"{command} ended with {done.returncode}:\n{done.stderr}\n{done.stdout}"
        return done

    def json(self, *arguments: object, expect: int = 0) -> Any:
        """What `mitoyen ARGUMENTS --json` says."""
        return json.loads(self.run(*arguments, "--json", expect=expect).stdout)

    def python(self, code: str) -> str:
        """Run code with Django set up on this installation; what it printed."""
        start = "import django; django.setup()\n"
        done = subprocess.run(
            [sys.executable, "-c", start + code],
            env=self.environment(DJANGO_SETTINGS_MODULE="mitoyen.settings"),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def serving(self, part: str = "", **environment: object):
        """`mitoyen run PART` in the background, answering; yields (process, door's address, gate's address)."""
        door, gate = free_port(), free_port()
        with (self.home.parent / "run.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "mitoyen.cli", "run", *([part] if part else [])],
                env=self.environment(MITOYEN_PORT=door, MITOYEN_GATE_PORT=gate, **environment),
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        try:
            if part in ("", "gate"):
                wait_for(f"http://127.0.0.1:{gate}/health")
            if part in ("", "door"):
                wait_for(f"http://127.0.0.1:{door}/")
            yield process, f"http://127.0.0.1:{door}", f"http://127.0.0.1:{gate}"
        finally:
            process.terminate()
            process.wait(20)
            self.kill_children(process)

    @staticmethod
    def kill_children(process: "subprocess.Popen[bytes]") -> None:
        """Kill whatever the server left running, at once."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(address: str, seconds: float = 30) -> None:
    """Until something answers there, whatever it says."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing answers at {address}"
            time.sleep(0.1)
        else:
            return
