"""Answers kept for the next file of a sort: as a TOML file (`--map`), and in the state for the desk."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.connect.analysis import Analysis
from mitoyen.connect.options import ColumnSpec, MappingSpec
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused

_HEAD = "How files of this sort are read by `mitoyen import --map` (see docs/import.md). Edit it freely."


def read_mapping(path: Path) -> MappingSpec:
    """Read a mapping (TOML, or JSON). Raises Refused when it can't be read or holds something unknown."""
    try:
        text = path.read_text(encoding="utf-8")
        decode = msgspec.json.decode if text.lstrip().startswith("{") else msgspec.toml.decode
        return spec_of(decode(text))
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise Refused(
            _("The mapping %(name)s can't be read: %(error)s.") % {"name": path.name, "error": error},
            _("Mend it, or remove it: the next import writes it anew."),
            code="bad_mapping",
        ) from error


def spec_of(content: Any) -> MappingSpec:
    """The mapping in plain data. Raises msgspec.ValidationError for unknown names or wrong types."""
    unknown = set(content) - set(MappingSpec.__dataclass_fields__) if isinstance(content, dict) else set()
    if unknown:
        raise msgspec.ValidationError(_("unknown entry “%(name)s”") % {"name": sorted(unknown)[0]})
    spec = msgspec.convert(content, MappingSpec)
    columns = content.get("columns", {})
    for name, column in columns.items():
        more = set(column) - set(ColumnSpec.__dataclass_fields__)
        if more:
            raise msgspec.ValidationError(_("unknown entry “%(name)s”") % {"name": f"{name}.{sorted(more)[0]}"})
    return spec


def write_mapping(path: Path, spec: MappingSpec) -> None:
    """Write a mapping as TOML, whole or not at all."""
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEAD))
    for key, value in plain_spec(spec).items():
        document.add(key, value)
    part = path.with_name(f".{path.name}.part")
    part.write_text(tomlkit.dumps(document), encoding="utf-8")
    part.replace(path)


def plain_spec(spec: MappingSpec) -> dict[str, Any]:
    """The mapping as plain data, without what is empty."""
    content = {key: value for key, value in asdict(spec).items() if value not in ("", None, {})}
    if spec.missing is not None:
        content["missing"] = list(spec.missing)
    if spec.columns:
        content["columns"] = {
            name: {key: value for key, value in asdict(column).items() if value}
            for name, column in spec.columns.items()
        }
    return content


def learnt(found: Analysis) -> MappingSpec:
    """What this import settled, for the next file of its sort: all that was said, nothing that the file states."""
    options = found.options
    old = options.mapping or MappingSpec()

    def said(code: str) -> str:
        reply = options.said(code)
        return reply[0] if reply else ""

    columns = dict(old.columns)
    for value in found.columns.values:
        spec = options.columns.get(value.header)
        if spec is not None:
            columns[value.header] = spec
    picked = options.answers.get("columns", "")
    if picked and picked != "meters":
        for value in found.columns.values:
            columns.setdefault(value.header, ColumnSpec("value", value.property, value.unit, value.kind))
    for code, role in (("stamp_column", "stamp"), ("meter_column", "meter")):
        if options.answers.get(code):
            columns[options.answers[code]] = ColumnSpec(role)
    columns |= {name: spec for name, spec in options.columns.items() if spec.role != "value"}
    single = len(found.columns.values) == 1 and not columns
    return MappingSpec(
        property=said("property") if single or found.columns.meter is not None else old.property,
        unit=said("unit"),
        kind=said("kind"),
        tz=said("tz"),
        stamps=said("stamps"),
        decimal=said("decimal"),
        dates=said("dates"),
        missing=options.declared_missing(),
        step=said("step"),
        sheet=said("sheet") if found.intake.picked else old.sheet,
        columns=columns,
        meters=dict(old.meters),
    )


def keep(found: Analysis, by: str) -> None:
    """Keep the answers in the state, recognised by the file's signature, for the desk; a change is audited."""
    from mitoyen.connect.models import Mapping
    from mitoyen.connect.sniff import signature_of

    spec = plain_spec(learnt(found))
    if not spec:
        return
    name, signature = ", ".join(found.layout.names)[:120], signature_of(found)
    with transaction.atomic():
        before = Mapping.objects.filter(signature=signature).values_list("spec", flat=True).first()
        if spec == before:
            return
        defaults = {"name": name, "spec": spec, "kept_by": by[:200]}
        kept_as, _created = Mapping.objects.update_or_create(signature=signature, defaults=defaults)
        audit.record(by, "mapping.keep", f"mapping:{kept_as.pk}", columns=name, before=before, after=spec)


def kept(signature: str) -> MappingSpec | None:
    """The mapping kept for files of this signature. Its entries are proposed to a person, never taken by themselves."""
    from mitoyen.connect.models import Mapping

    found = Mapping.objects.filter(signature=signature).first()
    return spec_of(found.spec) if found else None
