"""`python -m bench.journal [--small]`: appending to the journal in durable batches of 1,000."""

import argparse
import random
import time

from bench import home, machine

BATCH = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="100,000 observations instead of 2,000,000.")
    count = 100_000 if parser.parse_args().small else 2_000_000
    with home.temporary():
        from mitoyen.history import journal

        noise = random.Random(7)
        batches = [
            [
                (i % 5000, 1_700_000_000_000_000 + i // 5000 * 900_000_000, 900, noise.random(), 0)
                for i in range(first, first + BATCH)
            ]
            for first in range(0, count, BATCH)
        ]
        began, longest = time.perf_counter(), 0.0
        for batch in batches:
            at = time.perf_counter()
            journal.append(batch, 1)
            longest = max(longest, time.perf_counter() - at)
        took = time.perf_counter() - began
        began = time.perf_counter()
        for batch in batches[: len(batches) // 10]:
            journal.append(batch, 1)
        again = (time.perf_counter() - began) / (len(batches) // 10 or 1)
        machine.show(
            f"Journal, {count:,} observations in durable batches of {BATCH:,}",
            [
                ("observations a second", f"{count / took:,.0f}", "300,000"),
                ("longest write", f"{longest * 1e3:.0f} ms", "200 ms"),
                ("the same batch again", f"{again * 1e3:.1f} ms", ""),
            ],
        )


if __name__ == "__main__":
    main()
