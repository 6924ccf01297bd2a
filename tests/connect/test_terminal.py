"""At a terminal, what the file leaves open is asked, with evidence and a default."""

import os
import pty
import select
import subprocess
import sys
import time
from datetime import datetime, timedelta

import openpyxl
import pytest


def talk(installation, arguments: list[str], answers: list[str], language: str = "en") -> tuple[int, str]:
    """Run `mitoyen ARGUMENTS` on a terminal of its own; answer each prompt in turn. Returns (exit code, screen).

    Answers that were not asked for are a failure.
    """
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mitoyen.cli", *arguments],
        env=installation.environment(MITOYEN_LANGUAGE=language, TERM="dumb"),
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
            if waiting and screen.rstrip(" \u00a0").endswith(":"):
                os.write(master, f"{waiting.pop(0)}\n".encode())
                screen += "\n"
        elif process.poll() is not None:
            break
    os.close(master)
    assert not waiting, screen
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


def test_a_wrong_answer_is_asked_again_in_the_reader_s_words(installation, tmp_path):
    book, start = openpyxl.Workbook(), datetime(2024, 1, 1)
    for name in ("Janvier", "Février"):
        sheet = book.create_sheet(name)
        sheet.append(["Moment", "Valeur"])
        for hour in range(30):
            sheet.append([start + timedelta(hours=hour), hour % 7 + 0.5])
    book.save(tmp_path / "releves.xlsx")
    mapping = tmp_path / "kept.toml"
    arguments = ["import", str(tmp_path / "releves.xlsx"), "--map", str(mapping)]
    sheet = ["Mars", "9", "2"]  # No such name, no such number, a number.
    wrong = ["ecole", "1", "kWh", "sideways", "1", "Mars/Olympus", "milieu", "le début"]
    right = ["ecole", "gaz", "kWh", "quantités par intervalle", "2", ""]
    code, screen = talk(installation, arguments, [*sheet, *wrong, *right], language="fr")
    assert code == 0, screen
    assert "« Mars/Olympus » n’est pas un fuseau horaire" in screen.replace("\u00a0", " ")
    assert "30 relevés importés" in screen
    for told in ("1. Janvier", "2. Février", "Répondez par un nombre de 1 à 2", "2. gaz", "2. la fin"):
        assert told in screen
    for raw in ("(start", "start)", "(delta)", "electricity"):
        assert raw not in screen
    kept = mapping.read_text()
    assert 'sheet = "Février"' in kept
    assert 'stamps = "start"' in kept
