"""An import of devices taken back: what it brought goes, what it changed is as before, what changed since stays."""

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.connect.devices.cutting import goes_on
from mitoyen.connect.devices.models import DeviceModel, RegisterImport, Registration
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device


@dataclass
class Undone:
    """How many registrations were removed and put back as they were, and the rows left alone, each with why."""

    number: int
    removed: int = 0
    restored: int = 0
    kept: list[dict[str, Any]] = field(default_factory=list)


def undo_import(number: int, by: str, why: str = "") -> Undone:
    """Take back the import of this number. Raises Refused when there is none, or it was taken back already.

    A device that was swapped or served something else since is left as it is, and told. Frames it sent and readings
    that came of them stay; they are kept under its address and its datastreams.
    """
    with transaction.atomic():
        done = RegisterImport.objects.select_for_update().filter(pk=number, path="").first()
        if done is None:
            raise Refused(_("There is no import %(n)s of devices.") % {"n": number}, code="no_import")
        if done.undone_at is not None:
            raise Refused(_("This import was taken back already."), code="already_undone")
        undone = Undone(number)
        addresses = [row["address"] for row in done.rows if row.get("undo")]
        held: dict[str, Registration] = {}
        for start in range(0, len(addresses), 1000):
            some = Registration.objects.filter(address__in=addresses[start : start + 1000]).select_related("device")
            held |= {one.address: one for one in some}
        for row in done.rows:
            if row.get("undo"):
                _one(row, held.get(row["address"]), undone)
        done.undone_at, done.undone_by = timezone.now(), by
        done.save(update_fields=["undone_at", "undone_by"])
        counts = {"removed": undone.removed, "restored": undone.restored, "kept": len(undone.kept)}
        audit.record(by, "devices.import_undone", str(number), why=why, **counts)
    return undone


def _one(row: dict[str, Any], registration: Registration | None, undone: Undone) -> None:
    told = row["undo"]
    if registration is None:
        undone.kept.append(_left(row, _("no longer in the register")))
        return
    device = registration.device
    opened = [(slug, name) for slug, name in told["opened"]]
    now: dict[tuple[str, str], list[Deployment]] = {}
    for one in _deployments(device):
        now.setdefault((one.thing.slug, one.observed_property), []).append(one)
    gone = [key for key in opened if key not in now or now[key][-1].ends is not None]
    others = set(now) - set(opened)
    if gone or (row["result"] == "added" and others):
        undone.kept.append(_left(row, _("deployed elsewhere or swapped since")))
        return
    Deployment.objects.filter(pk__in=[part.pk for key in opened for part in _parts(now[key])]).delete()
    if row["result"] == "added":
        registration.delete()
        if told["new_device"]:
            Device.objects.filter(pk=device.pk).delete()
        undone.removed += 1
        return
    _restore(registration, told["before"])
    undone.restored += 1


def _deployments(device: Device) -> list[Deployment]:
    return list(Deployment.objects.filter(device=device).select_related("thing").order_by("starts"))


def _parts(ones: list[Deployment]) -> list[Deployment]:
    """The last of these, with what the factor of a period cut off before it."""
    parts = [ones[-1]]
    for before in reversed(ones[:-1]):
        if not goes_on(before, parts[-1]):
            break
        parts.append(before)
    return parts


def _restore(registration: Registration, before: dict[str, Any]) -> None:
    for name, value in before.items():
        if name == "application_key":
            registration.application_key = b64decode(value)
        elif name in ("starts", "retired_at"):
            setattr(registration, name, datetime.fromisoformat(value) if value else None)
        elif name != "model_id" or DeviceModel.objects.filter(pk=value).exists():
            setattr(registration, name, value)
    registration.save()


def _left(row: dict[str, Any], why: str) -> dict[str, Any]:
    return {"line": row["line"], "address": row["address"], "reason": why}
