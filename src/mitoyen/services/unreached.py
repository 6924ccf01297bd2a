"""A person who can't be reached in the way that they chose is flagged, so that the desk reaches them otherwise."""

from django.db import transaction
from django.utils import timezone

from mitoyen.services.enums import Channel, FactKind, Way
from mitoyen.services.models import Contact, Request
from mitoyen.services.timeline import note

ABOUT = "request:"


def flag(about: str, way: Way, value: str, channel: Channel) -> Request | None:
    """Note on the request that a notice is about (`request:CODE`) that messages to this number or address fail; once,
    until they arrive again. None when it is about none, or the person is reached in another way by now."""
    if not about.startswith(ABOUT):
        return None
    with transaction.atomic():
        contact = (
            Contact.objects.select_for_update()
            .filter(request__code=about.removeprefix(ABOUT), way=way, value=value)
            .select_related("request")
            .first()
        )
        if contact is None:
            return None
        if contact.unreached_at is None:
            contact.unreached_at = timezone.now()
            contact.save(update_fields=["unreached_at"])
            note(contact.request, FactKind.UNREACHED, channel=channel)
        return contact.request


def clear(way: Way, *values: str) -> int:
    """They wrote, or a message arrived: they can be reached again. How many contacts that concerns."""
    flagged = Contact.objects.filter(way=way, unreached_at__isnull=False)
    wanted = {value.casefold() for value in values}
    found = [pk for pk, value in flagged.values_list("pk", "value") if value.casefold() in wanted]
    return Contact.objects.filter(pk__in=found).update(unreached_at=None)
