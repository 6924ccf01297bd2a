"""Usages come by entry point, from whoever; a package made on the fly is found like the built-in one."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import get_args

import pytest

from mitoyen.history.enums import Kind
from mitoyen.history.units import ucum
from mitoyen.manifests import registry, schema
from mitoyen.manifests.check import UNITS
from mitoyen.manifests.methods import METHODS
from mitoyen.operate.methods import METHODS as EXECUTED

MANIFEST = """
name = "ponds"
version = "0.3"
licence = "LicenseRef-Proprietary"
core_from = "0.1"
core_below = "1.0"

[[kinds]]
name = "pond"
attributes = [{ name = "volume_m3", type = "number", unit = "m3" }]

[[datastreams]]
property = "level"
unit = "mm"
kinds = ["gauge"]
on = ["pond"]

[[rules]]
name = "too_low"
method = "code"
code = "levels:too_low"
properties = ["level"]
"""
TEXTS = """
[usage]
title = "Ponds"
summary = "Levels of ponds."
[kinds]
pond = "pond"
[attributes]
volume_m3 = "volume"
[properties]
level = "level"
[rules.too_low]
title = "Low"
sentence = "Low since {first}."
action = "Open the inlet."
"""


@pytest.fixture
def installed_package(tmp_path, monkeypatch):
    """A third party's distribution, as pip would have unpacked it: files, and metadata with the entry point."""

    def install(manifest: str) -> None:
        package = tmp_path / "their_ponds"
        (package / "texts").mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "levels.py").write_text("def too_low(rule, meter):\n    return None\n")
        (package / "manifest.toml").write_text(manifest)
        for language in ("fr", "en"):
            (package / "texts" / f"{language}.toml").write_text(TEXTS)
        metadata = tmp_path / "their_ponds-0.3.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: their-ponds\nVersion: 0.3\n")
        (metadata / "entry_points.txt").write_text("[mitoyen.usages]\nponds = their_ponds\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        registry.forget()

    yield install
    registry.forget()
    for name in [name for name in sys.modules if name.startswith("their_ponds")]:
        del sys.modules[name]


def test_the_built_in_usage_is_found_like_anybodys():
    assert "buildings" in registry.usages()
    assert registry.rejected() == []


def test_an_installed_package_adds_a_usage_under_its_own_licence(installed_package):
    installed_package(MANIFEST)
    assert {"buildings", "ponds"} <= set(registry.usages())
    assert registry.usages()["ponds"].licence == "LicenseRef-Proprietary"
    assert "their_ponds" not in sys.modules, "a usage is found without running its code"


def test_a_method_that_cannot_be_declared_is_a_function_of_the_package(installed_package):
    installed_package(MANIFEST)
    usage = registry.installed()["ponds"]
    function = registry.method_of(usage, usage.manifest.rules[0])
    assert function.__module__ == "their_ponds.levels"


def test_a_faulty_package_is_left_out_and_said_and_harms_no_other(installed_package):
    installed_package(MANIFEST.replace('unit = "mm"', 'unit = "fathom"'))
    assert "buildings" in registry.usages()
    assert any("their_ponds/manifest.toml" in str(fault) for fault in registry.rejected())


def test_a_usage_for_another_version_of_the_core_is_left_out(installed_package):
    installed_package(MANIFEST.replace('core_below = "1.0"', 'core_below = "0.1"'))
    assert "ponds" not in registry.usages()


def test_the_schema_speaks_of_the_same_kinds_units_and_methods_as_the_rest():
    assert set(get_args(schema.Kind)) == set(Kind.values)
    assert {unit for unit in UNITS if ucum(unit) != unit} == set()
    assert set(EXECUTED) == set(METHODS) - {"guard", "code"}
    assert set(get_args(schema.Method)) == set(METHODS)


def test_every_key_of_the_schema_is_documented():
    guide = (Path(__file__).parents[2] / "docs" / "usages.md").read_text(encoding="utf-8")
    structs = [
        value for value in vars(schema).values() if isinstance(value, type) and hasattr(value, "__struct_fields__")
    ]
    keys = {key for struct in structs for key in getattr(struct, "__struct_encode_fields__", ())}
    thresholds = {name for method in METHODS.values() for name in method.thresholds}
    assert {key for key in keys | thresholds | set(METHODS) if f"`{key}`" not in guide} == set()
    assert "any licence" in guide


def test_a_thread_that_asks_meanwhile_never_sees_half_of_what_is_installed():
    whole = set(registry.services.installed())
    for _round in range(20):
        registry.services.forget()
        with ThreadPoolExecutor(8) as threads:
            for found in threads.map(lambda _n: set(registry.services.installed()), range(8)):
                assert found == whole
