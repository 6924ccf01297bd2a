"""A PostgreSQL server of the tests' own, reached by a socket only."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534


@contextmanager
def running() -> Iterator[Path]:
    """Start it, yield its socket's folder, stop it. Skips, saying so, where no server is installed."""
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
    try:
        yield folder
    finally:
        run(*serve, "-m", "immediate", "stop")
        shutil.rmtree(folder)
