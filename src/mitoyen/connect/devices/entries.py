"""From a register's file (CSV, XLSX) to entries: one device a row, with what can't be understood refused by line."""

import math
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from mitoyen.connect.sheets import to_csv
from mitoyen.history.units import ucum
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.mapping import given_column, usual_column
from mitoyen.territory.spelling import bare
from mitoyen.territory.tables import Table, check_file, read_csv

# Role -> the names that such columns have, in French and English, as `_told` writes them.
ROLES: dict[str, tuple[str, ...]] = {
    "address": ("address", "adresse", "eui", "deveui", "dev_eui", "device_eui", "adresse_radio", "device_id", "devid"),
    "serial": ("serial", "serial_number", "sn", "serie", "numero_de_serie", "numero_serie", "no_serie", "n_serie"),
    "maker": ("maker", "vendor", "manufacturer", "fabricant", "constructeur", "marque"),
    "model": ("model", "modele", "device_model", "reference", "type"),
    "codec": ("codec", "decoder", "decodeur"),
    "thing": ("thing", "objet", "equipement", "point", "thing_slug", "site"),
    "channel": ("channel", "canal", "voie", "champ", "field", "entree", "input"),
    "unit": ("unit", "unite"),
    "properties": ("properties", "property", "mesures", "mesure", "grandeurs", "grandeur", "observed_property"),
    "starts": ("starts", "start", "since", "debut", "depuis", "pose", "date_pose", "date_de_pose", "installed"),
    "factor": ("factor", "coefficient", "facteur", "coef"),
    "offset": ("offset", "decalage"),
    "key": ("application_key", "app_key", "appkey", "cle", "cle_application", "cle_d_application", "nwkkey"),
}
NEEDED = ("address", "model")
_EUI = re.compile(r"[0-9a-f]{16}")
_ADDRESS = re.compile(r"[!-~]{1,120}")
_KEY = re.compile(r"[0-9a-f]{32}")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,59}")
_FRENCH = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[ T](.+))?")
_SPLIT = re.compile(r"[;,|\s]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One device as the file tells it, or one of its channels. `properties` empty: every confirmed field of its model.

    `channel`: the field that serves `thing`; `unit` is then that of the true value, empty: the field's own.
    """

    line: int
    address: str
    serial: str
    maker: str
    model: str
    codec: str
    thing: str
    channel: str
    unit: str
    properties: tuple[str, ...]
    starts: datetime | None
    factor: float
    offset: float
    key: bytes


@dataclass
class Entries:
    """The rows that can be understood, those that can't, and which column was taken for what."""

    entries: list[Entry] = field(default_factory=list)
    refused: list[Ground] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0


def read_entries(path: Path, given: Mapping[str, str] | None = None) -> Entries:
    """The devices of a CSV or XLSX file. `given`: role -> column, over the usual names of such columns.

    Raises Refused when the file can't be read or has no column of addresses or models.
    """
    table = _table(path)
    columns = _columns(table, given or {})
    cells = {role: table.columns.index(column) for role, column in columns.items() if column}
    made = Entries(refused=list(table.refused), columns=columns, rows=len(table.rows) + len(table.refused))
    first: dict[tuple[str, str], int] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        texts = {role: str(row[at] or "").strip() for role, at in cells.items()}
        try:
            entry = _entry(texts, line)
        except ValueError as error:
            made.refused.append(Ground(error.args[0], error.args[1], line))
            continue
        if (known := first.setdefault((entry.address, entry.channel), line)) != line:
            says = _("%(address)s is on line %(n)s already") % {"address": entry.address, "n": known}
            made.refused.append(Ground("twice_in_file", says, line))
            continue
        made.entries.append(entry)
    return made


def address_of(text: str) -> str:
    """An address as it is kept: an EUI in lower-case hexadecimal without separators, or its own name as it is."""
    compact = re.sub(r"[\s:.-]", "", text).lower()
    return compact if _EUI.fullmatch(compact) else text.strip()


def moment_of(text: str) -> datetime:
    """The moment that a person wrote: 2026-11-30, 30/11/2026, with or without a time of day, in France without offset.

    Raises ValueError.
    """
    french = _FRENCH.fullmatch(text.strip())
    iso = (
        f"{french[3]}-{int(french[2]):02}-{int(french[1]):02}{'T' + french[4] if french[4] else ''}" if french else text
    )
    day = parse_date(iso.strip())
    moment = datetime(day.year, day.month, day.day) if day else parse_datetime(iso.strip())
    if moment is None:
        raise ValueError(text)
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


def _table(path: Path) -> Table:
    check_file(path)
    with path.open("rb") as file:
        zipped = file.read(2) == b"PK"
    if not zipped:
        return read_csv(path)
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "sheet.csv"
        picked = to_csv(path, written, "xlsx")
        if picked.sheet is None:
            names = ", ".join(name for name, _rows in picked.holding)
            raise Refused(
                _("Several sheets of this workbook hold something: %(names)s.") % {"names": names},
                _("Keep the one of the devices in a file of its own."),
                code="several_sheets",
            )
        return read_csv(written)


def _columns(table: Table, given: Mapping[str, str]) -> dict[str, str]:
    columns = {role: given_column(given.get(role, ""), table.columns) for role in ROLES}
    # Letters and figures only: "N° de série" is numero_de_serie in a register.
    told = {_told(column): column for column in reversed(table.columns)}
    for role, names in ROLES.items():
        columns[role] = columns[role] or next((told[name] for name in names if name in told), "")
        columns[role] = columns[role] or usual_column(names, table.columns)
    missing = [role for role in NEEDED if not columns[role]]
    if missing:
        words = {"address": _("the devices' addresses (EUI)"), "model": _("their model")}
        raise Refused(
            _("No column holds %(what)s.") % {"what": _(" nor ").join(words[role] for role in missing)},
            _("Name it “EUI” or “model” in the first line (or say --column ROLE=COLUMN). The file has: %(columns)s.")
            % {"columns": ", ".join(table.columns[:60])},
            code="no_column",
        )
    return columns


def _told(column: str) -> str:
    return re.sub(r"^(n|no)_(?=de_serie|serie)", "numero_", bare(column).replace(" ", "_"))


def _entry(texts: dict[str, str], line: int) -> Entry:
    """Raises ValueError(code, what is wrong)."""
    address = address_of(texts["address"])
    if not _ADDRESS.fullmatch(address):
        raise ValueError("no_address", _("no address that can be one"))
    if not texts["model"]:
        raise ValueError("no_model", _("no model"))
    key = re.sub(r"[\s:-]", "", texts.get("key", "")).lower()
    if key and not _KEY.fullmatch(key):
        # What it says instead is never repeated: it may be a key cut short.
        raise ValueError("bad_key", _("the application key is not 32 hexadecimal figures"))
    channel, properties = texts.get("channel", "")[:120], _properties(texts.get("properties", ""))
    if channel and not texts.get("thing", ""):
        raise ValueError("channel_nowhere", _("the channel %(name)s serves nothing") % {"name": channel})
    if channel and len(properties) > 1:
        raise ValueError(
            "channel_measures_one", _("the channel %(name)s can only measure one thing") % {"name": channel}
        )
    return Entry(
        line,
        address,
        texts.get("serial", "")[:120] or address,
        texts.get("maker", "")[:120],
        texts["model"][:160],
        texts.get("codec", "")[:120],
        texts.get("thing", "")[:200],
        channel,
        _unit(texts.get("unit", ""), channel),
        properties,
        _starts(texts.get("starts", "")),
        _number(texts.get("factor", ""), 1.0, "bad_factor"),
        _number(texts.get("offset", ""), 0.0, "bad_offset"),
        bytes.fromhex(key),
    )


def _properties(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for name in _SPLIT.split(text.lower()) if name))
    bad = next((name for name in names if not _PROPERTY.fullmatch(name)), None)
    if bad is not None:
        raise ValueError("bad_property", _("%(name)r is not the name of a property") % {"name": bad[:60]})
    return names


def _unit(text: str, channel: str) -> str:
    if text and not channel:
        raise ValueError("unit_alone", _("a unit without a channel"))
    try:
        return ucum(text) if text else ""
    except Refused as error:
        raise ValueError("bad_unit", _("%(text)r is not a unit that is known") % {"text": text[:24]}) from error


def _starts(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = moment_of(text)
    except ValueError as error:
        raise ValueError("bad_date", _("%(text)r is not a date") % {"text": text[:40]}) from error
    if moment > timezone.now():
        raise ValueError("future", _("%(text)s is in the future") % {"text": text[:40]})
    return moment


def _number(text: str, missing: float, code: str) -> float:
    if not text:
        return missing
    try:
        number = float(text.replace(",", ".").replace("\u202f", "").replace(" ", ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (code == "bad_factor" and number == 0):
        raise ValueError(code, _("%(text)r is not a number that can be used") % {"text": text[:40]})
    return number


def columns_given(pairs: Sequence[str]) -> dict[str, str]:
    """ROLE=COLUMN, as the command takes them. Raises Refused."""
    given = {}
    for pair in pairs:
        role, equals, column = pair.partition("=")
        if not (role.strip() in ROLES and equals and column.strip()):
            raise Refused(
                _("%(pair)r is not ROLE=COLUMN.") % {"pair": pair},
                _("Roles: %(roles)s.") % {"roles": ", ".join(ROLES)},
                code="bad_column",
            )
        given[role.strip()] = column.strip()
    return given
