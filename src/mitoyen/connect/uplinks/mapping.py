"""From a device's address to what its fields mean and which datastreams they serve, in memory.

What is known of a device is read with others' in one query and used for five minutes at most; a change of the register,
of fields, codecs or deployments is seen within two seconds by a signature of those tables.
"""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import inf, isfinite
from typing import Any

from django.db.models import Count, Max, Sum

from mitoyen.connect.devices.enums import FieldRole
from mitoyen.connect.devices.models import Codec, DeviceModel, Field, Registration
from mitoyen.connect.uplinks import reading
from mitoyen.connect.uplinks.messages import MISTIMED, RECEIPT_TIME, Frame
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.enums import Kind
from mitoyen.history.models import Datastream
from mitoyen.history.units import converter, ucum
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Thing

CHECK_S, KEPT_S = 2.0, 300.0
_AT_ONCE = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FOREVER = 1 << 62
Row = tuple[int, int, int, float, int]


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A confirmed field: where it stands, what it is; reading in `unit` = field x factor + offset."""

    path: tuple[str, ...]
    role: str
    observed_property: str
    unit: str
    kind: str
    factor: float
    offset: float


@dataclass(frozen=True, slots=True)
class ModelRules:
    """A model's codec (its hash, "" without) and confirmed fields. `known`: fields that someone decided on."""

    number: int
    codec: str
    fields: tuple[FieldRule, ...]
    known: frozenset[str]
    interval_s: int


@dataclass(frozen=True, slots=True)
class Serving:
    """That the device serves a property of a thing from `starts` until `ends` (µs).

    `unit`: what a channel counts, where it is not what its model's field says.
    """

    thing: int
    starts: int
    ends: int
    observed_property: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A registered device: its model, and what it serves, by property, or by the path of the field that serves it."""

    device: int
    model: ModelRules
    serves: dict[str, tuple[Serving, ...]]
    channels: dict[str, tuple[Serving, ...]]
    read_at: float

    def servings(self) -> Iterator[Serving]:
        """All that it serves or served."""
        for ones in (*self.serves.values(), *self.channels.values()):
            yield from ones


@dataclass(slots=True)
class Mapped:
    """Rows for the journal (datastream, time, length, value, quality), battery levels, and what was left out."""

    rows: list[Row] = field(default_factory=list)
    battery_percent: float | None = None
    battery_volts: float | None = None
    unmapped: int = 0
    not_numbers: int = 0
    undeployed: int = 0
    misfits: int = 0


class Register:
    """What this process knows of the devices.

    A datastream that isn't there is made; not so with `making` false: it then has a number below 0, see `unmade`.
    """

    def __init__(self, *, making: bool = True) -> None:
        self.making = making
        self.unmade: dict[int, str] = {}
        self._devices: dict[str, Known | None] = {}
        self._models: dict[int, ModelRules] = {}
        self._strangers: set[str] = set()
        self._streams: dict[tuple[int, str], tuple[int, str, str]] = {}
        self._converted: dict[tuple[int, str, str, str], tuple[int, float, float] | None] = {}
        self._signature: tuple[Any, ...] = ()
        self._checked = 0.0

    def forget(self) -> None:
        """Read everything again when it is next needed."""
        self.__init__(making=self.making)  # type: ignore[misc]

    def devices(self, addresses: Iterable[str]) -> dict[str, Known | None]:
        """What is known of each of these devices; None when it isn't registered."""
        now = time.monotonic()
        if now - self._checked > CHECK_S:
            self._check(now)
        wanted = set(addresses)
        old = [one for one in wanted if (known := self._devices.get(one)) is None or now - known.read_at > KEPT_S]
        unread = [one for one in old if one not in self._devices or self._devices[one] is not None]
        for start in range(0, len(unread), _AT_ONCE):
            self._read(unread[start : start + _AT_ONCE], now)
        return {one: self._devices[one] for one in wanted}

    def scripts(self, codecs: Iterable[str]) -> dict[str, str]:
        """The scripts of these codecs, by their hash."""
        return dict(Codec.objects.filter(sha256__in=set(codecs)).values_list("sha256", "script"))

    def map(self, known: Known, frame: Frame, data: dict[str, Any]) -> Mapped:
        """What the decoded fields of a frame say, where they are confirmed and the device serves something."""
        made = Mapped(unmapped=sum(1 for name in data if name not in known.model.known))
        for rule in known.model.fields:
            given = _value(data, rule.path)
            if given is None:
                continue
            value = reading.number(given)
            said = value * rule.factor + rule.offset if value is not None else inf
            # One that is too large with its factor must not stop all that came with it.
            if not isfinite(said):
                made.not_numbers += 1
                continue
            self._take(known, frame, rule, said, made)
        return made

    def _take(self, known: Known, frame: Frame, rule: FieldRule, value: float, made: Mapped) -> None:
        if rule.role == FieldRole.BATTERY_PERCENT:
            made.battery_percent = value
        elif rule.role == FieldRole.BATTERY_VOLTS:
            made.battery_volts = value
        else:
            serving = _serving(known, rule, frame.time)
            if serving is None:
                made.undeployed += 1
                return
            stream = self._stream(serving, rule.unit, rule.kind)
            length = known.model.interval_s if rule.kind in (Kind.DELTA, Kind.POWER) else 0
            if stream is None or (length == 0 and rule.kind in (Kind.DELTA, Kind.POWER)):
                made.misfits += 1
                return
            number, factor, offset = stream
            stored = value * factor + offset
            if not isfinite(stored):
                made.not_numbers += 1
                return
            quality = RECEIPT_TIME if frame.flags & MISTIMED else 0
            made.rows.append((number, frame.time, length, stored, quality))

    def _stream(self, serving: Serving, unit: str, kind: str) -> tuple[int, float, float] | None:
        """Number of the datastream, made when it isn't there, and the conversion to its unit; None: it doesn't fit."""
        key = (serving.thing, serving.observed_property, serving.unit or unit, kind)
        if key not in self._converted:
            self._converted[key] = self._resolved(*key)
        return self._converted[key]

    def _resolved(self, thing: int, observed: str, said: str, sort: str) -> tuple[int, float, float] | None:
        try:
            unit = ucum(said)
            found = self._streams.get((thing, observed))
            if found is None:
                self._read_streams([thing])
                found = self._streams.get((thing, observed))
            if found is None and not self.making:
                return self._to_be_made(thing, observed), 1.0, 0.0
            if found is None:
                made = datastream_for(Thing.objects.get(pk=thing), observed, unit, sort)
                found = (made.pk, made.unit, made.kind)
            number, stored_in, kind = found
            return (number, *_converter(unit, stored_in)) if kind == sort else None
        except Refused:
            return None

    def _read_streams(self, things: Collection[int]) -> None:
        found = Datastream.objects.filter(thing_id__in=things)
        columns = ("thing_id", "observed_property", "pk", "unit", "kind")
        for thing, observed, number, unit, kind in found.values_list(*columns):
            self._streams[thing, observed] = (number, unit, kind)

    def _to_be_made(self, thing: int, observed_property: str) -> int:
        name = f"{Thing.objects.get(pk=thing).slug}/{observed_property}"
        known = {name: number for number, name in self.unmade.items()}
        number = known.get(name, -1 - len(self.unmade))
        self.unmade[number] = name
        return number

    def _check(self, now: float) -> None:
        signature = _signature()
        if signature != self._signature:
            self.forget()
            self._signature = signature
        # Who wasn't registered is asked for again.
        for address in self._strangers:
            self._devices.pop(address, None)
        self._strangers.clear()
        # What didn't fit may since: the field's unit or the datastream was mended.
        for thing, observed, unit, kind in [key for key, found in self._converted.items() if found is None]:
            del self._converted[thing, observed, unit, kind]
            self._streams.pop((thing, observed), None)
        self._checked = now

    def _read(self, addresses: Sequence[str], now: float) -> None:
        rows = Registration.objects.filter(address__in=addresses)
        registered = {
            address: (device, model, _micros(retired) if retired else _FOREVER)
            for address, device, model, retired in rows.values_list("address", "device_id", "model_id", "retired_at")
        }
        models = {model for _device, model, _until in registered.values()} - self._models.keys()
        self._models |= _models(models)
        serves: dict[int, list[tuple[str, Serving]]] = {}
        deployments = Deployment.objects.filter(device_id__in=[one[0] for one in registered.values()])
        for device, thing, observed, starts, ends, channel, unit in deployments.values_list(
            "device_id", "thing_id", "observed_property", "starts", "ends", "channel", "unit"
        ):
            one = Serving(thing, _micros(starts), _micros(ends) if ends else _FOREVER, observed, unit)
            serves.setdefault(device, []).append((channel, one))
        # All at once: one by one, fifty thousand devices that report after a restart are looked up for minutes.
        self._read_streams({one.thing for served in serves.values() for _channel, one in served})
        for address in addresses:
            if address not in registered:
                self._devices[address] = None
                self._strangers.add(address)
                continue
            device, model, until = registered[address]
            whole: dict[str, tuple[Serving, ...]] = {}
            channels: dict[str, tuple[Serving, ...]] = {}
            for channel, serving in serves.get(device, ()):
                # Late frames and replays still tell of the time before a device was retired.
                one = replace(serving, ends=min(serving.ends, until))
                by, key = (channels, channel) if channel else (whole, one.observed_property)
                by[key] = (*by.get(key, ()), one)
            self._devices[address] = Known(device, self._models[model], whole, channels, now)


register = Register()


def _models(numbers: Iterable[int]) -> dict[int, ModelRules]:
    models = DeviceModel.objects.filter(pk__in=set(numbers)).select_related("codec")
    fields: dict[int, list[Field]] = {}
    for one in Field.objects.filter(model_id__in=set(numbers)).exclude(confirmed_by=""):
        fields.setdefault(one.model_id, []).append(one)
    return {model.pk: _rules(model, fields.get(model.pk, [])) for model in models}


def _rules(model: DeviceModel, fields: list[Field]) -> ModelRules:
    used = tuple(
        FieldRule(tuple(f.path.split(".")), f.role, f.observed_property, f.unit, f.kind, f.factor, f.offset)
        for f in fields
        if f.role != FieldRole.IGNORED
    )
    known = frozenset(one.path.partition(".")[0] for one in fields)
    codec = model.codec.sha256 if model.codec is not None else ""
    return ModelRules(model.pk, codec, used, known, model.expected_interval_s or 0)


def _signature() -> tuple[Any, ...]:
    """Changes with the register, the fields, the codecs or the deployments; a handful of short queries."""
    registered = Registration.objects.aggregate(Count("pk"), Max("pk"), Sum("model_id"), Count("retired_at"))
    deployed = Deployment.objects.aggregate(
        Count("pk"), Max("pk"), Count("ends"), Max("ends"), Max("starts"), Sum("thing_id"), Sum("device_id")
    )
    fields = tuple(
        Field.objects.order_by("pk").values_list(
            "pk", "path", "role", "observed_property", "unit", "kind", "factor", "offset", "confirmed_by"
        )
    )
    models = tuple(DeviceModel.objects.order_by("pk").values_list("pk", "codec_id", "expected_interval_s"))
    return tuple(registered.values()), tuple(deployed.values()), fields, models


def _serving(known: Known, rule: FieldRule, time: int) -> Serving | None:
    """What the field served at a time: what its own channel did, else what the device did as a whole."""
    # Few devices have channels: the path is not put together for the others.
    own = known.channels.get(".".join(rule.path), ()) if known.channels else ()
    for served in (own, known.serves.get(rule.observed_property, ())):
        for one in served:
            if one.starts <= time < one.ends:
                return one
    return None


def _value(data: Any, path: tuple[str, ...]) -> Any:
    """What stands at a dotted path; a step of digits counts in a list."""
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return data


_converter = lru_cache(maxsize=1000)(converter)


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
