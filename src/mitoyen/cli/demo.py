"""`mitoyen demo`: the demo territory, made and served."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from django.conf import settings

from mitoyen.cli.main import app
from mitoyen.demo.build import DEFAULT_SEED, build


@app.command()
def demo(
    data: Path | None = typer.Option(None, help="Folder of real files to load beside the generated ones."),
    seed: int = typer.Option(DEFAULT_SEED, min=0, help="Another number makes other readings."),
    small: bool = typer.Option(False, "--small", help="Two communes only."),
    port: int = typer.Option(0, min=0, max=65534, help="Port of the portal; the machines' door takes the next one."),
    no_serve: bool = typer.Option(False, "--no-serve", help="Make the demo and stop."),
) -> None:
    """Make the demo territory (29 communes, three years of generated readings), then serve it."""
    from mitoyen.demo import announce

    with _progress() as told:
        summary = build(seed, small=small, data_dir=data, progress=told)
    if port:
        _listen_on(port)
    for line in announce.lines(summary, f"http://{settings.MITOYEN['host']}:{settings.MITOYEN['port']}"):
        print(line)
    if not no_serve:
        from mitoyen.cli.run import serve

        sys.stdout.flush()
        serve()


def _listen_on(port: int) -> None:
    """For this process and those that it starts."""
    for name, value in (("port", port), ("gate_port", port + 1)):
        settings.MITOYEN[name] = value
        os.environ[f"MITOYEN_{name.upper()}"] = str(value)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar with words on standard error; away from a terminal, a line when a step begins."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as bar:
        bars: dict[str, TaskID] = {}

        def told(step: str, done: int, total: int) -> None:
            if step not in bars:
                for task in bars.values():
                    bar.update(task, completed=bar.tasks[task].total)
                bars[step] = bar.add_task(step, total=total)
                if not console.is_terminal:
                    print(step, file=sys.stderr)
            bar.update(bars[step], completed=done, total=total)

        yield told
        for task in bars.values():
            bar.update(task, completed=bar.tasks[task].total)
