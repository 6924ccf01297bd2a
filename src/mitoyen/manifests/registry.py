"""The usages installed on this machine, found by the entry point group `mitoyen.usages`.

An entry point names a package; its folder holds the manifest. The package isn't imported to find it.
"""

import functools
import importlib
import importlib.util
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.manifests.check import faults
from mitoyen.manifests.load import Fault, ManifestError, Usage, load
from mitoyen.manifests.schema import Rule, UsageManifest

GROUP = "mitoyen.usages"


@functools.cache
def installed() -> dict[str, Usage]:
    """Usable usages by name. One that has faults or doesn't fit this version is left out (see `rejected`)."""
    return {usage.manifest.name: usage for usage, found in _examined() if usage is not None and not found}


@functools.cache
def rejected() -> list[Fault]:
    """Why an installed usage can't be used."""
    return [fault for _, found in _examined() for fault in found]


def usages() -> dict[str, UsageManifest]:
    """Manifests of the usable usages by name."""
    return {name: usage.manifest for name, usage in installed().items()}


def forget() -> None:
    """Look again at what is installed, after a package was added."""
    _examined.cache_clear()
    installed.cache_clear()
    rejected.cache_clear()


def method_of(usage: Usage, rule: Rule) -> Callable[..., Any]:
    """The function of a rule whose method is code. Raises ImportError or AttributeError."""
    module, _, function = rule.code.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"{usage.package}.{module}"), function)
    return found


@functools.cache
def _examined() -> list[tuple[Usage | None, list[Fault]]]:
    return [_examine(point) for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)]


def _examine(point: EntryPoint) -> tuple[Usage | None, list[Fault]]:
    try:
        folder = _folder(point.value)
        usage = load(folder, point.value)
    except ManifestError as error:
        return None, [Fault(f"{point.value}/{error.fault.file}", error.fault.key, error.fault.message)]
    return usage, [Fault(f"{point.value}/{fault.file}", fault.key, fault.message) for fault in faults(usage)]


def _folder(package: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ManifestError(Fault(package, "", _("the entry point must name an importable package.")))
    return Path(next(iter(spec.submodule_search_locations)))
