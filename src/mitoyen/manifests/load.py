"""Reads the folder of a usage or a service: `manifest.toml`, and `texts/<language>.toml` for each language."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import msgspec
from django.utils.translation import gettext as _

from mitoyen.manifests.schema import UsageManifest
from mitoyen.manifests.service_schema import ServiceManifest

LANGUAGES = ("fr", "en")
Manifest = TypeVar("Manifest", UsageManifest, ServiceManifest)
GUIDES: dict[type, str] = {UsageManifest: "docs/usages.md", ServiceManifest: "docs/services.md"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a folder: the file, the key in it (`$.rules[0].hours`), and what to do."""

    file: str
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.message}" if self.key else f"{self.file}: {self.message}"


class ManifestError(Exception):
    """A folder can't be read; `fault` says where and what to do."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Declared(Generic[Manifest]):
    """What a folder declares: its manifest, where it lies, its texts `{language: {dotted key: text}}`."""

    manifest: Manifest
    folder: Path
    package: str = ""
    texts: dict[str, dict[str, str]] = field(default_factory=dict)

    def text(self, key: str, language: str) -> str:
        """The text of a dotted key, in French where the language lacks it. Raises KeyError."""
        return self.texts.get(language, {}).get(key) or self.texts["fr"][key]


Usage: TypeAlias = Declared[UsageManifest]
Service: TypeAlias = Declared[ServiceManifest]


def load(folder: Path, schema: type[Manifest], package: str = "") -> Declared[Manifest]:
    """What a folder declares after `schema`. Raises ManifestError (unreadable file, TOML or schema)."""
    content = read_toml(folder / "manifest.toml")
    try:
        manifest = msgspec.convert(content, schema)
    except msgspec.ValidationError as error:
        message, _at, key = str(error).partition(" - at `")
        raise ManifestError(Fault("manifest.toml", key.rstrip("`"), _advice(message, GUIDES[schema]))) from error
    texts = {}
    for language in LANGUAGES:
        texts[language] = flatten(read_toml(folder / "texts" / f"{language}.toml"))
    return Declared(manifest, folder, package, texts)


def read_toml(file: Path) -> dict[str, object]:
    """The content of a TOML file. Raises ManifestError."""
    name = file.name if file.name == "manifest.toml" else f"{file.parent.name}/{file.name}"
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ManifestError(Fault(name, "", _("the file is missing; add it beside the others."))) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestError(
            Fault(name, "", _("not valid TOML in UTF-8: %(error)s. Mend that line.") % {"error": error})
        ) from error


def flatten(content: dict[str, object], prefix: str = "") -> dict[str, str]:
    """Nested tables of texts as dotted keys; what is neither text nor table is left as its repr."""
    flat: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value if isinstance(value, str) else repr(value)
    return flat


def _advice(message: str, guide: str) -> str:
    told = {"fault": message, "guide": guide}
    if "unknown field" in message:
        return _("%(fault)s. Remove it or correct its spelling; %(guide)s lists every key.") % told
    if "missing required field" in message:
        return _("%(fault)s. Add it; %(guide)s says what it means.") % told
    return _("%(fault)s. Correct the value.") % {"fault": message}
