"""The layout of the public LoRaWAN device repository: `vendor/<maker>/*.yaml` names a codec's script and its examples.

Read with ruamel.yaml's pure safe loader (YAML 1.2): what a stranger's file says makes numbers, texts, lists and
mappings, and nothing else; aliases are shared, not copied.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mitoyen.connect.codecs.answers import Frame
from mitoyen.connect.codecs.limits import SCRIPT

LONGEST_YAML = 2_000_000
DECODER = "uplinkDecoder"


class LayoutFault(Exception):
    """What is wrong in a codec's files, as a phrase."""


class Example(NamedTuple):
    """An uplink and what the codec must say of it: `expected` has data, warnings, errors, each where given."""

    description: str
    frame: Frame
    expected: dict[str, Any]


@dataclass(frozen=True)
class CodecFile:
    """A codec as its description gives it; a script or an example that can't be read is a fault in its place."""

    script: str | LayoutFault
    examples: tuple[Example | LayoutFault, ...]


def descriptions(root: Path) -> list[Path]:
    """The YAML files below `root` (a repository, its `vendor`, or one maker's folder) that may describe a codec."""
    return sorted(path for path in root.rglob("*.yaml") if path.is_file() and _mentions_decoder(path))


def read(path: Path, root: Path, now: dt.datetime) -> CodecFile | None:
    """The codec that `path` describes; None when it describes no decoder. `now` is when frames without a time came.

    Raises LayoutFault when nothing of the description can be used.
    """
    decoder = _decoder(path)
    if decoder is None:
        return None
    listed = decoder.get("examples") or []
    if not isinstance(listed, list):
        raise LayoutFault(_("%s is no list") % "examples")
    return CodecFile(_script(path, root, decoder), tuple(_examples(listed, now)))


def _mentions_decoder(path: Path) -> bool:
    # Parsing takes ten times as long as looking; most files describe devices without a codec.
    try:
        return path.stat().st_size > LONGEST_YAML or DECODER.encode() in path.read_bytes()
    except OSError:
        return True


def _decoder(path: Path) -> dict[str, Any] | None:
    try:
        content = YAML(typ="safe", pure=True).load(_text(path, LONGEST_YAML))
    except YAMLError as error:
        raise LayoutFault(_("not YAML: %s") % _one_line(error)) from error
    except RecursionError as error:
        raise LayoutFault(_("not YAML: %s") % _("nested too deeply")) from error
    except ValueError as error:
        raise LayoutFault(_("not YAML: %s") % _one_line(error)) from error
    decoder = content.get(DECODER) if isinstance(content, dict) else None
    if decoder is None:
        return None
    if not isinstance(decoder, dict):
        raise LayoutFault(_("%s is no mapping") % DECODER)
    return decoder


def _script(path: Path, root: Path, decoder: dict[str, Any]) -> str | LayoutFault:
    """The script's text, which must lie within `root`, whatever the description and links say."""
    name = decoder.get("fileName")
    if not isinstance(name, str) or not name.strip() or "\0" in name:
        return LayoutFault(_("%s is missing") % f"{DECODER}.fileName")
    script_path = (path.parent / name).resolve()
    if not script_path.is_relative_to(root.resolve()):
        return LayoutFault(_("%s lies outside the folder") % name)
    if not script_path.is_file():
        return LayoutFault(_("%s is missing") % name)
    try:
        return _text(script_path, SCRIPT)
    except LayoutFault as fault:
        return fault


def _text(path: Path, longest: int) -> str:
    try:
        if path.stat().st_size > longest:
            raise LayoutFault(_("%(file)s is larger than %(most)d bytes") % {"file": path.name, "most": longest})
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LayoutFault(_("%s is not UTF-8") % path.name) from error
    except OSError as error:
        raise LayoutFault(_("%(file)s can't be read: %(why)s") % {"file": path.name, "why": error.strerror}) from error


def _examples(listed: list[Any], now: dt.datetime) -> Iterator[Example | LayoutFault]:
    for number, example in enumerate(listed, 1):
        if isinstance(example, dict) and example.get("type", "uplink") != "uplink":
            continue
        try:
            yield _example(example, number, now)
        except LayoutFault as fault:
            yield fault


def _example(example: object, number: int, now: dt.datetime) -> Example:
    name = _("example %d") % number
    if not isinstance(example, dict):
        raise LayoutFault(_("%s is no mapping") % name)
    name = str(example.get("description") or name)
    given, expected = example.get("input"), example.get("output")
    if not isinstance(given, dict) or not isinstance(expected, dict):
        raise LayoutFault(_("%s lacks its input or its output") % name)
    port = given.get("fPort", 1)
    if not isinstance(port, int) or not 0 <= port <= 255:
        raise LayoutFault(_("%s: fPort is no port") % name)
    frame = Frame(_payload(given.get("bytes"), name), port, _microseconds(given.get("recvTime"), now, name))
    return Example(name, frame, expected)


def _payload(given: object, name: str) -> bytes:
    try:
        if isinstance(given, list):
            return bytes(given)
        if isinstance(given, str):
            return bytes.fromhex(given)
    except (ValueError, TypeError):
        pass
    raise LayoutFault(_("%s: bytes are neither numbers from 0 to 255 nor hexadecimal") % name)


def _microseconds(given: object, now: dt.datetime, name: str) -> int:
    try:
        time = dt.datetime.fromisoformat(given) if isinstance(given, str) else given or now
    except ValueError:
        time = None
    if not isinstance(time, dt.datetime):
        raise LayoutFault(_("%s: recvTime is no time") % name)
    aware = time if time.tzinfo else time.replace(tzinfo=dt.UTC)
    return (aware - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
