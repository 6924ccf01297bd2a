"""The browser harness: the real server on a small seeded home, Debian's Chromium, and axe.

`server` starts granian once a test session; `browser` and `open_page` drive Chromium against it; `axe` lists the faults
that axe-core finds on the page shown. `agent` signs in at the desk.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.www.seeding import AGENT

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CONTACTS = {
    "MITOYEN_CONTACT_PHONE": "02 41 00 00 00",
    "MITOYEN_CONTACT_SMS": "06 00 00 00 00",
    "MITOYEN_CONTACT_ADDRESS": "Place de la Mairie, 49000 Angers",
}


@dataclass(frozen=True)
class Server:
    """A running portal: its address, its home, and the seeded figures' ids by (kind, subject, measure)."""

    url: str
    home: Path
    figures: dict[tuple[str, str, str], str]

    def environment(self) -> dict[str, str]:
        """What a command needs to work on the server's home."""
        own = {"MITOYEN_HOME": str(self.home), "DJANGO_SETTINGS_MODULE": "mitoyen.settings", "NO_COLOR": "1"}
        return {**os.environ, **own, **CONTACTS}

    def python(self, code: str) -> str:
        """Run `code` on the server's home, Django set up; returns what it printed."""
        command = [sys.executable, "-c", f"import django; django.setup()\n{code}"]
        done = subprocess.run(command, env=self.environment(), check=True, capture_output=True, text=True)
        return done.stdout


@pytest.fixture(autouse=True)
def static_folder(settings, tmp_path: Path) -> None:
    """A folder for collected files that exists, as in an installation: without it each page would warn."""
    folder = tmp_path / "static"
    folder.mkdir()
    settings.STATIC_ROOT = folder


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """granian under WSGI, one process, on a home seeded by `tests.www.seeding`."""
    home = tmp_path_factory.mktemp("portal-home")
    port = _free_port()
    found = Server(f"http://127.0.0.1:{port}", home, {})
    printed = subprocess.run(
        [sys.executable, "-m", "tests.www.seeding"], env=found.environment(), check=True, capture_output=True, text=True
    ).stdout
    for kind, subject, measure, figure in json.loads(printed):
        found.figures[kind, subject, measure] = figure
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port), "--workers", "1"]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "mitoyen.www.wsgi:application"], env=found.environment(), stdout=output, stderr=output
        )
    try:
        _wait_until_up(found.url, process, log)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _attempt in range(150):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/accessibilite/", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


Opener = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Opener]:
    """`open_page("/comptes/", width=320, scheme="dark")` shows a page of the server. Words in the console and
    errors of the page are faults: the test fails at its end."""
    contexts: list[Any] = []
    faults: list[str] = []

    def told(message: ConsoleMessage) -> None:
        # A form that must be mended is answered with 422, which Chromium notes like a broken link.
        if "status of 422" not in message.text:
            faults.append(f"{message.type}: {message.text}")

    def opened(
        path: str = "/",
        *,
        width: int = 1280,
        height: int = 900,
        scheme: Literal["light", "dark"] = "light",
        **more: Any,
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        page.on("console", told)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture
def agent(open_page: Opener) -> Callable[..., Page]:
    """`agent("/bureau/")` signs the seeded administrator in and shows that page."""

    def signed_in(path: str = "/bureau/", **more: Any) -> Page:
        page = open_page(f"/compte/login/?next={path}", **more)
        page.fill("input[name=login]", AGENT[0])
        page.fill("input[name=password]", AGENT[1])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"**{path}*")
        return page

    return signed_in


@pytest.fixture(scope="session")
def axe_source() -> str:
    """axe-core, as the test dependency `axe-playwright-python` carries it."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def axe(axe_source: str) -> Callable[[Page], list[str]]:
    """`axe(page)`: what axe finds at fault on the page shown, best practices included; [] when all is well."""

    def faults(page: Page) -> list[str]:
        page.evaluate(axe_source)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{fault['id']}: {fault['help']} ({'; '.join(node['html'][:120] for node in fault['nodes'][:3])})"
            for fault in found["violations"]
        ]

    return faults
