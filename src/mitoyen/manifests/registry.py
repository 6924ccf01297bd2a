"""What is installed on this machine: usages by the entry point group `mitoyen.usages`, services by `mitoyen.services`.

An entry point names a package; its folder holds the manifest. The package isn't imported to find it.
"""

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Generic

from django.utils.translation import gettext as _

from mitoyen.manifests import check, service_check
from mitoyen.manifests.load import Declared, Fault, Manifest, ManifestError, Usage, load
from mitoyen.manifests.schema import AlertRule, Rule, Show, UsageManifest
from mitoyen.manifests.service_schema import ServiceManifest

OURS = "mitoyen."


class Registry(Generic[Manifest]):
    """What packages declare under one entry point group, looked at once."""

    def __init__(
        self, group: str, schema: type[Manifest], faults: Callable[[Declared[Manifest]], Iterator[Fault]]
    ) -> None:
        self.group = group
        self.schema: type[Manifest] = schema
        self.faults: Callable[[Declared[Manifest]], Iterator[Fault]] = faults
        self._seen: list[tuple[Declared[Manifest] | None, list[Fault]]] | None = None

    def forget(self) -> None:
        """Look again at what is installed, after a package was added."""
        self._seen = None

    def installed(self) -> dict[str, Declared[Manifest]]:
        """Those fit for use, by name. One that has faults or doesn't fit this version is left out (see `rejected`)."""
        return {found.manifest.name: found for found, faults in self._examined() if found is not None and not faults}

    def rejected(self) -> list[Fault]:
        """Why an installed one can't be used."""
        return [fault for _found, faults in self._examined() for fault in faults]

    def _examined(self) -> list[tuple[Declared[Manifest] | None, list[Fault]]]:
        seen = self._seen
        if seen is None:
            # What comes with Mitoyen first: nobody's package takes its place.
            points = sorted(entry_points(group=self.group), key=lambda one: (not one.value.startswith(OURS), one.name))
            seen = []
            by: dict[str, str] = {}
            for point in points:
                found, faults = self._examine(point)
                if found is not None and not faults:
                    faults = list(_declared_before(point, found.manifest.name, by))
                seen.append((found, faults))
            # Whole at once: another thread never sees half of it.
            self._seen = seen
        return seen

    def _examine(self, point: EntryPoint) -> tuple[Declared[Manifest] | None, list[Fault]]:
        try:
            found = load(_folder(point.value), self.schema, point.value)
        except ManifestError as error:
            return None, [_under(point, error.fault)]
        return found, [_under(point, fault) for fault in self.faults(found)]


_usages = Registry("mitoyen.usages", UsageManifest, check.faults)
installed, rejected, forget = _usages.installed, _usages.rejected, _usages.forget
services = Registry("mitoyen.services", ServiceManifest, service_check.faults)


def usages() -> dict[str, UsageManifest]:
    """Manifests of the usable usages by name."""
    return {name: usage.manifest for name, usage in installed().items()}


def method_of(usage: Usage, rule: Rule | AlertRule | Show) -> Callable[..., Any]:
    """The function of a rule whose method is code. Raises ImportError or AttributeError."""
    module, _, function = rule.code.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"{usage.package}.{module}"), function)
    return found


def _declared_before(point: EntryPoint, name: str, by: dict[str, str]) -> Iterator[Fault]:
    """A name that an earlier package declared is refused to a later one."""
    first = by.setdefault(name, point.value)
    if first != point.value:
        message = _("“%(name)s” is declared by %(package)s already; one of the two must be removed.")
        yield _under(point, Fault("manifest.toml", "$.name", message % {"name": name, "package": first}))


def _under(point: EntryPoint, fault: Fault) -> Fault:
    return Fault(f"{point.value}/{fault.file}", fault.key, fault.message)


def _folder(package: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except Exception:  # A package around it is loaded: what it raises must harm no other.
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise ManifestError(Fault(package, "", _("the entry point must name an importable package.")))
    return Path(next(iter(spec.submodule_search_locations)))
