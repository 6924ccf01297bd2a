"""What this channel keeps of whoever asked: a mail that still lacks something, and the photos that came with it."""

from collections.abc import Iterator

from django.db.models import Q

from mitoyen.channels.mail.models import Dialogue
from mitoyen.services import photos
from mitoyen.services.enums import Way
from mitoyen.services.erasing.parts import Counts, also
from mitoyen.services.models import Contact, Photo, Request


@also
def forget_dialogues(request: Request, contact: Contact | None) -> Counts:
    """Those of the request, and of the same address."""
    mine = Q(request=request)
    if contact is not None and contact.way == Way.MAIL:
        mine |= Q(address__iexact=contact.value)
    found = list(Dialogue.objects.filter(mine))
    for dialogue in found:
        for photo in Photo.objects.filter(pk__in=dialogue.photos, request=None):
            photos.forget(photo)
        dialogue.delete()
    return {"mails": len(found)}


@photos.also_in_use
def waiting_photos() -> Iterator[int]:
    """Photos of mails that wait for the rest."""
    for numbers in Dialogue.objects.values_list("photos", flat=True):
        yield from numbers
