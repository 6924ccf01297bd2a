"""Pictures that people send or take: decoded under limits, turned upright, made small and written anew, so that neither
place nor date nor any other metadata is left. Rooms keep which picture belongs to what; the files lie here, by hash."""

import hashlib
import io
import os
import threading
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from mitoyen.ledger.refusal import Refused

LARGEST_BYTES = 15 * 1024 * 1024
LARGEST_PIXELS = 60_000_000
LONGEST_SIDE = 1600
THUMBNAIL_SIDE = 320
THUMBNAIL_BYTES = 20_000
FORMATS = ("JPEG", "PNG", "WEBP")
Named: TypeAlias = Callable[[], Iterable[str]]
_NAMED: list[Named] = []


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A picture whose files lie in the installation's folder."""

    digest: str
    bytes: int
    width: int
    height: int


def clean(content: bytes) -> Cleaned:
    """Clean a picture and write it with its thumbnail. Raises Refused for what is no photo, too large, or of another
    format."""
    picture = _decoded(content)
    body = _jpeg(picture, LONGEST_SIDE, 80)
    digest = hashlib.sha256(body).hexdigest()
    _write(path_of(digest), body)
    _write(thumbnail_of(digest), _thumbnail(picture))
    with Image.open(io.BytesIO(body)) as kept:
        return Cleaned(digest, len(body), *kept.size)


def path_of(digest: str) -> Path:
    """Where the picture lies."""
    return Path(settings.MITOYEN_HOME) / "photos" / digest[:2] / f"{digest}.jpg"


def thumbnail_of(digest: str) -> Path:
    """Where its thumbnail lies, 20 kB at most."""
    return path_of(digest).with_name(f"{digest}-small.jpg")


def names(named: Named) -> Named:
    """Register where a room keeps the hashes of its pictures: files that no room names are removed."""
    _NAMED.append(named)
    return named


def remove_unnamed(digests: Iterable[str]) -> None:
    """Remove the files of these pictures that no room names any more."""
    gone = set(digests) - _known()
    for digest in gone:
        path_of(digest).unlink(missing_ok=True)
        thumbnail_of(digest).unlink(missing_ok=True)


def remove_strays(older_than: float) -> None:
    """Remove files that no room names, last written before `older_than` (seconds since 1970)."""
    known = _known()
    for path in (Path(settings.MITOYEN_HOME) / "photos").glob("*/*"):
        named = path.name.partition(".")[0].removesuffix("-small")
        if named not in known and path.stat().st_mtime < older_than:
            path.unlink(missing_ok=True)


def _known() -> set[str]:
    return {digest for named in _NAMED for digest in named()}


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
