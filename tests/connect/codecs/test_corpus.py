"""The public repository of LoRaWAN devices, in a folder that LORAWAN_DEVICES names; nothing of it is kept here."""

import os
from pathlib import Path

import pytest

from mitoyen.connect.codecs.check import check
from mitoyen.connect.codecs.pool import Pool

FOLDER = os.environ.get("LORAWAN_DEVICES", "")


@pytest.mark.long
@pytest.mark.skipif(not FOLDER, reason="LORAWAN_DEVICES names no folder")
def test_the_public_corpus():
    with Pool(workers=1) as pool:
        report = check(Path(FOLDER), pool)
    assert report.total >= 1440
    assert report.passed >= 1420, report.failures
    assert len(report.remarks) <= 2, report.remarks
