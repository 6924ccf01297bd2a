"""The register as it is, for the rows of a file to be compared with: read once in bulk, then asked in memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from mitoyen.connect.devices.entries import Entry
from mitoyen.connect.devices.enums import FieldRole
from mitoyen.connect.devices.models import Codec, DeviceModel, Field, Registration
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device, Thing
from mitoyen.territory.spelling import bare

_AT_ONCE = 1000
_VALUES = ("model_id", "application_key", "thing_id", "starts", "factor", "offset", "retired_at")


class Register:
    """What is known of the devices, models, things and deployments that some entries speak of."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        addresses = [entry.address for entry in entries]
        self.registrations: dict[str, Registration] = {
            one.address: one
            for some in _parts(addresses)
            for one in Registration.objects.filter(address__in=some).select_related("device", "model", "thing")
        }
        self._devices = {
            one.serial: one
            for some in _parts([entry.serial for entry in entries])
            for one in Device.objects.filter(serial__in=some)
        }
        self.known_serials = {*self._devices, *(one.device.serial for one in self.registrations.values())}
        self._taken = set(Registration.objects.values_list("device_id", flat=True))
        self._models = {key: one for one in DeviceModel.objects.select_related("codec") for key in _names(one)}
        self._codecs = {key: one for one in Codec.objects.all() for key in (bare(one.name), one.sha256)}
        self._things = _things({entry.thing for entry in entries if entry.thing})
        self._open = _open_deployments(self._things.values())
        self._places: dict[tuple[int, str], Deployment] = {}
        devices = [one.pk for one in self._devices.values()] + [one.device_id for one in self.registrations.values()]
        for some in _parts(devices):
            for one in Deployment.objects.filter(device_id__in=some, ends=None).select_related("thing"):
                self._places[one.device_id, one.channel] = one
        self._last_ends: dict[tuple[int, str], datetime] = {}
        for thing, name, ends in Deployment.objects.filter(
            thing__in={one.pk for one in self._things.values()}, ends__isnull=False
        ).values_list("thing_id", "observed_property", "ends"):
            assert ends is not None
            self._last_ends[thing, name] = max(ends, self._last_ends.get((thing, name), ends))
        self._now_with_codec: list[DeviceModel] = []
        self.new_models: list[DeviceModel] = []
        self._properties: dict[str, tuple[str, ...]] = {}
        self._made_by_serial: dict[str, str] = {}
        self._paths: dict[str, dict[str, str]] = {}

    def device(self, entry: Entry, registration: Registration | None) -> Device:
        """The entry's device, perhaps a new one. Raises Refused when the serial number is another device's."""
        if registration is not None:
            if entry.serial not in {registration.device.serial, entry.address}:
                raise Refused(
                    _("%(address)s is registered under the serial number %(serial)s.")
                    % {"address": entry.address, "serial": registration.device.serial},
                    _("A new device under an old address is a swap."),
                    code="other_serial",
                )
            return registration.device
        if (other := self._made_by_serial.get(entry.serial)) and other != entry.address:
            raise Refused(
                _("The serial number %(serial)s is another row's.") % {"serial": entry.serial}, code="serial_twice"
            )
        known = self._devices.get(entry.serial)
        if known is not None and known.pk in self._taken:
            raise Refused(
                _("The serial number %(serial)s is registered under another address.") % {"serial": entry.serial},
                code="other_address",
            )
        return known or Device(serial=entry.serial, model=f"{entry.maker} {entry.model}".strip()[:120])

    def model(self, entry: Entry) -> DeviceModel:
        """The entry's model, perhaps a new one. Raises Refused for a codec that is unknown or not the model's."""
        codec = None
        if entry.codec:
            codec = self._codecs.get(bare(entry.codec)) or self._codecs.get(entry.codec.lower())
            if codec is None:
                raise Refused(
                    _("The codec %(name)r is not known.") % {"name": entry.codec},
                    _("Add it first: mitoyen codecs add FILE --name NAME."),
                    code="no_codec",
                )
        known = self._models.get(bare(f"{entry.maker} {entry.model}")) or self._models.get(bare(entry.model))
        if known is None:
            slug = slugify(f"{entry.maker} {entry.model}")[:120] or f"model-{len(self._models)}"
            known = DeviceModel(slug=slug, maker=entry.maker, name=entry.model, codec=codec)
            self._models |= dict.fromkeys(_names(known), known)
        elif codec is not None and known.codec_id is None and known.pk is not None:
            known.codec = codec
            self._now_with_codec.append(known)
        elif codec is not None and known.codec is not codec and known.codec_id != codec.pk:
            raise Refused(
                _("The model %(model)s has another codec.") % {"model": known},
                _("Change the model's codec at the desk, for all its devices at once."),
                code="other_codec",
            )
        return known

    def thing(self, text: str) -> Thing:
        """The thing of this slug, key in its own register, or name. Raises Refused when none or several are."""
        found = self._things.get(text)
        if found is None:
            raise Refused(
                _("No single thing is known as %(name)r.") % {"name": text[:80]},
                _("Take the things in first: mitoyen things import."),
                code="no_thing",
            )
        return found

    def properties(self, model: DeviceModel) -> tuple[str, ...]:
        """What the confirmed fields of the model observe."""
        if model.slug not in self._properties:
            self._properties[model.slug] = observed_by(model) if model.pk else ()
        return self._properties[model.slug]

    def measured(self, entry: Entry, model: DeviceModel) -> tuple[str, ...]:
        """What the entry measures at its thing: as it says, or as the model's confirmed fields do. Raises Refused."""
        if entry.properties or not entry.thing:
            return entry.properties
        if not entry.channel:
            return self.properties(model)
        name = self._fields(model).get(entry.channel, "")
        if not name:
            raise Refused(
                _("Nobody said yet what the channel %(name)s measures.") % {"name": entry.channel},
                _("Write it in the column of measures, or confirm the field of its model first."),
                code="no_measure",
            )
        return (name,)

    def may_open(self, device: Device, thing: Thing, name: str, starts: datetime, channel: str = "") -> bool:
        """Whether a deployment is to be opened; False when the device serves this already. Raises Refused."""
        place = self._places.get((device.pk or -1, channel))
        if place is not None and (place.thing_id != thing.pk or (channel and place.observed_property != name)):
            raise Refused(
                _("%(serial)s is in place at %(thing)s.")
                % {"serial": f"{device.serial} {channel}".strip(), "thing": place.thing},
                _("Close its deployment there first."),
                code="device_elsewhere",
            )
        there = self._open.get((thing.pk, name))
        if there is not None:
            if (there.device is device or there.device_id == (device.pk or -1)) and there.channel == channel:
                return False
            raise Refused(
                _("%(thing)s/%(property)s is served by %(serial)s.")
                % {"thing": thing.slug, "property": name, "serial": f"{there.device.serial} {there.channel}".strip()},
                _("Record a swap instead."),
                code="already_deployed",
            )
        ended = self._last_ends.get((thing.pk, name))
        if ended is not None and starts < ended:
            raise Refused(
                _("%(thing)s/%(property)s had another device until %(day)s.")
                % {"thing": thing.slug, "property": name, "day": ended.date().isoformat()},
                _("Let it begin after that."),
                code="overlaps",
            )
        return True

    def _fields(self, model: DeviceModel) -> dict[str, str]:
        """Path -> property of the model's confirmed fields."""
        if model.slug not in self._paths:
            found = model.fields.exclude(confirmed_by="") if model.pk else Field.objects.none()
            self._paths[model.slug] = dict(found.values_list("path", "observed_property"))
        return self._paths[model.slug]

    def values(self, registration: Registration) -> dict[str, Any]:
        """What an import may change of a registration. A model not saved yet differs from any."""
        values = {name: getattr(registration, name) for name in _VALUES}
        values["application_key"] = bytes(values["application_key"])
        return values

    def take(self, registration: Registration, opened: Iterable[Deployment]) -> None:
        """Remember what an earlier row of the same file does."""
        self.registrations[registration.address] = registration
        self._made_by_serial[registration.device.serial] = registration.address
        self.known_serials.add(registration.device.serial)
        model = registration.model
        wanted = model.pk is None or any(one is model for one in self._now_with_codec)
        if wanted and not any(one is model for one in self.new_models):
            self.new_models.append(model)
        for one in opened:
            self._open[one.thing_id, one.observed_property] = one


def observed_by(model: DeviceModel) -> tuple[str, ...]:
    """The properties that a model's confirmed fields observe, in order."""
    fields = Field.objects.filter(model=model, role=FieldRole.OBSERVATION).exclude(confirmed_by="")
    return tuple(dict.fromkeys(fields.exclude(observed_property="").values_list("observed_property", flat=True)))


def _names(model: DeviceModel) -> tuple[str, ...]:
    return bare(str(model)), bare(model.name), bare(model.slug)


def _things(texts: set[str]) -> dict[str, Thing]:
    """By slug, else by its key in its register, else by its name, where that is one thing only."""
    found: dict[str, Thing] = {}
    for name in ("slug", "source_key", "name"):
        several: set[str] = set()
        these: dict[str, Thing] = {}
        for some in _parts(sorted(texts - found.keys())):
            for one in Thing.objects.filter(**{f"{name}__in": some}):
                text = getattr(one, name)
                if text in these:
                    several.add(text)
                these[text] = one
        found |= {text: one for text, one in these.items() if text not in several}
    return found


def _open_deployments(things: Iterable[Thing]) -> dict[tuple[int, str], Deployment]:
    numbers = [one.pk for one in things]
    return {
        (one.thing_id, one.observed_property): one
        for some in _parts(numbers)
        for one in Deployment.objects.filter(thing_id__in=some, ends=None).select_related("device")
    }


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
