"""Fifty thousand made-up devices of twenty models, each with a codec of its own, and what they send."""

import base64
import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from bench import followed

DEVICES, CODECS = 50_000, 20
_CODEC = """
function decodeUplink(input) {{
  var b = input.bytes, data = {{}};
  if (input.fPort !== {port}) return {{ errors: ["port " + input.fPort] }};
  for (var i = 0; i < b.length; ) {{
    switch (b[i]) {{
      case {first}: data.temperature = (((b[i + 1] << 24) >> 16) | b[i + 2]) / {scale}; i += 3; break;
      case {second}: data.humidity = b[i + 1] / 2; i += 2; break;
      case {third}: data.battery = b[i + 1]; i += 2; break;
      default: return {{ errors: ["type " + b[i] + " at " + i] }};
    }}
  }}
  return {{ data: data, warnings: data.battery < 10 ? ["low battery"] : [] }};
}}
"""
_UPLINK = (
    '{"deduplicationId":"1d0c7f1e-98a7-4f5c-8a77-%012d","time":"%s","deviceInfo":{"tenantName":"Ville",'
    '"tenantId":"52f14cd4-c6f1-4fbd-8f87-4025e1d49242","applicationName":"Objets","applicationId":"app",'
    '"deviceProfileName":"m%d","deviceName":"d%d","devEui":"%s","tags":{"commune":"49007"}},"devAddr":"01a2b3c4",'
    '"adr":true,"dr":5,"fCnt":%d,"fPort":%d,"confirmed":false,"data":"%s","rxInfo":[{"gatewayId":"7276ff0039030%03x",'
    '"uplinkId":77,"rssi":%d,"snr":7.5,"channel":2,"location":{"latitude":47.47,"longitude":-0.55}}],'
    '"txInfo":{"frequency":868300000,"modulation":{"lora":{"bandwidth":125000,"spreadingFactor":7}}}}'
)


def codec(number: int) -> str:
    """The script of a model: each reads bytes, ports and scales of its own."""
    return _CODEC.format(port=number + 1, first=number, second=number + 40, third=number + 80, scale=10 + number)


def eui(number: int) -> str:
    return f"70b3d5e75e{number:06x}"


def uplinks(first: int = 0) -> Iterator[tuple[str, bytes]]:
    """EUI and content of messages without end, as ChirpStack v4 writes them, a device after the other."""
    payloads = [
        base64.b64encode(struct.pack(">BhBBBB", m, 215, m + 40, 90, m + 80, 87)).decode() for m in range(CODECS)
    ]
    number = first
    while True:
        device = number * 7919 % DEVICES
        model = device % CODECS
        now = datetime.now(UTC).isoformat()
        text = _UPLINK % (
            number, now, model, device, eui(device), number // DEVICES + 1, model + 1, payloads[model], device % 100,
            -60 - device % 60,
        )  # fmt: skip
        yield eui(device), text.encode()
        number += 1


def build() -> None:
    """Models with codecs and confirmed fields, devices, what they serve: two datastreams each."""
    from hashlib import sha256

    from mitoyen.connect.devices.models import Codec, DeviceModel, Field, Registration
    from mitoyen.history.models import Datastream
    from mitoyen.manifests import registry
    from mitoyen.manifests.switches import switch_on
    from mitoyen.territory.models import Commune, Deployment, Device, Thing

    start = datetime(2020, 1, 1, tzinfo=UTC)
    commune = Commune.objects.create(insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47)
    if followed.USAGE in registry.usages():
        switch_on(followed.USAGE, commune, since=start.date())
    models = []
    for number in range(CODECS):
        script = codec(number)
        kept = Codec.objects.create(name=f"c{number}", sha256=sha256(script.encode()).hexdigest(), script=script)
        model = DeviceModel.objects.create(slug=f"m{number}", name=f"m{number}", codec=kept, expected_interval_s=900)
        for path, unit, role in (
            ("temperature", "Cel", "observation"),
            ("humidity", "%", "observation"),
            ("battery", "%", "battery_percent"),
        ):
            observed = path if role == "observation" else ""
            Field.objects.create(
                model=model, path=path, observed_property=observed, unit=unit, role=role, confirmed_by="bench"
            )
        models.append(model)
    numbers = range(DEVICES)
    things = Thing.objects.bulk_create(
        (Thing(slug=f"t{i}", name=f"T{i}", kind="room", commune=commune) for i in numbers), batch_size=5000
    )
    devices = Device.objects.bulk_create((Device(serial=eui(i)) for i in numbers), batch_size=5000)
    Registration.objects.bulk_create(
        (Registration(device=devices[i], address=eui(i), model=models[i % CODECS]) for i in numbers), batch_size=5000
    )
    for observed, unit in (("temperature", "Cel"), ("humidity", "%")):
        Datastream.objects.bulk_create(
            (Datastream(thing=thing, observed_property=observed, unit=unit, kind="gauge") for thing in things),
            batch_size=5000,
        )
        Deployment.objects.bulk_create(
            (
                Deployment(device=device, thing=thing, observed_property=observed, starts=start)
                for device, thing in zip(devices, things, strict=True)
            ),
            batch_size=5000,
        )
