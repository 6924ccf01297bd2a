"""Real installations for tests that need several processes: one on SQLite, one on a PostgreSQL server of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NOBODY = 65534


@dataclass
class Installation:
    """A folder made by `mitoyen init`, and Python processes that work in it."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def start(self, code: str) -> "subprocess.Popen[str]":
        """A process that runs `code` with Django set up; its output is text."""
        start = "import django; django.setup()\n"
        environment = {**os.environ, **self.environment, "MITOYEN_HOME": str(self.home)}
        environment["DJANGO_SETTINGS_MODULE"] = "mitoyen.settings"
        return subprocess.Popen(
            [sys.executable, "-c", start + code],
            env=environment,
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> str:
        """The output of a process that must succeed."""
        process = self.start(code)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        return output.strip()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[dict[str, str]]:
    """A PostgreSQL server reached by a socket; the environment to reach it by."""
    initdb = shutil.which("initdb") or next(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), None)
    if initdb is None:
        pytest.skip("PostgreSQL's server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="mitoyen-pg-"))
    # PostgreSQL refuses to run as root.
    user = NOBODY if os.geteuid() == 0 else None
    if user:
        os.chown(folder, user, user)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=folder, user=user, group=user)

    binaries, data = Path(initdb).resolve().parent, folder / "data"
    run(str(binaries / "initdb"), "-D", str(data), "-U", "mitoyen", "-A", "trust", "--no-sync", "-E", "UTF8")
    serve = [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    run(*serve, "-o", f"-c listen_addresses='' -k {folder}", "start")
    yield {"PGHOST": str(folder), "MITOYEN_DATABASE_URL": "postgresql://mitoyen@/postgres"}
    run(*serve, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def installation(request, tmp_path) -> Installation:
    """A fresh installation on each of the two databases."""
    environment = request.getfixturevalue("postgresql") if request.param == "postgresql" else {}
    made = Installation(tmp_path / "home", environment)
    made.home.mkdir()
    if environment:
        empty = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"
        made.run(f"from django.db import connection; connection.cursor().execute('{empty}')")
    made.run("from mitoyen.cli.init import prepare; prepare()")
    return made
