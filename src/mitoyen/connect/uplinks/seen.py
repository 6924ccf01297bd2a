"""What frames tell of a device's health, handed on to connect/devices/health.py, which writes it behind."""

from collections.abc import Mapping, Sequence

from mitoyen.connect.devices import health
from mitoyen.connect.devices.health import Seen
from mitoyen.connect.uplinks.mapping import Known, Mapped
from mitoyen.connect.uplinks.messages import UNTIMED, Frame, Signal

_NOTHING = Signal("")


def tell(frames: Sequence[Frame], devices: Mapping[str, Known | None], told: Mapping[int, Mapped]) -> None:
    """Note each frame of a registered device, once a gateway that heard it, the one that hears it best first."""
    seen = []
    for place, frame in enumerate(frames):
        known = devices.get(frame.address)
        if known is None:
            continue
        mapped = told.get(place)
        battery = mapped.battery_percent if mapped is not None else None
        heard = sorted(frame.signals, key=_strength, reverse=True) or [_NOTHING]
        # Without counter, two gateways would look like two frames.
        for signal in heard if frame.counter is not None else heard[:1]:
            one = Seen(
                known.device, frame.received, frame.counter, battery if battery is not None else frame.battery,
                mapped.battery_volts if mapped is not None else None, signal.gateway, signal.rssi, signal.snr,
                signal.longitude, signal.latitude, None if frame.flags & UNTIMED else frame.time,
            )  # fmt: skip
            seen.append(one)
    if seen:
        health.note(seen)


def _strength(signal: Signal) -> float:
    return signal.rssi if signal.rssi is not None else -1e9
