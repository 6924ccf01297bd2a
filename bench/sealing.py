"""`python -m bench.sealing [--small]`: days from the journal into the archive, counted and hashed; bytes each."""

import argparse
import random
import threading
import time

from bench import home, machine

STREAMS = 5000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="One day of 5,000 datastreams at 15 minutes, not four.")
    days = 1 if parser.parse_args().small else 4
    with home.temporary():
        from mitoyen.history import archive, compaction, journal, rollups, sealing

        numbers = home.datastreams(STREAMS)
        noise = random.Random(7)
        for slot in range(days * 96):
            at = 1_700_006_400_000_000 + slot * 900_000_000
            journal.append([(n, at, 900, round(noise.random() * 100, 2), 0) for n in numbers], 1)
        count = journal.count()
        locks: list[float] = []
        stop = threading.Event()
        writer = threading.Thread(target=_appending, args=(locks, stop))
        refresh, rollups.refresh = rollups.refresh, lambda: None
        writer.start()
        began = time.perf_counter()
        sealed = sealing.seal()
        took = time.perf_counter() - began
        stop.set()
        writer.join()
        rollups.refresh = refresh
        assert sum(one.rows for one in sealed) == count
        began = time.perf_counter()
        rollups.refresh()
        rolled = time.perf_counter() - began
        compaction.compact()
        stored = sum(part.size for part in archive.snapshot().parts) / count
        machine.show(
            f"Sealing, {count:,} observations of {days} day(s)",
            [
                ("observations a second, counted and hashed", f"{count / took:,.0f}", "1,500,000"),
                ("bytes an observation, compacted", f"{stored:.2f}", "2.5"),
                ("longest wait of an append meanwhile", f"{max(locks, default=0) * 1e3:.0f} ms", "200 ms"),
                ("daily rollups brought up", f"{rolled:.1f} s", ""),
            ],
        )


def _appending(locks: list[float], stop: threading.Event) -> None:
    """Append a row of today every 10 ms, as the machines' door does, and note how long each takes."""
    from mitoyen.history import journal

    now = int(time.time() * 1e6)
    while not stop.is_set():
        began = time.perf_counter()
        journal.append([(1, now + len(locks), 0, 1.0, 0)])
        locks.append(time.perf_counter() - began)
        time.sleep(0.01)


if __name__ == "__main__":
    main()
