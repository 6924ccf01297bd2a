"""Photos: whatever comes in, what is kept is points alone, upright, small."""

import io
import random
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction
from PIL import Image, PngImagePlugin

from mitoyen.ledger import pictures
from mitoyen.ledger.pictures import path_of, thumbnail_of
from mitoyen.ledger.refusal import Refused
from mitoyen.services import photos
from mitoyen.services.models import Photo
from mitoyen.services.photos import keep

SECRET = b"Marie Dupont 12 rue des Ponts"
GPS, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F


def exif(orientation=1):
    """Metadata as a phone writes it: place, maker, a comment that names someone."""
    told = Image.Exif()
    told[ORIENTATION], told[MAKER], told[0x9286] = orientation, "Phone of " + SECRET.decode(), SECRET.decode()
    told.get_ifd(GPS).update({1: "N", 2: (47.0, 28.0, 36.0), 3: "W", 4: (0.0, 33.0, 0.0)})
    return told


def picture(size=(400, 200), mode="RGB"):
    """Left half red, right half blue, so that one sees how it is turned."""
    made = Image.new("RGB", size, "red")
    made.paste((0, 0, 255), (size[0] // 2, 0, *size))
    return made.convert(mode)


def written(image, form, **more):
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def jpeg(**more):
    return written(picture(), "JPEG", exif=exif().tobytes(), comment=SECRET, icc_profile=SECRET * 9, **more)


def png(**more):
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", SECRET.decode())
    info.add_itxt("XML:com.adobe.xmp", f"<x>{SECRET.decode()}</x>")
    return written(picture(), "PNG", pnginfo=info, exif=exif().tobytes(), icc_profile=SECRET * 9, **more)


def webp(**more):
    return written(picture(), "WEBP", exif=exif().tobytes(), xmp=SECRET, icc_profile=SECRET * 9, **more)


def with_xmp_and_thumbnail():
    """A JPEG with an XMP segment, a thumbnail that shows more than the photo, and another file behind its end."""
    body = jpeg()
    xmp = b"http://ns.adobe.com/xap/1.0/\x00<x>" + SECRET + b"</x>"
    segment = b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp
    small = b"\xff\xed" + struct.pack(">H", len(SECRET) + 2) + SECRET
    return body[:2] + segment + small + body[2:] + b"PK\x03\x04<script>" + SECRET


def colour(shown: Image.Image, at: tuple[int, int]) -> tuple[int, int, int]:
    """Red, green and blue of a point."""
    found = shown.convert("RGB").getpixel(at)
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]


@pytest.fixture
def kept(db, home):
    """What is kept of a file: the photo's bytes and its thumbnail's."""

    def keep_it(content):
        photo = keep(content)
        return path_of(photo.digest).read_bytes(), thumbnail_of(photo.digest).read_bytes()

    return keep_it


@pytest.mark.parametrize("content", [jpeg(), png(), webp(), with_xmp_and_thumbnail(), jpeg(progressive=True)],
                         ids=["jpeg", "png", "webp", "segments", "progressive"])  # fmt: skip
def test_neither_place_nor_name_nor_any_metadata_is_left(kept, content):
    assert SECRET in content or SECRET.decode().encode("utf-16-le") in content or b"Dupont" in content
    for body in kept(content):
        assert b"Dupont" not in body
        assert b"Exif" not in body
        assert b"ICC_PROFILE" not in body
        assert b"script" not in body
        shown = Image.open(io.BytesIO(body))
        assert shown.format == "JPEG"
        assert not shown.getexif()
        assert set(shown.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(("orientation", "turned"), [(1, False), (3, False), (6, True), (8, True)])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_it_stands_upright_as_the_phone_said(kept, form, orientation, turned):
    shown = Image.open(io.BytesIO(kept(written(picture(), form, exif=exif(orientation).tobytes()))[0]))
    assert shown.size == ((200, 400) if turned else (400, 200))
    first = {1: (20, 100), 3: (380, 100), 6: (100, 20), 8: (100, 380)}[orientation]
    red, _green, blue = colour(shown, first)
    assert red > 200
    assert blue < 100


def test_damaged_metadata_cost_the_orientation_only(kept):
    content = bytearray(jpeg())
    at = content.index(b"Exif\x00\x00") + 6
    content[at : at + 60] = bytes(random.Random(1).randbytes(60))
    assert kept(bytes(content))


def test_it_is_small_and_its_thumbnail_smaller(kept):
    noise = Image.frombytes("RGB", (3000, 2000), random.Random(2).randbytes(18_000_000))
    body, small = kept(written(noise, "JPEG", quality=95))
    assert max(Image.open(io.BytesIO(body)).size) == 1600
    assert max(Image.open(io.BytesIO(small)).size) <= 320
    assert len(small) <= 20_000


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_colour_models_are_read(kept, mode):
    form = "JPEG" if mode == "CMYK" else "PNG"
    shown = Image.open(io.BytesIO(kept(written(picture(mode=mode), form))[0]))
    assert shown.mode == "RGB"
    if mode != "1":
        assert shown.getpixel((20, 100)) != shown.getpixel((380, 100))


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_what_someone_made_transparent_stays_hidden(kept, form):
    """An eraser leaves the colours under it: a face rubbed out must not come back."""
    rubbed = picture(mode="RGBA")
    seen, hidden = (Image.new("L", rubbed.size, alpha) for alpha in (255, 0))
    rubbed.putalpha(Image.composite(hidden, seen, picture().getchannel(0)))
    more = {"lossless": True, "exact": True} if form == "WEBP" else {}
    shown = Image.open(io.BytesIO(kept(written(rubbed, form, **more))[0]))
    assert min(colour(shown, (20, 100))) > 240
    assert colour(shown, (380, 100))[2] > 200


def test_a_transparent_colour_of_a_palette_stays_hidden(kept):
    few = picture().quantize(4)
    few.info["transparency"] = few.getpixel((20, 100))
    shown = Image.open(io.BytesIO(kept(written(few, "PNG", transparency=few.getpixel((20, 100))))[0]))
    assert min(colour(shown, (20, 100))) > 240


def test_of_a_moving_picture_the_first_is_kept(kept):
    frames = [picture(), Image.new("RGB", (400, 200), "green")]
    for form in ("PNG", "WEBP"):
        body, _small = kept(written(frames[0], form, save_all=True, append_images=frames[1:]))
        shown = Image.open(io.BytesIO(body))
        assert getattr(shown, "n_frames", 1) == 1
        assert colour(shown, (20, 100))[0] > 200


def test_several_pictures_in_one_jpeg_keep_the_first(kept):
    body, _small = kept(written(picture(), "MPO", save_all=True, append_images=[Image.new("RGB", (400, 200), "green")]))
    assert colour(Image.open(io.BytesIO(body)), (20, 100))[0] > 200


def bomb(width=30_000, height=30_000):
    """A PNG of a few kilobytes that says it has 900 million points."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    lines = zlib.compress(bytes((width + 7) // 8 + 1) * 64)
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


TRAPS = [
    b"", b"GIF89a" + bytes(100), b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"\xff\xd8\xff",
    bomb(), bomb(9000, 9000), jpeg()[:900], png()[: len(png()) // 2], b"\x00" * (pictures.LARGEST_BYTES + 1),
    *(written(picture(), form) for form in ("GIF", "TIFF", "BMP")),
]  # fmt: skip


@pytest.mark.parametrize("content", TRAPS)
def test_what_is_no_photo_or_a_trap_is_refused_in_words(db, home, content):
    with pytest.raises(Refused) as refusal:
        keep(content)
    assert refusal.value.next_step
    assert not Photo.objects.exists()
    assert not list((home / "photos").rglob("*.jpg"))


def test_files_damaged_at_random_are_refused_or_made_clean(kept):
    rng = random.Random(20261130)
    for sound in (jpeg(), png(), webp()):
        for _n in range(60):
            content = bytearray(sound)
            for _hit in range(rng.randint(1, 12)):
                content[rng.randrange(len(content))] = rng.randrange(256)
            try:
                body, _small = kept(bytes(content))
            except Refused:
                continue
            assert b"Dupont" not in body


def test_the_same_photo_from_several_threads_is_one_file(db, home):
    picture_of_it = pictures._decoded(jpeg())
    body = pictures._jpeg(picture_of_it, 1600, 80)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _n: pictures._write(path_of("ab" * 32), body), range(64)))
    (file,) = [path for path in (home / "photos").rglob("*") if path.is_file()]
    assert file.read_bytes() == body


def test_the_files_go_with_the_last_who_shows_them(db, home, django_capture_on_commit_callbacks):
    one, two = keep(jpeg()), keep(jpeg())
    assert one.digest == two.digest
    with django_capture_on_commit_callbacks(execute=True):
        photos.forget(one)
    assert path_of(two.digest).exists()
    with django_capture_on_commit_callbacks(execute=True):
        photos.forget(two)
    assert not path_of(two.digest).exists()
    assert not thumbnail_of(two.digest).exists()


def test_the_files_stay_when_what_removed_the_photo_is_undone(transactional_db, home):
    photo = keep(jpeg())
    with transaction.atomic():
        photos.forget(photo)
        transaction.set_rollback(True)
    assert path_of(photo.digest).exists()
    assert Photo.objects.count() == 1
