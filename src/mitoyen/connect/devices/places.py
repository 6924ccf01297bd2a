"""Where a device is: the things it serves, or served last, and their communes."""

from collections.abc import Iterable

from django.db.models import Prefetch

from mitoyen.connect.devices.models import Registration
from mitoyen.territory.models import Commune, Deployment, Device, Thing

DEPLOYED = Prefetch(
    "device__deployments",
    queryset=Deployment.objects.select_related("thing__commune", "thing__part_of__commune")
    .defer("thing__commune__geometry", "thing__part_of__commune__geometry")
    .order_by("-starts"),
)


def now_or_last(deployments: Iterable[Deployment]) -> list[Deployment]:
    """The open deployments; without any, those that ended last."""
    found = list(deployments)
    still = [one for one in found if one.ends is None]
    if still or not found:
        return still
    latest = max(one.ends for one in found if one.ends is not None)
    return [one for one in found if one.ends == latest]


def things_of(registration: Registration) -> list[Thing]:
    """What the device serves, or served last: several where its channels do; empty when it was never put anywhere."""
    served = now_or_last(registration.device.deployments.all())
    found = list({one.thing_id: one.thing for one in served}.values())
    return found or [registration.thing] if registration.thing is not None else found


def thing_of(registration: Registration) -> Thing | None:
    """What the device stands at, the first where it serves several; None for one that was never put anywhere."""
    return next(iter(things_of(registration)), None)


def communes_of(device: Device) -> set[str | None]:
    """INSEE codes of the communes of what the device serves or served last; empty for one that was put nowhere yet."""
    found = device.deployments.select_related("thing__commune", "thing__part_of__commune")
    codes = {_code(one.thing) for one in now_or_last(found)}
    if not codes:
        registration = Registration.objects.filter(device=device, thing__isnull=False).select_related("thing").first()
        if registration is not None and registration.thing is not None:
            codes = {_code(registration.thing)}
    return codes


def commune_of(thing: Thing | None) -> Commune | None:
    """A part lies where what it is part of does."""
    if thing is None:
        return None
    return thing.commune or (thing.part_of.commune if thing.part_of else None)


def _code(thing: Thing) -> str | None:
    commune = commune_of(thing)
    return commune.insee if commune else None
