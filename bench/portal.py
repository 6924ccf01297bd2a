"""`python -m bench.portal [HOME]`: how fast and how light the public pages are.

Starts granian (WSGI, two processes) on a home that holds an account (`mitoyen demo --no-serve` makes one), asks for its
pages 200 times a second over loopback, and weighs each page with everything that it loads. Without HOME, the small
seeded account of the tests is served. Pages are asked for by a client process of its own, open loop: a slow answer
delays nothing but itself, and its wait counts.
"""

import argparse
import asyncio
import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from bench.ecoindex import grade, score

PORT = 8141
REFERENCE = re.compile(r'<link rel="(?:stylesheet|icon)"[^>]*href="([^"]+)"|<(?:script|img)[^>]*src="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Weight:
    """A page with all that it loads: bytes as sent (gzip), elements (all, and without those inside an SVG)."""

    path: str
    page_bytes: int
    total_bytes: int
    requests: int
    elements: int
    outside_svg: int


class _Counter(HTMLParser):
    """Counts elements; `hidden` those inside an SVG, which EcoIndex leaves out."""

    VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.all = self.inside = self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all += 1
        self.inside += self.depth > 0
        if tag == "svg" or self.depth:
            self.depth += tag not in self.VOID

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all += 1
        self.inside += self.depth > 0

    def handle_endtag(self, tag: str) -> None:
        self.depth -= self.depth > 0


def count_elements(text: str) -> tuple[int, int]:
    """Elements of a page: all of them, and those outside any SVG (the drawing itself counts as one)."""
    counter = _Counter()
    counter.feed(text)
    return counter.all, counter.all - counter.inside


def fetch(url: str) -> tuple[bytes, int]:
    """The body unpacked, and the bytes that were sent."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})  # noqa: S310 - our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own server
        body: bytes = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(body) if packed else body), len(body)


def weigh(base: str, path: str) -> Weight:
    body, sent = fetch(base + path)
    text = body.decode()
    loaded = {first or second for first, second in REFERENCE.findall(text)}
    rest = sum(fetch(base + address)[1] for address in loaded)
    return Weight(path, sent, sent + rest, 1 + len(loaded), *count_elements(text))


def pages(base: str) -> list[str]:
    """The public pages reached from the home page: a few of each sort, in French and English."""
    listed = ["/", "/communes/", "/services/", "/comptes/", "/comptes/batiments/", "/comptes/non-prouve/", "/donnees/"]
    listed += ["/comment-nous-comptons/", "/accessibilite/", "/en/", "/en/comptes/"]
    seen = Counter[str]()
    queue, found = list(listed), list(listed)
    wanted = {"communes": 6, "batiments": 12, "chiffres": 12, "donnees": 6}
    while queue:
        body = fetch(base + queue.pop(0))[0].decode()
        for address in re.findall(r'href="(/[^"#?]*/)"', body):
            sort = address.split("/")[1]
            if address in found or sort not in wanted or seen[sort] >= wanted[sort]:
                continue
            seen[sort] += 1
            found.append(address)
            queue.append(address)
    return found


async def _once(port: int, path: str, due: float, seen: tuple[list[float], list[str]]) -> None:
    times, faults = seen
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()
        if not answer.startswith(b"HTTP/1.1 200"):
            faults.append(f"{path}: {answer[:40]!r}")
    except OSError as error:
        faults.append(f"{path}: {error}")
    times.append(time.perf_counter() - due)


async def load(port: int, paths: list[str], rate: int, seconds: int) -> tuple[list[float], list[str]]:
    """`rate` requests a second for `seconds`, each on a connection of its own, none waiting for another."""
    times: list[float] = []
    faults: list[str] = []
    start = time.perf_counter() + 0.1
    tasks = []
    for number in range(rate * seconds):
        due = start + number / rate
        delay = due - time.perf_counter()
        if delay > 0:
            await asyncio.sleep(delay)
        tasks.append(asyncio.create_task(_once(port, paths[number % len(paths)], due, (times, faults))))
    await asyncio.gather(*tasks)
    return times, faults


def serve(home: Path, port: int, workers: int) -> "subprocess.Popen[bytes]":
    """The people's door on `home` as the product runs it, up when this returns."""
    asked = {"MITOYEN_HOME": str(home), "MITOYEN_PORT": str(port), "MITOYEN_WORKERS": str(workers)}
    command = [sys.executable, "-m", "mitoyen.cli", "run", "door"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**os.environ, **asked}, stdout=log, stderr=subprocess.STDOUT)
    for _attempt in range(200):
        try:
            fetch(f"http://127.0.0.1:{port}/accessibilite/")
            return process
        except OSError:
            time.sleep(0.1)
    process.terminate()
    raise SystemExit("the server did not start")


def _seeded() -> Path:
    home = Path(tempfile.mkdtemp(prefix="mitoyen-bench-"))
    environment = {**os.environ, "MITOYEN_HOME": str(home), "DJANGO_SETTINGS_MODULE": "mitoyen.settings"}
    command = [sys.executable, "-m", "tests.www.seeding"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    return home


def _table(weights: list[Weight]) -> None:
    print(f"{'page':44} {'page kB':>8} {'all kB':>7} {'requests':>8} {'elements':>8} {'(no svg)':>8} {'EcoIndex':>9}")
    for one in weights:
        points = score(one.outside_svg, one.requests, one.total_bytes / 1024)
        print(
            f"{one.path[:44]:44} {one.page_bytes / 1024:8.1f} {one.total_bytes / 1024:7.1f} {one.requests:8} "
            f"{one.elements:8} {one.outside_svg:8} {points:6.1f} {grade(points):>2}"
        )
    heaviest = max(weights, key=lambda one: one.total_bytes)
    worst = min(weights, key=lambda one: score(one.outside_svg, one.requests, one.total_bytes / 1024))
    points = score(worst.outside_svg, worst.requests, worst.total_bytes / 1024)
    print(f"heaviest: {heaviest.path} {heaviest.total_bytes / 1024:.1f} kB; least EcoIndex: {worst.path} {points:.1f}")


def too_heavy(weights: list[Weight]) -> list[str]:
    """Pages that break the promise: at most 60 kB with all they load, EcoIndex A."""
    return [
        one.path
        for one in weights
        if one.total_bytes > 60 * 1024 or grade(score(one.outside_svg, one.requests, one.total_bytes / 1024)) != "A"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", nargs="?", type=Path, help="a home with an account")
    parser.add_argument("--rate", type=int, default=200, help="requests a second")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    home = asked.home or _seeded()
    process = serve(home, asked.port, asked.workers)
    try:
        base = f"http://127.0.0.1:{asked.port}"
        paths = pages(base)
        weights = [weigh(base, path) for path in paths]
        _table(weights)
        asyncio.run(load(asked.port, paths, asked.rate, 3))
        times, faults = asyncio.run(load(asked.port, paths, asked.rate, asked.seconds))
    finally:
        process.terminate()
        process.wait()
        if asked.home is None:
            shutil.rmtree(home)
    ranked = sorted(times)
    p50, p95, p99 = (1000 * ranked[int(len(ranked) * share)] for share in (0.5, 0.95, 0.99))
    print(
        f"{len(times)} requests at {asked.rate}/s over {len(paths)} pages, {os.cpu_count()} cores: "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, {len(faults)} failed"
    )
    for fault in faults[:5]:
        print(fault)
    if heavy := too_heavy(weights):
        raise SystemExit(f"too heavy: {', '.join(heavy)}")


if __name__ == "__main__":
    main()
