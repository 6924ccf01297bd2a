"""What a request costs on each channel: the installation's own dated and sourced figures, or that nobody knows."""

import datetime as dt
import math
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from msgspec import Struct, field

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.services.enums import Channel

FILE = "costs.toml"
LONGEST_MINUTES, MOST_EUROS = 24 * 60.0, 10_000.0


class Hour(Struct, forbid_unknown_fields=True):
    """What an hour of an agent's work costs."""

    euros: float | None = None
    source: str = ""
    on: dt.date | None = None


class Elsewhere(Struct, forbid_unknown_fields=True):
    """What others found a contact to cost; shown, never counted."""

    amount: float
    currency: str
    source: str
    year: int


class ChannelCost(Struct, forbid_unknown_fields=True):
    """One channel's: minutes of work, euros paid besides."""

    minutes: float | None = None
    euros: float | None = None
    source: str = ""
    on: dt.date | None = None
    elsewhere: Elsewhere | None = None


class Costs(Struct, forbid_unknown_fields=True):
    """The whole table. `example`: made up to show something; pages say so."""

    hour: Hour = field(default_factory=Hour)
    channel: dict[str, ChannelCost] = field(default_factory=dict)
    example: bool = False

    def of(self, channel: str) -> dict[str, Any] | None:
        """A request's cost on this channel as it is published; None when it is unknown. `euros` is None while nobody
        said what an hour costs."""
        found = self.channel.get(channel)
        if found is None or found.minutes is None:
            return None
        paid = found.euros or 0.0
        whole = None if self.hour.euros is None else round(paid + found.minutes * self.hour.euros / 60, 2)
        told = {"minutes": found.minutes, "paid": paid, "euros": whole, "source": found.source, "on": str(found.on)}
        return {**told, "example": self.example}


def costs() -> Costs:
    """The installation's table, `costs.toml` in its home, else the one without figures. Raises Refused when it can't
    be used."""
    own = Path(settings.MITOYEN_HOME) / FILE
    return read(own.read_bytes()) if own.is_file() else nothing()


def nothing() -> Costs:
    """The table that comes with Mitoyen: every cost unknown."""
    return read((files("mitoyen.services.parity") / FILE).read_bytes())


def usable() -> tuple[Costs, str]:
    """The installation's table, and nothing to say; or one where all is unknown, and what is wrong with its own."""
    try:
        return costs(), ""
    except Refused as refusal:
        return nothing(), str(refusal)


def read(content: bytes) -> Costs:
    """A table as somebody wrote it. Raises Refused with every fault by its key."""
    try:
        table = msgspec.toml.decode(content, type=Costs)
    except ValueError as error:
        raise _refused([str(error)]) from error
    faults = [*_hour_faults(table.hour), *_channel_faults(table.channel)]
    if faults:
        raise _refused(faults)
    return table


def take(content: bytes, by: str) -> Costs:
    """Make this the installation's table, whole or not at all. Raises Refused as `read` does."""
    table = read(content)
    own = Path(settings.MITOYEN_HOME) / FILE
    half = own.with_suffix(".tmp")
    half.write_bytes(content)
    half.replace(own)
    audit.record(by, "costs.taken", FILE, channels=[name for name in table.channel if table.of(name)])
    return table


def _refused(faults: list[str]) -> Refused:
    return Refused(
        _("The table of costs can't be used: %(faults)s.") % {"faults": "; ".join(faults)},
        _("Mend costs.toml; docs/parity.md shows its form."),
        code="bad_costs",
    )


def _hour_faults(hour: Hour) -> Iterator[str]:
    yield from _amount_faults("hour.euros", hour.euros, MOST_EUROS)
    if hour.euros is not None:
        yield from _source_faults("hour", hour.source, hour.on)


def _channel_faults(channels: dict[str, ChannelCost]) -> Iterator[str]:
    known = [channel.value for channel in Channel if channel != Channel.IMPORT]
    for name, one in channels.items():
        where = f"channel.{name}"
        if name not in known:
            yield _("%(key)s is no channel; there are %(known)s") % {"key": where, "known": ", ".join(known)}
            continue
        yield from _amount_faults(f"{where}.minutes", one.minutes, LONGEST_MINUTES)
        yield from _amount_faults(f"{where}.euros", one.euros, MOST_EUROS)
        if one.euros is not None and one.minutes is None:
            yield _("%(key)s is missing") % {"key": f"{where}.minutes"}
        if one.minutes is not None:
            yield from _source_faults(where, one.source, one.on)


def _amount_faults(key: str, value: float | None, most: float) -> Iterator[str]:
    if value is not None and not (math.isfinite(value) and 0 <= value <= most):
        yield _("%(key)s must lie between 0 and %(most)d") % {"key": key, "most": most}


def _source_faults(key: str, source: str, on: dt.date | None) -> Iterator[str]:
    """A figure that nobody can check is not published."""
    if not source.strip():
        yield _("%(key)s is missing") % {"key": f"{key}.source"}
    if on is None:
        yield _("%(key)s is missing") % {"key": f"{key}.on"}
    elif on > timezone.localdate():
        yield _("%(key)s lies in the future") % {"key": f"{key}.on"}
