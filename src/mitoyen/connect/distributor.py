"""The distributor's own exports (Enedis): load curves and indexes, with lines above that state everything."""

from dataclasses import dataclass
from pathlib import Path

from mitoyen.connect.headers import unit_code
from mitoyen.connect.layout import Layout
from mitoyen.connect.stamps import looks_like_stamp
from mitoyen.territory.spelling import plain

# A section of tariff names follows the readings of an index export.
_FOOTER = ("periode;identifiant", "période;identifiant")


@dataclass(frozen=True, slots=True)
class Export:
    """What the lines above the readings state. `kind` is "power" (load curve) or "counter" (index)."""

    point: str
    kind: str
    unit: str
    property: str
    column: str
    says: dict[str, str]


def recognise(layout: Layout) -> Export | None:
    """The export's own statements, or None when the file isn't one."""
    says: dict[str, str] = {}
    for names, values in zip(layout.preamble, layout.preamble[1:], strict=False):
        if any("identifiant prm" in plain(name) for name in names):
            says = {plain(name): value for name, value in zip(names, values, strict=False)}
    headers = [plain(name) for name in layout.names]
    if not says and "horodate" in headers and "identifiant prm" in headers:
        first = layout.sample[0] if layout.sample else ()
        says = {name: value for name, value in zip(headers, first, strict=False) if name not in ("horodate", "valeur")}
    unit = unit_code(says.get("unite", ""))
    if "horodate" not in headers or not unit:
        return None
    is_index = plain(says.get("type de donnees", "")).startswith("index") or "eas t" in headers
    column = next((n for n in layout.names if plain(n) == ("eas t" if is_index else "valeur")), "")
    if not column:
        return None
    physical = plain(says.get("grandeur physique", ""))
    return Export(
        says.get("identifiant prm", ""),
        "counter" if is_index else "power",
        unit,
        "electricity" if physical in ("", "energie active", "pa", "ea") else "",
        column,
        says,
    )


def without_footer(table: Path, target: Path) -> Path:
    """The table without the section of tariff names that follows an index export's readings."""
    if table.stat().st_size > 64 * 1024**2:
        return table
    text = table.read_text(encoding="utf-8-sig")
    lines = text.split("\n")
    at = next((n for n, line in enumerate(lines) if line.strip().lower().startswith(_FOOTER)), None)
    if at is None or any(looks_like_stamp(line.split(";")[0].strip()) for line in lines[at:]):
        # Readings after it (exports pasted together) must not go with it: its lines will be refused, and named.
        return table
    target.write_text("\n".join(lines[:at]) + "\n", encoding="utf-8")
    return target
