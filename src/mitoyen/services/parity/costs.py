"""What a request costs on each channel: the installation's own dated and sourced figures, or that nobody knows."""

import datetime as dt
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.utils.translation import gettext as _
from msgspec import Struct

from mitoyen.ledger.refusal import Refused


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
    """The whole table."""

    hour: Hour
    channel: dict[str, ChannelCost]

    def of(self, channel: str) -> dict[str, Any] | None:
        """A request's cost on this channel as it is published; None when it is unknown. `euros` is None while nobody
        said what an hour costs."""
        found = self.channel.get(channel)
        if found is None or found.minutes is None or not found.source or found.on is None:
            return None
        paid = found.euros or 0.0
        whole = None if self.hour.euros is None else round(paid + found.minutes * self.hour.euros / 60, 2)
        return {"minutes": found.minutes, "paid": paid, "euros": whole, "source": found.source, "on": str(found.on)}


def costs() -> Costs:
    """The installation's table, `costs.toml` in its home, else the empty one. Raises Refused when it can't be read."""
    own = Path(settings.MITOYEN_HOME) / "costs.toml"
    content = own.read_bytes() if own.is_file() else (files("mitoyen.services.parity") / "costs.toml").read_bytes()
    try:
        return msgspec.toml.decode(content, type=Costs)
    except ValueError as error:
        raise Refused(
            _("The table of costs can't be read: %(error)s") % {"error": error},
            _("Mend costs.toml; docs/parity.md shows its form."),
            code="bad_costs",
        ) from error
