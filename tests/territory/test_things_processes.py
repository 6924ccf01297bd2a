"""A register imported on both databases, and by two at once: nothing is doubled."""

import pytest

from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures

IMPORT = """
from pathlib import Path
from mitoyen.territory.mapping import Mapping
from mitoyen.territory.things import import_things
report = import_things(Path("batiments.csv"), Mapping(), "tests")
print(report.new, report.unchanged)
"""
COUNT = "from mitoyen.territory.models import Thing; print(Thing.objects.count())"


@pytest.fixture
def register(installation: Installation) -> Installation:  # noqa: F811
    rows = [f"B-{n};Bâtiment {n};{n}\n" for n in range(2500)]
    (installation.home / "batiments.csv").write_text("id;name;surface\n" + "".join(rows), encoding="utf-8")
    return installation


def test_a_register_is_imported_once_and_again(register: Installation) -> None:
    assert [register.run(IMPORT), register.run(IMPORT), register.run(COUNT)] == ["2500 0", "0 2500", "2500"]


def test_two_who_import_the_same_register_at_once_double_nothing(register: Installation) -> None:
    both = [register.start(IMPORT) for _n in range(2)]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert register.run(COUNT) == "2500"
    # Each went well, or was refused as a whole.
    told = [error for process, error in zip(both, errors, strict=True) if process.returncode]
    assert len(told) < 2
    assert all("Refused" in error for error in told), told
    assert register.run(IMPORT) == "0 2500"
