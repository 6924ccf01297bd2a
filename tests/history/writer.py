"""Processes of their own for the crash tests: each does one act in an installation, and may be told where to die.

`serve` reads orders (a JSON line each) and forks a child for each, which spares starting Python every time; it answers
with the child's exit status and the lines it wrote, one for each thing acknowledged.
"""

import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")

DAY_US = 86_400_000_000
START_US = 1_700_000_000_000_000 // DAY_US * DAY_US


def rows_of(seed: int, datastream: int, count: int = 200) -> list[tuple[int, int, int, float, int]]:
    """Rows of two days, the same for the same seed; each seed has three days of its own, all past."""
    noise = random.Random(seed)
    first = START_US + seed * 3 * DAY_US
    return [(datastream, first + (i + 1) * 900_000_000, 900, round(noise.random() * 100, 3), 0) for i in range(count)]


def commit(seed: int, datastream: int, shift: float = 0.0, *, correct: bool = False) -> int:
    from mitoyen.history import batches, engine
    from mitoyen.history.staging import stage
    from tests.history.rows import as_sql

    rows = [(d, t, length, value + shift, q) for d, t, length, value, q in rows_of(seed, datastream)]
    batch = batches.open_batch("file", f"{seed}.csv", "crash")
    con = engine.connect()
    waiting = stage(con, as_sql(con, rows), batch)
    con.close()
    batches.commit(waiting, correct=correct, why="test" if correct else "")
    return batch.pk


def prepare(_seed: int, _datastream: int) -> None:
    from mitoyen.cli import init
    from mitoyen.history.datastreams import datastream_for
    from mitoyen.territory.models import Thing

    init.prepare()
    thing = Thing.objects.create(slug="a", name="a", kind="meter")
    print(datastream_for(thing, "electricity", "kWh", "delta").pk, flush=True)


def append(seed: int, datastream: int) -> None:
    from mitoyen.history import journal

    rows = rows_of(seed, datastream)
    for i in range(0, len(rows), 50):
        journal.append(rows[i : i + 50])
        print(i + 50, flush=True)


def undo(_seed: int, _datastream: int) -> None:
    from mitoyen.history import batches
    from mitoyen.history.models import Batch

    batches.undo(Batch.objects.filter(state__in=("live", "undoing")).latest("pk"), "crash", "test")


def history(_seed: int, datastream: int) -> None:
    from mitoyen.history import batches, check, read
    from mitoyen.history.models import Datastream

    batches.recover()
    got = read.readings(Datastream.objects.get(pk=datastream))
    faults = [fault.message for fault in check.check()]
    print(json.dumps({"times": got.time.astype("int64").tolist(), "values": got.value.tolist(), "faults": faults}))


def act(order: dict[str, Any]) -> None:
    """Do what the order says, in this process."""
    from mitoyen.history import compaction, sealing

    acts: dict[str, Callable[[int, int], Any]] = {
        "prepare": prepare,
        "commit": commit,
        "correct": lambda seed, datastream: commit(seed, datastream, 0.5, correct=True),
        "undo": undo,
        "append": append,
        "seal": lambda *_: sealing.seal(),
        "compact": lambda *_: compaction.compact(),
        "history": history,
    }
    acts[order["act"]](order["seed"], order["datastream"])


def _child(order: dict[str, Any]) -> None:
    from django.conf import settings
    from django.db import connections

    home = Path(order["home"])
    settings.MITOYEN_HOME = home
    connections.databases["default"]["NAME"] = str(home / "state.sqlite3")
    if order.get("kill_at"):
        os.environ["MITOYEN_KILL_AT"] = order["kill_at"]
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        act(order)
    except BaseException:
        import traceback

        traceback.print_exc()
        sys.stdout.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


def serve() -> None:
    """Fork a child for each order; answer `{"status": …}` when it has ended. No engine is opened in this process."""
    import django

    django.setup()
    import mitoyen.cli.init
    import mitoyen.history.check
    import mitoyen.history.compaction  # noqa: F401

    for line in sys.stdin:
        orders = json.loads(line)
        children = []
        for order in orders:
            number = os.fork()
            if number == 0:
                _child(order)
            children.append(number)
        statuses = [os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number in children]
        print(json.dumps(statuses), flush=True)


if __name__ == "__main__":
    serve()
