"""What a usage says on the labels of its things is checked."""

import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from mitoyen.manifests.check import check

LABEL = 'kind = "street_lamp"\npurpose = "lighting"\n'


@pytest.fixture
def usage(tmp_path) -> Path:
    return Path(shutil.copytree(str(files("mitoyen.usages.lighting")), tmp_path / "lighting"))


def changed(usage: Path, old: str, new: str) -> list[str]:
    manifest = usage / "manifest.toml"
    before = manifest.read_text(encoding="utf-8")
    assert old in before
    manifest.write_text(before.replace(old, new, 1), encoding="utf-8")
    return [str(fault) for fault in check(usage)]


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ('kind = "bench"\npurpose = "lighting"\n', "bench"),
        ('kind = "street_lamp"\npurpose = "beauty"\n', "beauty"),
        (LABEL + 'personal_data = "some"\n', "labels.street_lamp.personal"),
        ('kind = "cabinet"\npurpose = "lighting"\n', "cabinet"),
        (LABEL + "colour = 1\n", "colour"),
    ],
)
def test_what_a_label_cannot_say(usage, new, says) -> None:
    assert any(says in fault for fault in changed(usage, LABEL, new))


def test_a_label_tells_only_what_is_measured_there(usage) -> None:
    faults = changed(usage, 'measures = ["power", "energy", "dimming"]', 'measures = ["power", "energy", "noise"]')
    assert any("noise" in fault for fault in faults)


def test_each_language_says_it(usage) -> None:
    file = usage / "texts/en.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("[labels.street_lamp]", "[labels.other]"), encoding="utf-8"
    )
    faults = [str(fault) for fault in check(usage)]
    assert any("labels.street_lamp.why" in fault for fault in faults)
