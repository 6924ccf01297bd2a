"""One codec in one QuickJS-NG context: JSON in, JSON out, limits on time, memory, stack and output.

Used inside a worker only (see worker.py): the time limit stops loops of JavaScript and regular expressions, while a
loop within the engine itself ends with the worker.
"""

import re
from pathlib import Path
from typing import Any, Protocol

import quickjs

from mitoyen.connect.codecs.limits import FRAME_S, MEMORY, OUTPUT, STACK

_FOLDER = Path(__file__).parent
_BUFFER, _REALM = ((_FOLDER / name).read_text() for name in ("buffer.js", "realm.js"))
_EXPORT = re.compile(r"^(\s*)export\s+(?:default\s+)?(?=(?:async\s+)?function\b|class\b|const\b|let\b|var\b)", re.M)
_NAMED = re.compile(r"\bfunction\s+([A-Za-z_$][\w$]*)")
_OF_GLOBAL = re.compile(r"\b(?:this|globalThis)\s*\.\s*([A-Za-z_$][\w$]*)")
_EXTENDED = re.compile(r"\b(Object|Function|Array|String|Number|Date)\s*\.\s*prototype\b")
_AROUND = """(function (module, exports) {{ return function () {{{script}
;{shared}return {{
  decodeUplink: typeof decodeUplink === "function" ? decodeUplink : undefined,
  Decode: typeof Decode === "function" ? Decode : undefined,
  Decoder: typeof Decoder === "function" ? Decoder : undefined,
}};}};}})"""


class Decode(Protocol):
    """(port, milliseconds since 1970, bytes as a JSON list) -> the answer of realm.js."""

    def __call__(self, port: int, milliseconds: float, payload: str, /) -> str: ...


class Codec:
    """A codec's script, ready for frames. Its context is made when first needed, and anew when it is no longer fit."""

    def __init__(self, script: str) -> None:
        self._script = _wrapped(script)
        self._extended = " ".join(sorted(set(_EXTENDED.findall(script))))
        self._decode: Decode | None = None
        self._broken = ""

    def decode(self, payload: bytes, port: int, received: int) -> str:
        """The frame's answer as JSON text, or "!reason message". Never raises for what the script does."""
        if self._broken:
            return self._broken
        if self._decode is None:
            try:
                self._decode = _load(self._script, self._extended)
            except quickjs.JSException as error:
                self._broken = f"!broken {_first_line(error)}"
                return self._broken
        try:
            text = self._decode(port, received / 1000, str(list(payload)))
        except quickjs.JSException as error:
            text = _stopped(error)
            self._decode = None
        if text.startswith("~") or (text.startswith("!") and "out of memory" in text):
            self._decode = None
        return text.removeprefix("~")


def _wrapped(script: str) -> str:
    """The script as a function that can be called for each frame.

    Its functions are then no longer those of the global object, where some codecs look for them (`this.parse(…)`):
    these are put there.
    """
    names = sorted(set(_NAMED.findall(script)) & set(_OF_GLOBAL.findall(script)))
    shared = "".join(
        f'if (typeof {name} === "function" && !("{name}" in globalThis)) globalThis.{name} = {name};' for name in names
    )
    return _AROUND.format(script=_EXPORT.sub(r"\1", script), shared=shared)


def _load(script: str, extended: str) -> Decode:
    context = quickjs.Context()
    context.set_memory_limit(MEMORY)
    context.set_max_stack_size(STACK)
    context.set_time_limit(FRAME_S)
    context.eval(_BUFFER)
    load: Any = context.eval(_REALM)(OUTPUT, extended)
    loaded: Decode = load(context.eval(script))
    return loaded


def _stopped(error: quickjs.JSException) -> str:
    """What got past the script's own `catch` and the realm's: the engine's limits."""
    message = _first_line(error)
    return "!too_slow" if "interrupted" in message else f"!threw {message}"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300]
