"""A usage with one declared rule of each method on every reading, for benchmarks."""

import sys
from collections.abc import Mapping
from pathlib import Path

USAGE = "bench"
_HEAD = """
name = "bench"
version = "1.0"
licence = "MIT"
core_from = "0.1"
core_below = "9.0"
kinds = [{{ name = "{kind}" }}]
datastreams = [{streams}]
"""
_RULE = """
[[alerts]]
name = "{name}"
method = "{method}"
properties = [{properties}]
{rest}
"""
_RULES = {
    "high": ("threshold", "thresholds = { above = 60, clear = 55 }"),
    "rising": ("rate", "averaging_minutes = 60\nthresholds = { rise_an_hour = 300 }"),
    "silent": ("missing", "thresholds = { intervals = 3 }"),
    "stuck": ("stuck", "thresholds = { hours = 12, least_readings = 24 }"),
    "apart": ("compared", "thresholds = { times_spread = 9, least_peers = 10 }"),
}


def install(folder: Path, kind: str, units: Mapping[str, str]) -> Path:
    """The usage, as a package on this process' path: for things of this kind, and these properties' units.

    The folder that other processes need on their path.
    """
    from mitoyen.manifests import registry

    package = folder / "packages" / "bench_usage"
    (package / "texts").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "manifest.toml").write_text(_manifest(kind, units))
    names = "".join(f'{name} = "{name}"\n' for name in units)
    texts = f'[usage]\ntitle = "b"\nsummary = "b"\n[kinds]\n{kind} = "s"\n[properties]\n{names}'
    texts += "".join(f'[alerts.{name}]\ntitle = "{name}"\nsentence = "{name}"\naction = "{name}"\n' for name in _RULES)
    for language in ("fr", "en"):
        (package / "texts" / f"{language}.toml").write_text(texts)
    metadata = package.parent / "bench_usage-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-usage\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mitoyen.usages]\nbench = bench_usage\n")
    sys.path.insert(0, str(package.parent))
    registry.forget()
    assert USAGE in registry.usages(), registry.rejected()
    return package.parent


def _manifest(kind: str, units: Mapping[str, str]) -> str:
    streams = ", ".join(
        f'{{ property = "{name}", unit = "{unit}", kinds = ["gauge"], on = ["{kind}"] }}'
        for name, unit in units.items()
    )
    properties = ", ".join(f'"{name}"' for name in units)
    rules = (
        _RULE.format(name=name, method=method, properties=properties, rest=rest)
        for name, (method, rest) in _RULES.items()
    )
    return _HEAD.format(kind=kind, streams=streams) + "".join(rules)
