"""Who may open which page of devices, and what its address names."""

from typing import Any

from django.shortcuts import get_object_or_404

from mitoyen.connect.devices import perms
from mitoyen.connect.devices.models import DeviceModel, RegisterImport, Registration
from mitoyen.territory.models import Person


def registration(number: int) -> Registration:
    return get_object_or_404(Registration.objects.select_related("device__health", "model__codec", "thing"), pk=number)


def model(slug: str) -> DeviceModel:
    return get_object_or_404(DeviceModel.objects.select_related("codec"), slug=slug)


def file(number: int) -> RegisterImport:
    return get_object_or_404(RegisterImport, pk=number)


def sees_devices(person: Person, subject: Any) -> bool:
    """Any agent; the list shows the devices of their communes."""
    return perms.can_see_devices(person)


def sees_device(person: Person, subject: Registration) -> bool:
    """Any agent, in one of the device's communes."""
    return perms.can_see_device(person, subject.device)


def replaces_device(person: Person, subject: Registration) -> bool:
    """Energy officers, operators and contractors, in every commune of the device."""
    return perms.can_replace_device(person, subject.device)


def sets_factor(person: Person, subject: Registration) -> bool:
    """Energy officers and operators, in every commune of the device."""
    return perms.can_set_factor(person, subject.device)


def manages_models(person: Person, subject: Any) -> bool:
    """Operators and administrators of the whole territory."""
    return perms.can_manage_models(person)


def handles_messages(person: Person, subject: Any) -> bool:
    """Operators and administrators of the whole territory."""
    return perms.can_handle_messages(person)


def imports_devices(person: Person, subject: Any) -> bool:
    """Operators and administrators of the whole territory."""
    return perms.can_import_devices(person)
