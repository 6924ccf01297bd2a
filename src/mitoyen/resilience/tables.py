"""Tables of the state database to CSV and back, exactly: the same for SQLite and PostgreSQL.

A value is written as its field's own text; JSON as JSON, binary as base64, no value as an empty cell (no text
column of ours may be null, so empty text and no value can't be confused).
"""

import base64
import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused

ROWS_AT_ONCE = 2000

# In the order in which they can be fed back: what is pointed at comes first. Closed ones hold personal data,
# secrets or work under way: a backup has them, an export doesn't.
OPEN, CLOSED = "open", "closed"
TABLES = (
    ("territory.Commune", OPEN),
    ("territory.Place", OPEN),
    ("territory.Street", OPEN),
    ("territory.Address", OPEN),
    ("territory.Partner", OPEN),
    ("territory.Agreement", OPEN),
    ("territory.Thing", OPEN),
    ("territory.Device", OPEN),
    ("territory.Deployment", OPEN),
    ("territory.Person", CLOSED),
    ("territory.Role", CLOSED),
    ("account.EmailAddress", CLOSED),
    ("mfa.Authenticator", CLOSED),
    ("manifests.UsageSwitch", OPEN),
    ("history.Datastream", OPEN),
    ("history.Batch", OPEN),
    ("history.SealedDay", OPEN),
    ("history.KeptJournal", OPEN),
    ("ledger.Job", CLOSED),
    ("connect.Mapping", OPEN),
    ("connect.Upload", CLOSED),
    ("devices.Codec", OPEN),
    ("devices.DeviceModel", OPEN),
    ("devices.Field", OPEN),
    ("devices.RegisterImport", CLOSED),
    ("devices.Registration", CLOSED),
    ("devices.Health", OPEN),
    ("devices.Gateway", OPEN),
    ("devices.Quarantined", CLOSED),
    ("evaluate.Action", OPEN),
    ("evaluate.Closure", OPEN),
    ("evaluate.Figure", OPEN),
    ("operate.Finding", OPEN),
    ("operate.YearlyUse", OPEN),
    ("operate.ShownFigures", OPEN),
    ("forecast.Forecast", OPEN),
    ("alerts.Alert", OPEN),
    ("alerts.AlertFact", CLOSED),
    ("alerts.Tuning", OPEN),
    ("alerts.Telling", CLOSED),
    ("work.WorkOrder", CLOSED),
    ("work.WorkAlert", CLOSED),
    ("work.WorkFact", CLOSED),
    ("work.WorkPhoto", CLOSED),
    ("work.Crew", CLOSED),
    ("services.Handler", CLOSED),
    ("services.Venue", OPEN),
    ("services.Opening", OPEN),
    ("services.Source", OPEN),
    ("services.ParityMeasure", OPEN),
    ("services.GivenUp", OPEN),
    ("services.Request", CLOSED),
    ("services.Contact", CLOSED),
    ("services.Fact", CLOSED),
    ("services.Photo", CLOSED),
    ("services.Appointment", CLOSED),
    ("services.Support", CLOSED),
    ("services.Subscription", CLOSED),
    ("services.Announcement", OPEN),
    ("mail.Taken", CLOSED),
    ("mail.Dialogue", CLOSED),
    ("paper.PrintedLayout", OPEN),
    ("paper.Scan", CLOSED),
    ("paper.PaperForm", CLOSED),
    ("paper.Sheet", CLOSED),
    ("paper.LetterBatch", CLOSED),
    ("ledger.Notice", CLOSED),
    ("sms.Dialogue", CLOSED),
    ("sms.Incoming", CLOSED),
    ("sms.Piece", CLOSED),
    ("sms.Stopped", CLOSED),
    ("sms.Segment", CLOSED),
    ("sms.Receipt", CLOSED),
    ("ledger.AuditEntry", OPEN),
)
ALL_TABLES = tuple(label for label, _kind in TABLES)
OPEN_TABLES = tuple(label for label, kind in TABLES if kind == OPEN)


def model_of(label: str) -> type[models.Model]:
    """The model named `app.Model`."""
    return apps.get_model(label)


def file_name(label: str) -> str:
    """`territory.Commune` -> `territory-commune.csv`."""
    return f"{label.replace('.', '-').lower()}.csv"


def write_tables(folder: Path, labels: Iterable[str]) -> dict[str, int]:
    """Write each table to `folder`; rows written by file name. One read transaction: a moment's state."""
    written = {}
    with transaction.atomic():
        for label in labels:
            written[file_name(label)] = _write(folder / file_name(label), model_of(label))
    return written


def read_tables(folder: Path, labels: Iterable[str]) -> dict[str, int]:
    """Feed empty tables from `folder`, all or nothing. Raises Refused, with the file and line at fault."""
    read = {}
    with transaction.atomic():
        for label in labels:
            file = folder / file_name(label)
            if file.exists():
                read[file.name] = _read(file, model_of(label))
        _move_sequences_on([model_of(label) for label in labels])
    return read


def _write(file: Path, model: type[models.Model]) -> int:
    fields = model._meta.concrete_fields
    count = 0
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow([field.attname for field in fields])
        for row in model._default_manager.order_by("pk").iterator(ROWS_AT_ONCE):
            writer.writerow([_text(field, getattr(row, field.attname)) for field in fields])
            count += 1
    return count


def _text(field: "models.Field[object, object]", value: object) -> str:
    if value is None:
        return ""
    if isinstance(field, models.JSONField):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, cls=field.encoder)
    if isinstance(field, models.BinaryField):
        return base64.b64encode(bytes(value)).decode()  # type: ignore[call-overload]
    if isinstance(value, float):
        return repr(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _read(file: Path, model: type[models.Model]) -> int:
    if model._default_manager.exists():
        raise Refused(
            _("The table %(table)s already holds rows.") % {"table": model._meta.label},
            _("Feed an empty installation: MITOYEN_HOME=new-folder mitoyen init"),
        )
    fields = {field.attname: field for field in model._meta.concrete_fields}
    count = 0
    with file.open(encoding="utf-8", newline="") as source:
        csv.field_size_limit(1 << 30)
        rows = csv.DictReader(source)
        unknown = set(rows.fieldnames or ()) - set(fields)
        if unknown:
            raise Refused(
                _("%(file)s, line 1: unknown column %(column)s.") % {"file": file.name, "column": sorted(unknown)[0]},
                _("This export was written by a newer version: upgrade, then feed it again."),
            )
        for chunk in _chunks(rows):
            objects = [_object(model, fields, row, file, count + at + 2) for at, row in enumerate(chunk)]
            _insert(model, objects)
            count += len(chunk)
    return count


def _insert(model: type[models.Model], objects: list[models.Model]) -> None:
    """As they were: times of writing set by `auto_now` fields must not become now."""
    automatic = [
        f for f in model._meta.concrete_fields if getattr(f, "auto_now", False) or getattr(f, "auto_now_add", False)
    ]
    states = [(f, f.auto_now, f.auto_now_add) for f in automatic]  # type: ignore[attr-defined]
    for field in automatic:
        field.auto_now = field.auto_now_add = False  # type: ignore[attr-defined]
    try:
        model._default_manager.bulk_create(objects, batch_size=200)
    finally:
        for field, now, now_add in states:
            field.auto_now, field.auto_now_add = now, now_add  # type: ignore[attr-defined]


def _object(
    model: type[models.Model],
    fields: "dict[str, models.Field[object, object]]",
    row: dict[str, str],
    file: Path,
    line: int,
) -> models.Model:
    try:
        return model(**{name: _value(fields[name], text) for name, text in row.items()})
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as error:
        raise Refused(
            _("%(file)s, line %(line)s can't be read: %(why)s.") % {"file": file.name, "line": line, "why": error},
            _("Export again, or mend the line."),
        ) from error


def _value(field: "models.Field[object, object]", text: str) -> object:
    if text == "" and field.null:
        return None
    if isinstance(field, models.JSONField):
        return json.loads(text)
    if isinstance(field, models.BinaryField):
        return base64.b64decode(text, validate=True)
    target = field.target_field if isinstance(field, models.ForeignKey) else field
    return target.to_python(text)


def _chunks(rows: Iterable[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    chunk: list[dict[str, str]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == ROWS_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _move_sequences_on(fed: list[type[models.Model]]) -> None:
    """Rows came with their own numbers: the database's counters must start after them."""
    statements = connection.ops.sequence_reset_sql(no_style(), fed)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
