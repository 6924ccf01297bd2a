"""`mitoyen run`: supervises the installation's processes; each also runs alone."""

import importlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

import typer
from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.ledger.refusal import Refused

PARTS = ("door", "gate", "worker", "rules")
# Channels, and what devices send, run as parts of their own once one of their settings is filled in: the settings, and
# the module whose `run_forever` does the work.
CHANNELS = {
    "mail": (("mail_listen", "mail_host"), "mitoyen.channels.mail.running"),
    "sms": (("sms_host",), "mitoyen.channels.sms.running"),
    "mqtt": (("mqtt_host",), "mitoyen.connect.mqtt.running"),
}
LONGEST_PAUSE_S = 30.0
STOP_WITHIN_S = 10.0


@app.command()
def run(part: str = typer.Argument("", help="door, gate, worker, rules, mail or sms; nothing: all of them.")) -> None:
    """Serve the portal and desk, the machines' door, and work behind them, until stopped."""
    if part and part not in (*PARTS, *CHANNELS):
        raise typer.BadParameter(f"{part}: {', '.join((*PARTS, *CHANNELS))}")
    if not (settings.MITOYEN_HOME / "secret.key").exists():
        raise Refused(
            _("There is no installation in %(home)s.") % {"home": settings.MITOYEN_HOME},
            _("Run: mitoyen init"),
        )
    if part == "worker":
        _work()
    elif part == "rules":
        _follow()
    elif part in CHANNELS:
        importlib.import_module(CHANNELS[part][1]).run_forever()
    elif part:
        os.execv(sys.executable, _command(part))  # noqa: S606
    else:
        serve()


def serve() -> None:
    """Run every part, restart one that dies (ever slower), stop all on Ctrl-C or SIGTERM."""
    from mitoyen.history import batches

    for line in batches.recover():
        print(line, file=sys.stderr)
    parts = [_Part(name) for name in (*PARTS, *_channels())]
    stopping = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        for part in parts:
            part.keep_running()
        time.sleep(0.2)
    for part in parts:
        part.stop()


@dataclass
class _Part:
    """One supervised process."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.5
    dead_since: float = field(default=0.0)

    def keep_running(self) -> None:
        now = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            if now - self.started > LONGEST_PAUSE_S:
                self.pause = 0.5
            return
        if self.process is not None:
            if not self.dead_since:
                self.dead_since = now
                print(
                    _("%(part)s stopped with code %(code)s; started again in %(pause).0f s.")
                    % {"part": self.name, "code": self.process.returncode, "pause": self.pause},
                    file=sys.stderr,
                )
            if now - self.dead_since < self.pause:
                return
            self.pause = min(self.pause * 2, LONGEST_PAUSE_S)
        self.process = subprocess.Popen(_command(self.name))
        self.started, self.dead_since = now, 0.0

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _command(part: str) -> list[str]:
    if part in ("worker", "rules") or part in CHANNELS:
        return [sys.executable, "-m", "mitoyen.cli", "run", part]
    options = settings.MITOYEN
    granian = [sys.executable, "-m", "granian", "--host", str(options["host"]), "--log-level", "warning"]
    granian += ["--no-ws", "--respawn-failed-workers", "--http", "1"]
    if part == "door":
        return [
            *granian,
            *("--interface", "wsgi", "--port", str(options["port"]), "--workers", str(options["workers"])),
            *("--blocking-threads", "2", "--backpressure", "64"),
            "mitoyen.www.wsgi:application",
        ]
    return [*granian, "--interface", "asgi", "--port", str(options["gate_port"]), "mitoyen.gate.app:application"]


def _channels() -> list[str]:
    """Those that are set up."""
    return [part for part, (names, _module) in CHANNELS.items() if any(settings.MITOYEN[name] for name in names)]


def _work() -> None:
    """Do jobs until stopped; the running one is handed out again after a kill."""
    from mitoyen.connect.devices import watching
    from mitoyen.ledger import jobs
    from mitoyen.operate.alerts import silences

    watching.start(silences.look)
    jobs.work_forever()


def _follow() -> None:
    """Have the alert rules follow what comes in, until stopped."""
    from mitoyen.operate.alerts import running

    running.run_forever()
