"""At a terminal, what the file leaves open is asked, with evidence and a default."""

import os
import pty
import select
import subprocess
import sys
import time

import pytest


def talk(installation, arguments: list[str], answers: list[str]) -> tuple[int, str]:
    """Run `mitoyen ARGUMENTS` on a terminal of its own; answer each prompt in turn. Returns (exit code, screen)."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mitoyen.cli", *arguments],
        env=installation.environment(MITOYEN_LANGUAGE="en", TERM="dumb"),
        stdin=slave, stdout=slave, stderr=slave, close_fds=True,
    )  # fmt: skip
    os.close(slave)
    screen, waiting, deadline = "", list(answers), time.monotonic() + 120
    while time.monotonic() < deadline:
        ready, _w, _x = select.select([master], [], [], 0.5)
        if ready:
            try:
                part = os.read(master, 4096).decode(errors="replace")
            except OSError:
                break
            if not part:
                break
            screen += part
            if waiting and screen.rstrip(" ").endswith(":"):
                os.write(master, f"{waiting.pop(0)}\n".encode())
                screen += "\n"
        elif process.poll() is not None:
            break
    os.close(master)
    return process.wait(20), screen


@pytest.mark.parametrize("name", ["b0_gas_2018"])
def test_questions_are_asked_and_the_answers_kept(installation, real_data, tmp_path, name):
    path, mapping = real_data / f"energy/cambridge/{name}.csv", tmp_path / "kept.toml"
    code, screen = talk(
        installation, ["import", str(path), "--thing", "b0", "--property", "gas", "--map", str(mapping)], ["", "start"]
    )
    assert code == 0, screen
    assert "doesn't exist in Paris" in screen
    assert "[UTC]" in screen
    assert "8,760 readings imported" in screen
    assert 'tz = "UTC"' in mapping.read_text()
    assert 'stamps = "start"' in mapping.read_text()
