"""What backup and restore say, as people of each language read it."""

import re

from django.utils.translation import override

from mitoyen.connect.numerals import size
from tests.installation import Installation


def test_sizes_are_told_as_people_read_them():
    with override("fr"):
        assert [size(450_560), size(9_999), size(3_200_000_000), size(12)] == [
            "450,6\u00a0ko", "10\u00a0ko", "3,2\u00a0Go", "12\u00a0octets",
        ]  # fmt: skip
    with override("en"):
        assert size(450_560) == "450.6\u00a0kB"


def test_a_backup_and_its_restoring_are_told_without_raw_numbers(installation, tmp_path):
    said = installation.run("backup", tmp_path / "all.tar").stdout
    assert re.search(r"fichiers, [\d,]+\u00a0[kM]o\. Il", said), said
    other = Installation(tmp_path / "other")
    said = other.run("restore", tmp_path / "all.tar").stdout
    assert re.search(r"telles qu’au \d\d/\d\d/\d{4} \d\d:\d\d UTC", said), said
