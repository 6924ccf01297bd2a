"""What every benchmark says of itself: the machine's size, and a table."""

import os
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table


def size() -> str:
    """Processors, memory and the load at this moment: other work on the machine makes figures worse."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f}"


def show(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Print (what, measured, at least) rows."""
    table = Table(title=f"{title} ({size()})")
    for name in ("what", "measured", "asked for"):
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        table.add_row(*row)
    Console(width=110).print(table)
