"""Real installations for tests that need several processes: one on SQLite, one on a PostgreSQL server of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest


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
def postgresql(postgresql_folder) -> dict[str, str]:
    """The environment to reach the tests' PostgreSQL server by."""
    return {"PGHOST": str(postgresql_folder), "MITOYEN_DATABASE_URL": "postgresql://mitoyen@/postgres"}


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
