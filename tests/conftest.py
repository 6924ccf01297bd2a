"""What all tests share: an installation's folder of their own, and the real files where they are."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from tests.installation import Installation
from tests.postgresql import running

ROOT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("REAL_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture
def home(tmp_path, settings) -> Path:
    """An empty installation's folder: archive, journal and staging go there."""
    from mitoyen.cli.init import FOLDERS

    folder: Path = tmp_path / "home"
    folder.mkdir()
    for name in FOLDERS:
        (folder / name).mkdir()
    settings.MITOYEN_HOME = folder
    return folder


@pytest.fixture
def installation(tmp_path) -> Installation:
    """A fresh installation, made by `mitoyen init`."""
    made = Installation(tmp_path / "installation")
    made.run("init")
    return made


@pytest.fixture(autouse=True)
def language_by_default() -> None:
    """A page asked for in English leaves its language behind in this process: each test begins without."""
    translation.deactivate()


@pytest.fixture(scope="session")
def postgresql_folder() -> Iterator[Path]:
    """Folder of the socket of a PostgreSQL server of our own: user mitoyen, database postgres."""
    with running() as folder:
        yield folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real files; tests that need it are reported as skipped where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real files are not at {REAL_DATA} (set REAL_DATA)")
    return REAL_DATA


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Transactional tests empty every table after them, which the audit trail's triggers rightly refuse:
    they are off in tests, but for those in tests/ledger that put them back."""
    from django.db import connection

    from mitoyen.ledger import append_only

    with django_db_blocker.unblock():
        append_only.remove(connection)
