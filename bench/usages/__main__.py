"""`python -m bench.usages [NAME] [--count 200] [--seeds 3]`: a table a usage of what is found and what is wrongly told.

`--count` of each sort and seed. Seeds are 101, 102…; thresholds were chosen on others (below 20). Each row gives all
seeds together and, in brackets, the worst one. `--jobs 2` runs two seeds at a time.
"""

import argparse
import importlib
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.usages.study import Score

COUNT, SEEDS, FIRST_SEED = 200, 3, 101
NAMES = ("lighting", "water", "green_spaces", "waste", "mobility", "floods", "air")


def main() -> int:
    """Print the tables; the number of usages asked for that don't exist."""
    parser = argparse.ArgumentParser(prog="bench.usages")
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=1)
    asked = parser.parse_args()
    _set_up()
    for name in asked.names:
        _show(name, asked.count, range(asked.first, asked.first + asked.seeds), asked.jobs)
    return 0


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
    import django

    django.setup()


def _scores(name: str, count: int, seed: int) -> "list[Score]":
    from bench.usages import study

    return study.run(name, importlib.import_module(f"bench.usages.{name}").SORTS, count, seed)


def _show(name: str, count: int, seeds: range, jobs: int) -> None:
    from rich.console import Console
    from rich.table import Table

    started = time.monotonic()
    with ProcessPoolExecutor(jobs, initializer=_set_up) as pool:
        by_seed = list(pool.map(_scores, [name] * len(seeds), [count] * len(seeds), seeds))
    table = Table(title=f"{name}: {count} of each sort and seed, {seeds.start} to {seeds.stop - 1}; (worst seed)")
    for column in ("sort", "recall", "precision", "told after (h)", "false /1,000 datastreams a week", "datastreams"):
        table.add_column(column, justify="left" if column == "sort" else "right")
    for rows in zip(*by_seed, strict=True):
        recalls = [row.recall for row in rows if row.planted]
        precisions = [row.precision for row in rows if row.planted]
        found, planted = sum(row.found for row in rows), sum(row.planted for row in rows)
        false, datastreams = sum(len(row.false) for row in rows), sum(row.datastreams for row in rows)
        table.add_row(
            rows[0].name,
            f"{found / planted:.3f} ({min(recalls):.3f})" if recalls else "",
            f"{found / max(found + false, 1):.3f} ({min(precisions):.3f})" if precisions else "",
            f"{max(row.delay for row in rows):.0f}" if recalls else "",
            f"{1000 * false / max(datastreams, 1):.2f} ({max(row.false_per_thousand for row in rows):.2f})",
            str(datastreams),
        )
    Console(width=120).print(table)
    wrong = [rule for rows in by_seed for row in rows for rule in row.false]
    counted = ", ".join(f"{rule} {wrong.count(rule)}" for rule in sorted(set(wrong)))
    print(f"wrongly told: {counted or 'nothing'}; {time.monotonic() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
