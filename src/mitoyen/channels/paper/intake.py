"""Scanned files into forms that wait for a clerk's word. Reading the same file again changes nothing."""

import hashlib
import io
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image

from mitoyen.channels.paper import reading
from mitoyen.channels.paper.enums import FormState
from mitoyen.channels.paper.models import PaperForm, PrintedLayout, Scan, Sheet, picture_path
from mitoyen.channels.paper.reading import ReadPage, Unread
from mitoyen.channels.paper.report import box_told, zone_told
from mitoyen.ledger import audit
from mitoyen.services.enums import Channel
from mitoyen.services.parity import leaving

Progress = Callable[[int, int], None]
QUALITY = 70


def read(scan: Scan, progress: Progress = lambda _done, _total: None) -> None:
    """Read the scan's file, keep what was seen and remove the file."""
    if not scan.path:
        return
    file = scan.file
    if _came_before(scan):
        pages, unread = [], [{"page": 0, "code": "known", "why": _("This file was read before; its forms are there.")}]
    else:
        found = list(reading.read_files([file], progress))
        pages = [one for one in found if isinstance(one, ReadPage)]
        unread = [{"page": one.at, "code": one.code, "why": one.why} for one in found if isinstance(one, Unread)]
    pictures = [_kept_picture(page) for page in pages]
    with transaction.atomic():
        for page, picture in zip(pages, pictures, strict=True):
            _attach(scan, page, picture)
        scan.pages, scan.unread, scan.path = len(pages), unread, ""
        scan.save(update_fields=["pages", "unread", "path"])
        audit.record(scan.by, "paper.read", f"scan:{scan.pk}", pages=len(pages), unread=len(unread))
    file.unlink(missing_ok=True)


def set_aside(form: PaperForm, why: str, by: str) -> None:
    """This form becomes no request, for a reason that the audit trail keeps."""
    with transaction.atomic():
        form.state, form.why, form.ended_at = FormState.SET_ASIDE, why[:500], timezone.now()
        form.save(update_fields=["state", "why", "ended_at"])
        leaving.left(form.service, Channel.PAPER, form.at)
        audit.record(by, "paper.set_aside", f"paper:{form.pk}", why=why[:500])


def take_up_again(form: PaperForm, by: str) -> None:
    """A form that was set aside waits again."""
    with transaction.atomic():
        form.state, form.why, form.ended_at = FormState.WAITING, "", None
        form.save(update_fields=["state", "why", "ended_at"])
        leaving.left(form.service, Channel.PAPER, form.at, -1)
        audit.record(by, "paper.taken_up", f"paper:{form.pk}")


def forget(sheet: Sheet) -> None:
    """Remove what was written on a sheet: its picture, when no other sheet shows the same, and what was measured."""
    digest = sheet.picture
    sheet.picture, sheet.reading = "", {}
    sheet.save(update_fields=["picture", "reading"])
    if digest and not Sheet.objects.filter(picture=digest).exists():
        picture_path(digest).unlink(missing_ok=True)


def _came_before(scan: Scan) -> bool:
    return Scan.objects.filter(sha256=scan.sha256, pages__gt=0, path="").exclude(pk=scan.pk).exists()


def _attach(scan: Scan, page: ReadPage, picture: str) -> None:
    """To the form that waits for this page, or to a new one: the same page twice is a photocopied sheet."""
    one = page.identity
    PrintedLayout.keep(page.form)
    named = {"service": one.service, "version": one.version, "number": one.number, "digest": one.digest}
    waiting = PaperForm.objects.filter(state=FormState.WAITING, **named).exclude(sheets__page=one.page)
    form = waiting.order_by("pk").first() or PaperForm.objects.create(
        **named, language=one.language, large=one.large, by=scan.by, commune=scan.commune
    )
    Sheet.objects.create(
        form=form,
        scan=scan,
        page=one.page,
        picture=picture,
        reading={
            "boxes": [box_told(box) for box in page.boxes],
            "zones": [zone_told(zone) for zone in page.zones],
            "error_mm": round(page.error_mm, 3),
        },
    )


def _kept_picture(page: ReadPage) -> str:
    """Write the straightened page, whole or not at all; the hash that names it."""
    out = io.BytesIO()
    Image.fromarray(page.sheet.picture.astype("uint8")).save(out, "JPEG", quality=QUALITY)
    body = out.getvalue()
    digest = hashlib.sha256(body).hexdigest()
    path = picture_path(digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(".tmp")
    half.write_bytes(body)
    half.replace(path)
    return digest
