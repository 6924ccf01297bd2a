"""What every benchmark says of itself: the machine's size, and a table."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table


def size() -> str:
    """Processors, memory and the load at this moment: other work on the machine makes figures worse."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}"


ASKED = ("what", "measured", "asked for")


def cpu_of(process: int) -> float:
    """Seconds of processor that a process and all it started, and that still run, have used: load or no load."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(file.parent.name)
        parents[number], ticks[number] = int(fields[1]), int(fields[11]) + int(fields[12])
    total = 0
    for number in parents:
        ancestor = number
        while ancestor and ancestor != process:
            ancestor = parents.get(ancestor, 0)
        total += ticks[number] if ancestor == process else 0
    return total / os.sysconf("SC_CLK_TCK")


def show(title: str, rows: Sequence[Sequence[str]], heads: Sequence[str] = ASKED) -> None:
    """Print a table, the first column to the left."""
    table = Table(title=f"{title} ({size()})")
    for place, name in enumerate(heads):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)
