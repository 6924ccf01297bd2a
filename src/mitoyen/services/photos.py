"""Photos that people send with their requests: cleaned, kept, claimed by a request, forgotten with it."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TypeAlias

from django.db import transaction
from django.utils import timezone

from mitoyen.ledger import pictures
from mitoyen.services.models import Photo, Request

MOST = 4
UNCLAIMED_FOR = dt.timedelta(days=2)
Pictures: TypeAlias = Callable[[], Iterable[int]]
_IN_USE: list[Pictures] = []


def keep(content: bytes, request: Request | None = None) -> Photo:
    """Clean a photo and keep it with its thumbnail; without a request yet, until `receiving` claims it.

    Raises Refused for what is no photo, too large, or of another format.
    """
    made = pictures.clean(content)
    return Photo.objects.create(
        request=request, digest=made.digest, bytes=made.bytes, width=made.width, height=made.height,
        added_at=timezone.now(),
    )  # fmt: skip


def forget(photo: Photo) -> None:
    """Remove a photo, and its files when nothing else shows the same: once the transaction around it is kept."""
    digest = photo.digest
    photo.delete()
    transaction.on_commit(lambda: pictures.remove_unnamed([digest]))


def also_in_use(numbers: Pictures) -> Pictures:
    """Register where another room keeps numbers of photos that no request claimed yet."""
    _IN_USE.append(numbers)
    return numbers


def forget_unclaimed() -> int:
    """Remove the photos of forms that were never handed in, and files that no photo names; how many photos."""
    in_use = {number for numbers in _IN_USE for number in numbers()}
    limit = timezone.now() - UNCLAIMED_FOR
    old = Photo.objects.filter(request=None, added_at__lt=limit).exclude(pk__in=in_use)
    for photo in (found := list(old)):
        forget(photo)
    pictures.remove_strays(limit.timestamp())
    return len(found)


@pictures.names
def _digests() -> Iterable[str]:
    return Photo.objects.values_list("digest", flat=True)
