"""`python -m bench.submissions`: how many requests people may hand in at once over the web.

Starts granian (WSGI, two processes) on the seeded home and posts the form "report a problem" 200 times a second, open
loop, each from an address of its own with a token of its own; then counts that each is kept exactly once.
"""

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import urlencode

from bench.machine import show
from bench.portal import PORT, _seeded, serve

FORM = "/services/report_problem/"
CATEGORIES = ("lighting", "road", "cleanliness", "waste", "water", "green_space", "signs", "other")


def form_of(base: str) -> tuple[str, str]:
    """The cookie and the token against forged forms, as a browser gets them with the page."""
    with urllib.request.urlopen(base + FORM) as answer:  # noqa: S310 - our own server
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.read().decode())
    assert found is not None
    return cookie, found[1]


def message(number: int, port: int, cookie: str, csrf: str) -> bytes:
    """One form, whole, as sent."""
    fields = {
        "csrfmiddlewaretoken": csrf,
        "token": str(uuid.uuid4()),
        "q-category": CATEGORIES[number % len(CATEGORIES)],
        "q-place": "Trélazé",
        "q-words": f"Banc d’essai, demande {number}.",
        "contact-way": "mail",
        "contact-value": f"personne{number}@exemple.fr",
    }
    body = urlencode(fields).encode()
    head = (
        f"POST {FORM} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nCookie: {cookie}\r\n"
        f"X-Forwarded-For: 10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _once(port: int, content: bytes, due: float, times: list[float], faults: list[str]) -> None:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(content)
        answer = await reader.read()
        writer.close()
        if not answer.startswith(b"HTTP/1.1 302"):
            faults.append(repr(answer[:60]))
    except OSError as error:
        faults.append(str(error))
    times.append(time.perf_counter() - due)


async def load(port: int, messages: list[bytes], rate: int) -> tuple[list[float], list[str]]:
    """Send `messages` at `rate` a second, none waiting for another."""
    times: list[float] = []
    faults: list[str] = []
    start = time.perf_counter() + 0.1
    tasks = []
    for number, content in enumerate(messages):
        due = start + number / rate
        delay = due - time.perf_counter()
        if delay > 0:
            await asyncio.sleep(delay)
        tasks.append(asyncio.create_task(_once(port, content, due, times, faults)))
    await asyncio.gather(*tasks)
    return times, faults


def kept(home: Path) -> int:
    """Requests in the installation's database."""
    code = "import django; django.setup()\nfrom mitoyen.services.models import Request\nprint(Request.objects.count())"
    environment = {**os.environ, "MITOYEN_HOME": str(home), "DJANGO_SETTINGS_MODULE": "mitoyen.settings"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return int(done.stdout)


def cpu_seconds(parent: int) -> float:
    """Processor time that a process and those it started have used so far (Linux)."""
    used, parents = {}, {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(entry.parent.name)
        parents[number], used[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    family = {parent}
    while more := {number for number, above in parents.items() if above in family} - family:
        family |= more
    return sum(used.get(number, 0) for number in family) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200, help="submissions a second")
    parser.add_argument("--seconds", type=int, default=15)
    parser.add_argument("--port", type=int, default=PORT + 1)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    os.environ["MITOYEN_TRUSTED_PROXIES"] = "127.0.0.1"
    home = _seeded()
    process = serve(home, asked.port, asked.workers)
    try:
        for _worker in range(20 * asked.workers):
            # Each process has answered before the clock starts.
            cookie, csrf = form_of(f"http://127.0.0.1:{asked.port}")
        count = asked.rate * asked.seconds
        messages = [message(number, asked.port, cookie, csrf) for number in range(count)]
        before = cpu_seconds(process.pid)
        times, faults = asyncio.run(load(asked.port, messages, asked.rate))
        spent = cpu_seconds(process.pid) - before
    finally:
        process.terminate()
        process.wait()
    stored = kept(home)
    shutil.rmtree(home)
    times.sort()
    p50, p95, p99 = (1000 * times[int(len(times) * share)] for share in (0.5, 0.95, 0.99))
    rows = [
        ("submissions kept, each once", f"{stored} of {count}", f"{count}"),
        ("not answered as they should be", str(len(faults)), "0"),
        ("processor time of the server a submission, ms", f"{1000 * spent / count:.2f}", ""),
        ("p50 / p99, ms", f"{p50:.1f} / {p99:.1f}", ""),
        (f"p95 at {asked.rate} a second, ms", f"{p95:.1f}", "100"),
    ]
    show("submissions over the web", rows)
    for fault in faults[:3]:
        print(fault)


if __name__ == "__main__":
    main()
