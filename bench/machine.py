"""What every benchmark says of itself: the machine's size, and a table."""

import os
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def size() -> str:
    """Processors, memory and the load at this moment: other work on the machine makes figures worse."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}"


ASKED = ("what", "measured", "asked for")


def show(title: str, rows: Sequence[Sequence[str]], heads: Sequence[str] = ASKED) -> None:
    """Print a table, the first column to the left."""
    table = Table(title=f"{title} ({size()})")
    for place, name in enumerate(heads):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)
