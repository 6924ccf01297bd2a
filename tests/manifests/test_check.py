"""What `mitoyen usages check` says of a usage's folder: every fault by file and key, with what to do."""

import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.utils import translation

from mitoyen.manifests.check import check
from mitoyen.manifests.load import load
from mitoyen.manifests.registry import installed
from mitoyen.manifests.schema import UsageManifest
from mitoyen.manifests.shared_checks import fits

spec = find_spec("mitoyen.usages.buildings")
assert spec is not None
assert spec.origin is not None
BUILDINGS = Path(spec.origin).parent


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def usage(tmp_path) -> Path:
    """A copy of the buildings usage, to be damaged."""
    return Path(shutil.copytree(BUILDINGS, tmp_path / "usage"))


@pytest.fixture
def damaged(usage) -> Callable[[str, str, str], list[str]]:
    """Replace a text in a file of the copy; the faults then found."""

    def damage(file: str, old: str, new: str) -> list[str]:
        path = usage / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return [str(fault) for fault in check(usage)]

    return damage


def test_the_buildings_usage_has_no_fault():
    assert check(BUILDINGS) == []


MANIFEST = "manifest.toml"
FAULTS = [
    (MANIFEST, 'name = "buildings"', "name = buildings", "not valid TOML"),
    (MANIFEST, 'licence = "AGPL-3.0-or-later"', "", "missing required field `licence`"),
    (MANIFEST, 'licence = "AGPL-3.0-or-later"', 'licence = " "', "any will do"),
    (MANIFEST, 'core_from = "0.1"', 'core_from = "0.9"', "fits Mitoyen 0.9 to below 1.0"),
    (MANIFEST, 'unit = "kWh"\n', 'unit = "kwh"\n', "$.datastreams[0].unit: “kwh” is not known"),
    (MANIFEST, 'kinds = ["gauge"]', 'kinds = ["level"]', "$.datastreams[4].kinds[0]"),
    (MANIFEST, 'on = ["weather_station"]', 'on = ["mast"]', "“mast” is not declared here as kind"),
    (MANIFEST, 'property = "temperature"', 'property = "water"', "“water” is declared 2 times"),
    (MANIFEST, 'per = "floor_area_m2"', 'per = "rooms"', "“rooms” is not declared here as attribute"),
    (MANIFEST, 'method = "night_floor"', 'method = "magic"', "Invalid enum value 'magic'"),
    (MANIFEST, "hours = { from = 1, to = 5 }", "", "$.rules[3].hours: is missing"),
    (MANIFEST, "hours = { from = 1, to = 5 }", "hours = { from = 1, to = 25 }", "$.rules[3].hours.to"),
    (MANIFEST, "usual_ratio = 0.65, ", "", "“usual_ratio” is missing"),
    (MANIFEST, "warmer_than = 16", "warmer_than = 16, colder_than = 3", "“colder_than” is not used by the method"),
    (MANIFEST, 'from = "11-01"', 'from = "13-01"', "$.rules[0].season.from"),
    (MANIFEST, "except_uses", "exept_uses", "unknown field `exept_uses`"),
    ("texts/fr.toml", "{percent}", "{pourcent}", "{pourcent} can't be quoted here; possible:"),
    ("texts/fr.toml", "{percent}", "{percent", "braces don't match"),
    ("texts/en.toml", 'heat = "heat"', "", "properties.heat: the text is missing"),
    ("texts/en.toml", 'heat = "heat"', 'heat = "heat"\nsteam = "steam"', "properties.steam: no part of the manifest"),
]


@pytest.mark.parametrize(("file", "old", "new", "says"), FAULTS)
def test_a_fault_is_told_with_its_file_its_key_and_what_to_do(damaged, file, old, new, says):
    found = damaged(file, old, new)
    assert any(says in fault and fault.startswith(file) for fault in found), found


def test_a_folder_without_manifest_or_texts_says_which_file_is_missing(usage, tmp_path):
    assert "no such folder" in str(check(tmp_path / "nowhere")[0])
    (usage / "texts" / "en.toml").unlink()
    assert str(check(usage)[0]).startswith("texts/en.toml: the file is missing")


def test_versions_are_compared_by_number_not_by_letter():
    manifest = load(BUILDINGS, UsageManifest).manifest
    assert fits(manifest, "0.1.0")
    assert fits(manifest, "0.10")
    assert not fits(manifest, "1.0.0")
    assert not fits(manifest, "0.0.9")


# Before a name, "de" becomes "d’", "le" "l’", "de le" "du": a text that has nothing to put together is right for all.
_JOINED = re.compile(r"\b(de|que|du|le|la) \{(thing|river|tell_first|cabinet|district)\}", re.IGNORECASE)


def test_no_french_text_of_an_alert_needs_an_elision_before_a_name():
    for name, usage in installed().items():
        for rule in usage.manifest.alerts:
            for part in ("title", "sentence", "action", "public"):
                told = usage.texts["fr"].get(f"alerts.{rule.name}.{part}", "")
                assert _JOINED.search(told) is None, (name, rule.name, told)
