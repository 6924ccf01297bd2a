"""What a request would cost on each channel: made-up figures, marked as such, where the installation has none."""

from pathlib import Path

from django.conf import settings

from mitoyen.services.parity import costs

BY = "mitoyen demo"
SOURCE = "chiffre inventé pour la démonstration"
DAY = "2026-01-31"
HOUR = 30.0
# Channel: an agent's minutes, euros paid besides (a sheet and its stamp, short messages).
CHANNELS = {
    "web": (7, 0.0),
    "sms": (8, 0.35),
    "mail": (11, 0.0),
    "paper": (16, 1.9),
    "counter": (12, 0.05),
    "phone": (11, 0.1),
}


def make() -> bool:
    """Put the example in, where there is no table yet; whether it was put in now."""
    if (Path(settings.MITOYEN_HOME) / costs.FILE).exists():
        return False
    costs.take(table().encode(), BY)
    return True


def table() -> str:
    """The example as the file holds it."""
    sourced = f'source = "{SOURCE}"\non = {DAY}\n'
    channels = [
        f"[channel.{name}]\nminutes = {minutes}\neuros = {paid}\n{sourced}"
        for name, (minutes, paid) in CHANNELS.items()
    ]
    return "\n".join(
        ["# Made up by mitoyen demo: put your own.\nexample = true\n", f"[hour]\neuros = {HOUR}\n{sourced}", *channels]
    )
