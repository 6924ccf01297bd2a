"""`mitoyen devices import`: a file of devices into the register; a result a row, safe to repeat, can be taken back."""

import hashlib
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mitoyen.connect.devices import sealed
from mitoyen.connect.devices.comparing import Register
from mitoyen.connect.devices.entries import Entries, Entry, read_entries
from mitoyen.connect.devices.mending import todo
from mitoyen.connect.devices.models import DeviceModel, RegisterImport, Registration
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Ground, Refused
from mitoyen.territory.models import Deployment, Device

AT_ONCE = 1000


@dataclass
class Report:
    """What became of each row; `added` and `changed` count devices (the channels of one are several rows).

    `number` is the import's, by which it can be undone; None when nothing was written.
    """

    file: str
    columns: dict[str, str]
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    deployments: int = 0
    models: list[str] = field(default_factory=list)
    waiting_for_fields: int = 0
    number: int | None = None
    dry_run: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def summary(self) -> dict[str, Any]:
        """All but the rows."""
        return {name: value for name, value in self.to_json().items() if name != "results"}


@dataclass
class _Plan:
    """Rows not saved yet. `undo` tells, by line, what taking the import back needs to know."""

    devices: list[Device] = field(default_factory=list)
    new: dict[str, Registration] = field(default_factory=dict)
    changed: dict[str, Registration] = field(default_factory=dict)
    deployments: list[Deployment] = field(default_factory=list)
    models: list[DeviceModel] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)
    undo: dict[int, dict[str, Any]] = field(default_factory=dict)
    first_line: dict[str, int] = field(default_factory=dict)
    waiting: int = 0


def import_devices(
    path: Path, by: str, *, columns: Mapping[str, str] | None = None, dry_run: bool = False,
    waiting: RegisterImport | None = None, most_rows: int | None = None,
) -> Report:  # fmt: skip
    """Take the file's devices into the register: new ones added, known ones changed, none removed.

    An application key is written when it is given and never told again. A row whose device stands elsewhere, or whose
    property another device serves, is refused: that is a swap. `waiting` is the file as it was sent at the desk. Raises
    Refused when the file can't be read at all.
    """
    found = read_entries(path, columns)
    if most_rows is not None and found.rows > most_rows:
        raise Refused(
            _("This file has more than %(n)s lines: the desk would stand still meanwhile.") % {"n": most_rows},
            _("Send it in parts, or have it taken in by: mitoyen devices import."),
            code="too_many_rows",
        )
    with transaction.atomic():
        register = Register(found.entries)
        plan = _plan(found, register)
        report = _report(path, found, plan)
        report.dry_run = dry_run
        if not dry_run and (report.added or report.changed):
            report.number = _write(path, plan, report, by, waiting)
    return report


def _plan(found: Entries, register: Register) -> _Plan:
    plan = _Plan()
    for ground in found.refused:
        told = {"result": "refused", "code": ground.code, "reason": capfirst(ground.message), "todo": todo(ground.code)}
        plan.results.append({"line": ground.line, **told})
    for entry in found.entries:
        try:
            plan.results.append({"line": entry.line, "address": entry.address, **_one(entry, register, plan)})
        except Refused as refusal:
            told = {"result": "refused", "code": refusal.code, "reason": refusal.message, "todo": refusal.next_step}
            plan.results.append({"line": entry.line, "address": entry.address, **told})
    plan.results.sort(key=lambda result: result["line"] or 0)
    plan.models = register.new_models
    return plan


def _one(entry: Entry, register: Register, plan: _Plan) -> dict[str, Any]:
    """What becomes of one row: checks first, then what is to be written goes into the plan. Raises Refused."""
    registration = register.registrations.get(entry.address)
    device = register.device(entry, registration)
    model = register.model(entry)
    thing = register.thing(entry.thing) if entry.thing else None
    starts = entry.starts or timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = register.measured(entry, model)
    opened = [
        Deployment(device=device, thing=thing, observed_property=name, starts=starts, factor=entry.factor,
                   offset=entry.offset, channel=entry.channel, unit=entry.unit)
        for name in wanted
        if thing is not None and register.may_open(device, thing, name, starts, entry.channel)
    ]  # fmt: skip
    new = registration is None
    registration = registration or Registration(device=device, address=entry.address)
    before = {} if new else register.values(registration)
    if thing is not None and not entry.properties and not entry.channel:
        registration.thing, registration.factor, registration.offset = thing, entry.factor, entry.offset
        registration.starts = registration.starts or starts
        plan.waiting += not wanted
    registration.model, registration.retired_at = model, None
    if entry.key and not sealed.holds(bytes(registration.application_key), entry.key, entry.address):
        registration.application_key = sealed.seal(entry.key, entry.address)
    changed = new or register.values(registration) != before
    if not changed and not opened:
        return {"result": "unchanged"}
    new_device = device.serial not in register.known_serials
    if new_device:
        plan.devices.append(device)
    register.take(registration, opened)
    plan.deployments += opened
    places = [(one.thing.slug, one.observed_property) for one in opened]
    told = {"deployed": [one.observed_property for one in opened]} | ({"thing": thing.name} if thing else {})
    earlier = plan.first_line.get(entry.address)
    if earlier is not None:
        # Another channel of the same device: both rows are one change, which is undone as one.
        plan.undo[earlier]["opened"] += places
        if changed and not plan.undo[earlier]["new"]:
            plan.changed[entry.address] = registration
        return {"result": "added" if plan.undo[earlier]["new"] else "changed", **told}
    plan.first_line[entry.address] = entry.line
    if changed:
        (plan.new if new else plan.changed)[entry.address] = registration
    plan.undo[entry.line] = {
        "address": entry.address,
        "new": new,
        "new_device": new_device,
        "before": _kept(before),
        "opened": places,
    }
    return {"result": "added" if new else "changed", **told}


def _kept(before: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a registration before, as JSON; its key as it was encrypted."""
    kept = dict(before)
    if "application_key" in kept:
        kept["application_key"] = b64encode(kept["application_key"]).decode()
    for name in ("starts", "retired_at"):
        if kept.get(name) is not None:
            kept[name] = kept[name].isoformat()
    return kept


def _report(path: Path, found: Entries, plan: _Plan) -> Report:
    counts = Counter(result["result"] for result in plan.results)
    added = len(plan.new)
    return Report(
        path.name, found.columns, found.rows, added, len(plan.first_line) - added, counts["unchanged"],
        counts["refused"], len(plan.deployments), [str(model) for model in plan.models], plan.waiting,
        results=plan.results,
    )  # fmt: skip


def _write(path: Path, plan: _Plan, report: Report, by: str, waiting: RegisterImport | None) -> int:
    kept = [{**result, "undo": plan.undo.get(result["line"])} for result in plan.results]
    try:
        for model in plan.models:
            model.save()
        Device.objects.bulk_create(plan.devices, AT_ONCE)
        done = waiting or RegisterImport(
            name=path.name[:300], sha256=hashlib.sha256(path.read_bytes()).hexdigest(), by=by
        )
        done.rows, done.report, done.path = kept, report.summary(), ""
        done.save()
        for registration in plan.new.values():
            registration.brought_by = done
        Registration.objects.bulk_create(plan.new.values(), AT_ONCE)
        fields = ["model", "application_key", "thing", "starts", "factor", "offset", "retired_at"]
        Registration.objects.bulk_update(plan.changed.values(), fields, AT_ONCE)
        Deployment.objects.bulk_create(plan.deployments, AT_ONCE)
    except IntegrityError as error:
        raise Refused(
            _("Someone else changed the register at the same moment: nothing of this file was taken."),
            _("Import it again."),
            code="changed_meanwhile",
        ) from error
    counts = {"added": report.added, "changed": report.changed, "deployments": report.deployments}
    audit.record(by, "devices.imported", str(done.pk), file=done.name, sha256=done.sha256, **counts)
    return done.pk


def grounds(report: Report) -> list[Ground]:
    """The refused rows of a report, for people."""
    return [
        Ground(result["code"], result["reason"], result["line"])
        for result in report.results
        if result["result"] == "refused"
    ]
