"""A device replaced in one action: all that it serves goes on with the new one, its registration moves, undo."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.connect.devices import sealed
from mitoyen.connect.devices.entries import address_of
from mitoyen.connect.devices.models import DeviceModel, Registration
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device
from mitoyen.territory.swaps import swap_device, undo_swap

Indexes = Mapping[str, float | None]


def replace_device(
    old: Device, at: datetime, address: str, by: str, *, serial: str = "", model: DeviceModel | None = None,
    key: bytes = b"", last: Indexes | None = None, first: Indexes | None = None, factor: float | None = None,
) -> Device:  # fmt: skip
    """Close every open deployment of `old` at `at`, open the same for the new device, and move the registration to it.

    `last` and `first` give counters' indexes by property, or by `thing/property` where several share one. The new
    device is of the old one's model unless said. Raises Refused when the old one serves nothing, or the new one's
    address or serial number is another's.
    """
    new_address = address_of(address)
    if not new_address or len(new_address) > 120:
        raise Refused(_("The new device needs an address: its EUI, or the name it sends under."), code="no_address")
    with transaction.atomic():
        registration = Registration.objects.select_for_update(of=("self",)).filter(device=old).first()
        served = list(old.deployments.filter(ends=None).select_related("thing"))
        if not served:
            raise Refused(_("%(serial)s serves nothing now.") % {"serial": old.serial}, code="serves_nothing")
        if Registration.objects.filter(address=new_address).exists():
            raise Refused(
                _("%(address)s is in the register already.") % {"address": new_address},
                _("Check the new device's address."),
                code="known_address",
            )
        new_serial = serial.strip() or new_address
        if Registration.objects.filter(device__serial=new_serial).exists():
            raise Refused(
                _("The serial number %(serial)s is registered under another address.") % {"serial": new_serial},
                code="other_address",
            )
        names = index_keys(served)
        _check_indexes(names, last or {}, first or {})
        for one, name in zip(served, names, strict=True):
            swap_device(
                one.thing, one.observed_property, at, new_serial, (last or {}).get(name), (first or {}).get(name), by,
                model=old.model if model is None else str(model), factor=factor,
            )  # fmt: skip
        new = Device.objects.get(serial=new_serial)
        if registration is not None:
            Registration.objects.create(
                device=new, address=new_address, model=model or registration.model,
                application_key=sealed.seal(key, new_address) if key else b"", thing=registration.thing, starts=at,
                factor=registration.factor if factor is None else factor, offset=registration.offset,
            )  # fmt: skip
            registration.retired_at = at
            registration.save(update_fields=["retired_at"])
        served_names = [f"{one.thing.slug}/{one.observed_property}" for one in served]
        audit.record(by, "devices.replaced", old.serial, new=new_serial, at=at, served=served_names)
    return new


def index_keys(served: Sequence[Deployment]) -> list[str]:
    """By what the index of each deployment is given: its property, or `thing/property` where several share one."""
    several = Counter(one.observed_property for one in served)
    return [
        one.observed_property if several[one.observed_property] == 1 else f"{one.thing.slug}/{one.observed_property}"
        for one in served
    ]


def _check_indexes(keys: Sequence[str], *given: Indexes) -> None:
    """An index that names nothing would be lost without a word. Raises Refused."""
    unknown = next((name for indexes in given for name in indexes if name not in keys), None)
    if unknown is not None:
        raise Refused(
            _("%(name)s is not what this device serves.") % {"name": unknown},
            _("It serves: %(names)s.") % {"names": ", ".join(keys)},
            code="unknown_index",
        )


def replaced_by(new: Device) -> Device | None:
    """The device that this one took over from in one action, when that can still be taken back."""
    pairs = _pairs(new)
    olds = {old.device_id for _opened, old in pairs if old is not None}
    if not pairs or len(olds) != 1 or any(old is None for _opened, old in pairs):
        return None
    return next(old.device for _opened, old in pairs if old is not None)


def undo_replacement(new: Device, by: str, why: str) -> Device:
    """Take the replacement back: the old device goes on as before, the new one leaves the register.

    Raises Refused when the new one took over from nobody, or was replaced itself.
    """
    with transaction.atomic():
        old = replaced_by(new)
        if old is None:
            raise Refused(
                _("%(serial)s took over from no other device.") % {"serial": new.serial},
                _("Only the last replacement can be taken back."),
                code="not_replaced",
            )
        for opened, _before in _pairs(new):
            undo_swap(opened.thing, opened.observed_property, opened.pk, by, why)
        Registration.objects.filter(device=new).delete()
        Registration.objects.filter(device=old).update(retired_at=None)
        audit.record(by, "devices.replacement_undone", new.serial, old=old.serial, why=why)
    return old


def _pairs(new: Device) -> list[tuple[Deployment, Deployment | None]]:
    """Each open deployment of a device, with the one that ended as it began."""
    return [
        (
            one,
            Deployment.objects.filter(thing=one.thing, observed_property=one.observed_property, ends=one.starts)
            .exclude(device=new)
            .select_related("device")
            .first(),
        )
        for one in new.deployments.filter(ends=None).select_related("thing")
    ]
