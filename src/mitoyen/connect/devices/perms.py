"""Who may do what with devices. A device's communes are those of what it serves, or served last.

| rule | who |
| --- | --- |
| can_see_devices(person) | any agent |
| can_see_device(person, device) | any agent, in one of its communes; put nowhere yet: on the whole territory |
| can_replace_device(person, device) | energy officer, operator, contractor, in every commune of it |
| can_set_factor(person, device) | energy officer, operator, in every commune of it |
| can_manage_models(person) | operator, on the whole territory: a model's fields and factor are shared by all communes |
| can_import_devices(person) | operator, on the whole territory: a file may name things anywhere, and new models |
| can_handle_messages(person) | operator, on the whole territory: nobody knows where an unreadable message came from |
"""

from mitoyen.connect.devices.places import communes_of
from mitoyen.territory.models import Device
from mitoyen.territory.perms import MANAGE_ENERGY, RUN_THE_TERRITORY, SEE, SWAP, Someone, can_see_desk, scope


def can_see_devices(person: Someone) -> bool:
    """Any agent may open the register; it shows them the devices of their communes."""
    return can_see_desk(person)


def can_see_device(person: Someone, device: Device) -> bool:
    """Any agent may see a device that serves one of their communes; one put nowhere yet, on the whole territory."""
    held = scope(person, SEE)
    return any(held.covers(code) for code in communes_of(device) or {None})


def can_replace_device(person: Someone, device: Device) -> bool:
    """Energy officers, operators and contractors may replace a device, in every commune that it serves."""
    held = scope(person, SWAP)
    return all(held.covers(code) for code in communes_of(device) or {None})


def can_set_factor(person: Someone, device: Device) -> bool:
    """Energy officers and operators may put a device's factor right, in every commune that it serves."""
    held = scope(person, MANAGE_ENERGY)
    return all(held.covers(code) for code in communes_of(device) or {None})


def can_manage_models(person: Someone) -> bool:
    """Only operators and administrators of the whole territory say what a model's fields mean: all share it."""
    return scope(person, RUN_THE_TERRITORY).whole


def can_handle_messages(person: Someone) -> bool:
    """Only operators and administrators of the whole territory see unreadable messages: nobody knows whose they are."""
    return scope(person, RUN_THE_TERRITORY).whole


def can_import_devices(person: Someone) -> bool:
    """Only operators and administrators of the whole territory bring files of devices in: they may name any thing."""
    return scope(person, RUN_THE_TERRITORY).whole
