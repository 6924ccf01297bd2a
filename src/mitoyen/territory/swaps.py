"""Devices come and go under a datastream: a swap closes one deployment and opens the next, at the same instant."""

import math
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device, Thing


def deploy(
    thing: Thing, observed_property: str, starts: datetime, serial: str, *, by: str,
    model: str = "", factor: float = 1.0, offset: float = 0.0, first_index: float | None = None,
) -> Deployment:  # fmt: skip
    """Open the first deployment of this property. Raises Refused when one is open: that is a swap."""
    _check(starts, serial, factor, first_index)
    with transaction.atomic():
        if Deployment.objects.filter(thing=thing, observed_property=observed_property, ends=None).exists():
            raise Refused(
                _("A device is already deployed for %(thing)s/%(property)s.")
                % {"thing": thing.slug, "property": observed_property},
                _("Record a swap instead."),
                code="already_deployed",
            )
        values: dict[str, float | str | None] = {"factor": factor, "offset": offset, "first_index": first_index}
        opened = _open(thing, observed_property, starts, serial, model, values)
        name = f"{thing.slug}/{observed_property}"
        audit.record(by, "device.deployed", name, serial=serial, at=starts, factor=factor, offset=offset)
    return opened


def swap_device(  # noqa: PLR0917 - read in the order of the form: old device, then new one
    thing: Thing, observed_property: str, at: datetime, new_serial: str, last_index: float | None,
    first_index: float | None, by: str, *, model: str = "", factor: float | None = None, offset: float | None = None,
) -> Deployment:  # fmt: skip
    """Close the open deployment at `at` with its last index, and open the new device's with its first one.

    The new device keeps the factor and offset of the old one unless they are given. When no deployment was recorded
    before, one is closed under the name "unknown-<thing>-<property>" all the same, so that the swap and the last index
    are kept. Raises Refused when `at` is in the future, or not after the open deployment's start.
    """
    _check(at, new_serial, 1.0 if factor is None else factor, first_index, last_index)
    with transaction.atomic():
        current = Deployment.objects.filter(thing=thing, observed_property=observed_property, ends=None).first()
        old = current or _unknown_before(thing, observed_property, at)
        if at <= old.starts:
            raise Refused(
                _("The device in place was deployed on %(day)s: the swap must come after.")
                % {"day": timezone.localtime(old.starts).strftime("%d/%m/%Y %H:%M")},
                code="swap_before_start",
            )
        if old.device.serial == new_serial.strip():
            raise Refused(
                _("Device %(serial)s is the one in place already.") % {"serial": new_serial},
                _("Give the new device's serial number."),
                code="same_device",
            )
        old.ends, old.last_index = at, last_index
        old.save(update_fields=["ends", "last_index"])
        kept = (old.factor if factor is None else factor, old.offset if offset is None else offset)
        values: dict[str, float | str | None] = {"factor": kept[0], "offset": kept[1], "first_index": first_index}
        values |= {"channel": old.channel, "unit": old.unit}
        opened = _open(thing, observed_property, at, new_serial, model, values)
        change = {"old": old.device.serial, "new": opened.device.serial, "factor": kept[0], "offset": kept[1]}
        name = f"{thing.slug}/{observed_property}"
        audit.record(by, "device.swapped", name, at=at, last_index=last_index, first_index=first_index, **change)
    return opened


def undo_swap(thing: Thing, observed_property: str, opened: int, by: str, why: str) -> None:
    """Take back the swap that opened the deployment of this number: the old device goes on as before.

    Raises Refused when it was taken back already, and when it isn't the last one.
    """
    with transaction.atomic():
        past = Deployment.objects.filter(thing=thing, observed_property=observed_property).order_by("-starts")
        last = list(past.select_for_update(of=("self",)).select_related("device")[:2])
        if not past.filter(pk=opened).exists():
            raise Refused(
                _("This swap was taken back already."), _("Nothing was changed again."), code="swap_already_undone"
            )
        same = len(last) == 2 and last[0].device_id == last[1].device_id
        if len(last) < 2 or same or last[0].pk != opened or last[1].ends != last[0].starts:
            raise Refused(
                _("Only the last swap can be taken back."),
                _("Take back the ones after it first."),
                code="not_last_swap",
            )
        new, old = last
        change = {"at": new.starts, "old": old.device.serial, "new": new.device.serial, "last_index": old.last_index}
        new.delete()
        old.ends, old.last_index = None, None
        old.save(update_fields=["ends", "last_index"])
        audit.record(by, "device.swap_undone", f"{thing.slug}/{observed_property}", why=why, **change)


def _open(  # noqa: PLR0917 - one row of the table
    thing: Thing, observed_property: str, starts: datetime, serial: str, model: str,
    values: dict[str, float | str | None],
) -> Deployment:  # fmt: skip
    device, _created = Device.objects.get_or_create(serial=serial.strip(), defaults={"model": model})
    # The channels of one device may serve several things; the same channel, or the device as a whole, only one.
    there = device.deployments.filter(ends=None, channel=values.get("channel", ""))
    elsewhere = there.exclude(thing=thing).select_related("thing").first()
    if elsewhere is not None:
        raise Refused(
            _("Device %(serial)s is in place at %(thing)s.") % {"serial": serial, "thing": elsewhere.thing},
            _("Close its deployment there first, or check the serial number."),
            code="device_elsewhere",
        )
    return Deployment.objects.create(
        device=device, thing=thing, observed_property=observed_property, starts=starts, **values
    )


def _unknown_before(thing: Thing, observed_property: str, at: datetime) -> Deployment:
    last = Deployment.objects.filter(thing=thing, observed_property=observed_property, ends__lte=at).last()
    starts = last.ends if last and last.ends else datetime(1970, 1, 1, tzinfo=at.tzinfo)
    serial = f"unknown-{thing.slug}-{observed_property}"[:120]
    device, _created = Device.objects.get_or_create(serial=serial)
    return Deployment.objects.create(device=device, thing=thing, observed_property=observed_property, starts=starts)


def _check(at: datetime, serial: str, factor: float, *indexes: float | None) -> None:
    if timezone.is_naive(at):
        raise ValueError("the instant of a swap needs a time zone")
    if at > timezone.now():
        raise Refused(_("This date is in the future."), _("Record a swap once it is done."), code="future")
    if not 1 <= len(serial.strip()) <= 120:
        raise Refused(_("A device needs a serial number of 120 characters at most."), code="bad_serial")
    if not math.isfinite(factor) or factor == 0:
        raise Refused(_("The factor can't be 0."), _("Use 1 when there is none."), code="bad_factor")
    if any(index is not None and not (math.isfinite(index) and index >= 0) for index in indexes):
        raise Refused(_("An index is a number that is not negative."), code="bad_index")
