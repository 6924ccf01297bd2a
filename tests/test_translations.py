"""Both languages are complete: every text has its French, and no French text is left over."""

import re
import subprocess
import sys

import polib
import pytest

from tests.conftest import ROOT

PLACEHOLDER = re.compile(r"%\(\w+\)[^a-z]*[sdfrgi]|%[sd]|{\w*}")
CATALOGUES = sorted((ROOT / "src/mitoyen").glob("**/fr/LC_MESSAGES/django.po"))


def test_every_text_has_its_french_and_none_is_left_over():
    done = subprocess.run(
        [sys.executable, "bin/messages"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.relative_to(ROOT / "src/mitoyen").parts[0])
def test_a_translation_keeps_the_places_for_values(file):
    wrong = []
    for entry in polib.pofile(str(file)):
        for text in [entry.msgstr] if entry.msgstr else entry.msgstr_plural.values():
            expected = set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
            if not set(PLACEHOLDER.findall(text)) <= expected | set(PLACEHOLDER.findall(entry.msgid)):
                wrong.append(entry.msgid)
    assert not wrong
