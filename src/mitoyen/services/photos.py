"""Photos that people send: decoded under limits, turned upright, made small and written anew, so that neither place nor
date nor any other metadata is left, whichever way they came in."""

import datetime as dt
import hashlib
import io
import os
import threading
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from mitoyen.ledger.refusal import Refused
from mitoyen.services.models import Photo, Request

LARGEST_BYTES = 15 * 1024 * 1024
LARGEST_PIXELS = 60_000_000
LONGEST_SIDE = 1600
THUMBNAIL_SIDE = 320
THUMBNAIL_BYTES = 20_000
MOST = 4
FORMATS = ("JPEG", "PNG", "WEBP")
UNCLAIMED_FOR = dt.timedelta(days=2)
Pictures: TypeAlias = Callable[[], Iterable[int]]
_IN_USE: list[Pictures] = []


def keep(content: bytes, request: Request | None = None) -> Photo:
    """Clean a photo and keep it with its thumbnail; without a request yet, until `receiving` claims it.

    Raises Refused for what is no photo, too large, or of another format.
    """
    picture = _decoded(content)
    body = _jpeg(picture, LONGEST_SIDE, 80)
    digest = hashlib.sha256(body).hexdigest()
    _write(path_of(digest), body)
    _write(thumbnail_of(digest), _thumbnail(picture))
    with Image.open(io.BytesIO(body)) as kept:
        width, height = kept.size
    return Photo.objects.create(
        request=request, digest=digest, bytes=len(body), width=width, height=height, added_at=timezone.now()
    )


def path_of(digest: str) -> Path:
    """Where the photo lies."""
    return Path(settings.MITOYEN_HOME) / "photos" / digest[:2] / f"{digest}.jpg"


def thumbnail_of(digest: str) -> Path:
    """Where its thumbnail lies, 20 kB at most."""
    return path_of(digest).with_name(f"{digest}-small.jpg")


def forget(photo: Photo) -> None:
    """Remove a photo, and its files when no other request shows the same: once the transaction around it is kept."""
    digest = photo.digest
    photo.delete()
    transaction.on_commit(lambda: _remove_files(digest))


def _remove_files(digest: str) -> None:
    if not Photo.objects.filter(digest=digest).exists():
        path_of(digest).unlink(missing_ok=True)
        thumbnail_of(digest).unlink(missing_ok=True)


def also_in_use(pictures: Pictures) -> Pictures:
    """Register where another room keeps numbers of photos that no request claimed yet."""
    _IN_USE.append(pictures)
    return pictures


def forget_unclaimed() -> int:
    """Remove the photos of forms that were never handed in, and files that no photo names; how many photos."""
    in_use = {number for pictures in _IN_USE for number in pictures()}
    limit = timezone.now() - UNCLAIMED_FOR
    old = Photo.objects.filter(request=None, added_at__lt=limit).exclude(pk__in=in_use)
    for photo in (found := list(old)):
        forget(photo)
    known = set(Photo.objects.values_list("digest", flat=True))
    for path in (Path(settings.MITOYEN_HOME) / "photos").glob("*/*"):
        named = path.name.partition(".")[0].removesuffix("-small")
        if named not in known and path.stat().st_mtime < limit.timestamp():
            path.unlink(missing_ok=True)
    return len(found)


def _decoded(content: bytes) -> Image.Image:
    if len(content) > LARGEST_BYTES:
        most = LARGEST_BYTES // 1024 // 1024
        raise Refused(
            _("This photo is larger than %(most)d MB.") % {"most": most}, _("Take it again in a smaller size.")
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(content), formats=FORMATS)
            if picture.width * picture.height > LARGEST_PIXELS:
                raise Refused(_("This photo has too many points."), _("Take it again in a smaller size."))
            # A JPEG is decoded at a fraction of its size straight away.
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            picture.load()
            return _opaque(_upright(_small(picture)))
    except Refused:
        raise
    except Exception as error:  # Whatever a damaged or forged file makes the decoders raise.
        raise Refused(
            _("This file is no photo that can be read."), _("Send a photo in JPEG, PNG or WebP."), code="no_photo"
        ) from error


def _small(picture: Image.Image) -> Image.Image:
    """Made small first, so that what follows costs little memory."""
    if picture.mode not in ("RGB", "RGBA", "L", "CMYK"):
        exif = picture.getexif()
        picture = picture.convert("RGBA" if "transparency" in picture.info or "A" in picture.mode else "RGB")
        picture.getexif().update(exif)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    with suppress(Exception):  # Damaged metadata: the photo counts, not its orientation.
        return ImageOps.exif_transpose(picture)
    return picture


def _opaque(picture: Image.Image) -> Image.Image:
    """On white: what someone made transparent may still have its colours underneath."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _jpeg(picture: Image.Image, side: int, quality: int) -> bytes:
    """A new JPEG without metadata, no side longer than `side`."""
    small = picture.copy()
    small.thumbnail((side, side))
    # Only the points go on: what the file carried beside them stays behind.
    bare = Image.new("RGB", small.size)
    bare.paste(small)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _thumbnail(picture: Image.Image) -> bytes:
    for quality in (70, 50, 30, 10):
        body = _jpeg(picture, THUMBNAIL_SIDE, quality)
        if len(body) <= THUMBNAIL_BYTES:
            return body
    return _jpeg(picture, THUMBNAIL_SIDE // 2, 10)


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return
    # The same photo may be on its way in twice: each writes a file of its own.
    half = path.with_name(f"{path.stem}.{os.getpid()}-{threading.get_ident()}.tmp")
    half.write_bytes(body)
    half.replace(path)
