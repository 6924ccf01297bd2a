"""What the tests of import share: files written on the spot, imported into an empty installation."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mitoyen.connect.imports import examine, run
from mitoyen.connect.options import Options
from mitoyen.connect.report import Report

GAS = Options(thing="ecole", observed_property="gas", unit="kWh", kind="delta", tz="UTC", stamps="end")
TEMPERATURE = Options(thing="weather", observed_property="temperature", unit="Cel", tz="UTC")


class Bench:
    """Writes files into a folder of its own and imports them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, content: str | bytes, name: str = "readings.csv") -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def examine(self, content: str | bytes | Path, options: Options = GAS, name: str = "readings.csv") -> Report:
        return examine(content if isinstance(content, Path) else self.file(content, name), options)

    def run(self, content: str | bytes | Path, options: Options = GAS, name: str = "readings.csv") -> Report:
        return run(content if isinstance(content, Path) else self.file(content, name), options, "camille")


@pytest.fixture
def bench(db, home, tmp_path) -> Bench:
    folder = tmp_path / "files"
    folder.mkdir()
    return Bench(folder)


@pytest.fixture
def hours() -> Callable[..., str]:
    """A CSV of hourly values: `hours("1,2", ...)`; first stamp 2024-01-01 01:00."""

    def write(*values: object, header: str = "date;value", delimiter: str = ";") -> str:
        lines = [f"2024-01-{1 + (n + 1) // 24:02d} {(n + 1) % 24:02d}:00{delimiter}{v}" for n, v in enumerate(values)]
        return "\n".join([header, *lines]) + "\n"

    return write
