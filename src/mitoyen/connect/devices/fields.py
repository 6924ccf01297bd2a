"""The fields of a device model: proposed from what its devices sent, confirmed by a person, shared by all of them."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from mitoyen.connect.devices.enums import FieldRole
from mitoyen.connect.devices.models import DeviceModel, Field, Registration
from mitoyen.connect.devices.proposing import Proposal, propose
from mitoyen.history.enums import Kind
from mitoyen.history.units import ucum
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.registry import usages
from mitoyen.territory.models import Deployment

MOST_DEVICES, MOST_FRAMES = 20, 400
_SAID = ("role", "observed_property", "unit", "kind", "factor", "offset")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person says a field is. Only `path` and `role` matter for what is no reading."""

    path: str
    role: str
    observed_property: str = ""
    unit: str = ""
    kind: str = Kind.GAUGE
    factor: float = 1.0
    offset: float = 0.0


def model_named(text: str) -> DeviceModel:
    """The model of this slug or name, case aside. Raises Refused."""
    from mitoyen.territory.spelling import bare

    for model in DeviceModel.objects.select_related("codec"):
        if bare(text) in {bare(model.slug), bare(model.name), bare(str(model))}:
            return model
    known = ", ".join(DeviceModel.objects.order_by("slug").values_list("slug", flat=True)[:40])
    raise Refused(
        _("There is no device model %(name)r.") % {"name": text[:80]},
        _("Known ones: %(names)s.") % {"names": known} if known else _("Import devices first: mitoyen devices import."),
        code="no_model",
    )


def refresh(model: DeviceModel, examples: Path | None = None) -> list[Field]:
    """Propose the fields of a model anew from its devices' frames (and a file of examples); confirmed ones stay.

    Raises Refused when nothing was seen to propose from.
    """
    frames = _from_frames(model)
    if examples is not None:
        frames = [*_from_examples(examples), *frames]
    if not frames and not model.fields.exists():
        raise Refused(
            _("No frame of a %(model)s came yet, so nothing can be proposed.") % {"model": model},
            _("Give decoded examples with --examples FILE (JSON lines, or a codec's YAML), or wait for one."),
            code="nothing_seen",
        )
    if not frames:
        # Nothing new to look at: what was proposed from examples stays proposed.
        return list(model.fields.all())
    proposals = propose(frames, declared())
    with transaction.atomic():
        confirmed = set(model.fields.exclude(confirmed_by="").values_list("path", flat=True))
        model.fields.filter(confirmed_by="").exclude(path__in=[one.path for one in proposals]).delete()
        for one in proposals:
            if one.path not in confirmed:
                Field.objects.update_or_create(model=model, path=one.path, defaults=_stored(one))
    return list(model.fields.all())


def declared() -> dict[str, str]:
    """Observed property -> unit, of the usages that are installed; the first to declare a property wins."""
    found: dict[str, str] = {}
    for usage in usages().values():
        for stream in usage.datastreams:
            found.setdefault(stream.property, stream.unit)
    return found


def confirm(model: DeviceModel, choices: Sequence[Choice], by: str) -> int:
    """Say what fields are; the deployments that this opens for devices that serve their whole model are counted.

    From now on what all devices of the model send is read so; `mitoyen replay` reads the past again. Raises Refused for
    a unit, property or kind that can't be.
    """
    checked = [_checked(one, model) for one in choices]
    names = [one.observed_property for one in checked if one.role == FieldRole.OBSERVATION]
    others = model.fields.filter(role=FieldRole.OBSERVATION).exclude(confirmed_by="")
    names += others.exclude(path__in=[one.path for one in checked]).values_list("observed_property", flat=True)
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(
            _("Two fields can't both be %(name)s.") % {"name": twice},
            _("Give one of them another name, or don't keep it."),
            code="property_twice",
        )
    with transaction.atomic():
        for one in checked:
            values = {
                name: getattr(one, name) for name in ("role", "observed_property", "unit", "kind", "factor", "offset")
            }
            stamp = {"confirmed_by": by, "confirmed_at": timezone.now()}
            Field.objects.update_or_create(model=model, path=one.path, defaults={**values, **stamp})
        opened = _deploy(model)
        told = {one.path: " ".join(filter(None, (one.role, one.observed_property, one.unit))) for one in checked}
        audit.record(by, "devices.fields_confirmed", model.slug, fields=told, deployments=opened)
    return opened


def as_choice(field: Field, **other: Any) -> Choice:
    """A proposed field as it stands, with what a person says otherwise."""
    return Choice(**{name: getattr(field, name) for name in ("path", *_SAID)} | other)


def _checked(choice: Choice, model: DeviceModel) -> Choice:
    if choice.role not in FieldRole.values:
        raise Refused(_("%(role)r is no role of a field.") % {"role": choice.role}, code="bad_role")
    if choice.role == FieldRole.IGNORED:
        return Choice(choice.path, choice.role)
    if not all(map(math.isfinite, (choice.factor, choice.offset))) or choice.factor == 0:
        raise Refused(_("%(path)s: the factor can't be 0.") % {"path": choice.path}, code="bad_factor")
    if choice.role != FieldRole.OBSERVATION:
        unit = "%" if choice.role == FieldRole.BATTERY_PERCENT else "V"
        return Choice(choice.path, choice.role, unit=unit, factor=choice.factor, offset=choice.offset)
    if not _PROPERTY.fullmatch(choice.observed_property):
        raise Refused(
            _("%(path)s: %(name)r is not the name of a property.")
            % {"path": choice.path, "name": choice.observed_property[:60]},
            _("Write it in small letters: soil_moisture."),
            code="bad_property",
        )
    if choice.kind not in Kind.values:
        raise Refused(_("%(path)s: this kind is not known.") % {"path": choice.path}, code="bad_kind")
    if choice.kind in (Kind.DELTA, Kind.POWER) and not model.expected_interval_s:
        raise Refused(
            _("%(path)s is an amount or a mean over an interval, and how long that is isn't known.")
            % {"path": choice.path},
            _("Say each how many seconds a %(model)s sends.") % {"model": model},
            code="no_interval",
        )
    return Choice(
        choice.path, choice.role, choice.observed_property, ucum(choice.unit), choice.kind, choice.factor, choice.offset
    )


def _deploy(model: DeviceModel) -> int:
    """Open what devices that serve every confirmed field of their model don't serve yet, where nobody else does."""
    from mitoyen.connect.devices.comparing import observed_by

    names = observed_by(model)
    whole = Registration.objects.filter(model=model, thing__isnull=False, starts__isnull=False, retired_at=None)
    things = whole.values("thing_id")
    taken = set(Deployment.objects.filter(thing__in=things, ends=None).values_list("thing_id", "observed_property"))
    past = set(Deployment.objects.filter(thing__in=things).values_list("thing_id", "observed_property"))
    new: list[Deployment] = []
    for one in whole:
        assert one.thing_id is not None
        assert one.starts is not None
        for name in names:
            key = (one.thing_id, name)
            if key not in taken and key not in past:
                taken.add(key)
                about = {"starts": one.starts, "factor": one.factor, "offset": one.offset}
                new.append(Deployment(device_id=one.device_id, thing_id=one.thing_id, observed_property=name, **about))
    Deployment.objects.bulk_create(new, 1000)
    return len(new)


def _stored(one: Proposal) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in _SAID}
    examples = [value if isinstance(value, (int, float, str, bool)) else None for value in one.examples]
    return values | {"why": [list(why) for why in one.why], "examples": examples}


def _from_frames(model: DeviceModel) -> list[Mapping[str, Any]]:
    """Decoded data of the latest frames kept of some of the model's devices."""
    from mitoyen.connect.uplinks import decoding, keeping
    from mitoyen.connect.uplinks.mapping import register

    of_model = Registration.objects.filter(model=model, retired_at=None)
    heard = of_model.filter(device__health__isnull=False).order_by("-device__health__last_seen")
    some = heard.values_list("address", flat=True)[:MOST_DEVICES]
    addresses = list(some) or list(of_model.values_list("address", flat=True)[:MOST_DEVICES])
    if not addresses:
        return []
    frames = [frame for day in keeping.kept(addresses=addresses) for frame in day if frame.carries][-MOST_FRAMES:]
    frames.sort(key=lambda frame: (frame.address, frame.time))
    register.forget()
    known = register.devices({frame.address for frame in frames})
    pairs = [(one, frame) for frame in frames if (one := known.get(frame.address)) is not None]
    return [data for data in decoding.decode(pairs) if isinstance(data, dict) and data]


def _from_examples(path: Path) -> list[Mapping[str, Any]]:
    """Decoded data in a file: JSON lines, or the YAML description of a codec with what its examples give."""
    if path.suffix in (".yaml", ".yml"):
        from mitoyen.connect.codecs.layout import Example, LayoutFault, read

        try:
            described = read(path, path.parent.parent, datetime.now(UTC))
        except LayoutFault as fault:
            raise Refused(f"{path.name}: {fault}", code="bad_examples") from fault
        examples = described.examples if described is not None else ()
        datas: Iterable[Any] = (one.expected.get("data") for one in examples if isinstance(one, Example))
        return [data for data in datas if isinstance(data, dict)]
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError, RecursionError) as error:
        raise Refused(
            _("%(file)s can't be read as JSON lines: %(error)s") % {"file": path.name, "error": error},
            code="bad_examples",
        ) from error
    return [line for line in lines if isinstance(line, dict)]


def why_words(field: Field) -> list[str]:
    """The reasons of a proposal, as sentences."""
    words = {
        "declared": _("A usage in service declares “%s”."),
        "name": _("Its name says “%s”."),
        "unit_in_name": _("Its name ends with the unit “%s”."),
        "unit_assumed": _("Nothing says the unit; %s is usual."),
        "tenths": _("Its values only fit as tenths."),
        "hundredths": _("Its values only fit as hundredths."),
        "odd_values": _("Its values are not what one expects: look twice."),
        "delta_word": _("“%s” says that it is an amount over an interval."),
        "rising_word": _("“%s” says that it is an index."),
        "only_rises": _("It only rose in the frames seen: an index."),
        "rises_and_falls": _("It rose and fell in the frames seen: no index."),
        "volts": _("A battery between 0 and 5: volts."),
        "millivolts": _("A battery in the thousands: millivolts."),
        "percent": _("A battery up to 100: percent."),
        "battery_254": _("A battery above 100: LoRaWAN's own scale to 254."),
        "not_a_number": _("It is no number."),
        "technical": _("“%s” is technical, not a reading."),
        "unknown": _("Its name says nothing that is known here."),
        "second_of_its_sort": _("Another field is “%s” already."),
    }
    return [words[word] % about if "%s" in words[word] else words[word] for word, about in field.why if word in words]
