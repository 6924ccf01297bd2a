"""What is stored: layouts of forms that were printed, files that came in, the forms read in them and their sheets."""

import uuid
from pathlib import Path

from django.conf import settings
from django.db import models

from mitoyen.channels.paper.enums import FormState
from mitoyen.channels.paper.layout import Layout, dumped, loaded
from mitoyen.ledger.models import Job
from mitoyen.services.models import Request


class PrintedLayout(models.Model):
    """Where everything stood on forms as they were printed: they are read long after the manifest has changed."""

    digest = models.CharField(max_length=8)
    service = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    large = models.BooleanField()
    content = models.JSONField()
    first_printed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("service", "version", "language", "large", "digest"), name="printed_layout_once"
            ),
        )

    @classmethod
    def keep(cls, made: Layout) -> None:
        """Once for each place of a box."""
        named = {"service": made.service, "version": made.version, "language": made.language, "large": made.large}
        cls.objects.get_or_create(**named, digest=made.digest, defaults={"content": dumped(made)})

    @property
    def layout(self) -> Layout:
        """As it was printed."""
        return loaded(self.content)


class Scan(models.Model):
    """A file of scanned pages, and what could not be read in it. The file is removed once it is read."""

    name = models.CharField(max_length=300)
    path = models.CharField(max_length=500, default="", blank=True, help_text="In the home's staging folder.")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    by = models.CharField(max_length=200)
    commune = models.CharField(max_length=5, default="", blank=True, help_text="Of who brought it in, where it is one.")
    at = models.DateTimeField(auto_now_add=True)
    pages = models.PositiveIntegerField(default=0)
    unread = models.JSONField(default=list, help_text="Pages that could not be read: page and why, in words.")
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ("-pk",)

    @property
    def file(self) -> Path:
        """Where it waits; of `path` only the name counts, so that an installation may be moved."""
        return Path(settings.MITOYEN_HOME) / "staging" / Path(self.path).name


class PaperForm(models.Model):
    """One form as it came back: its sheets, and what became of it. Nothing is handed in before a clerk says so."""

    token = models.UUIDField(unique=True, default=uuid.uuid4, help_text="Handed in twice, it is one request.")
    service = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    large = models.BooleanField(default=False)
    digest = models.CharField(max_length=8)
    number = models.CharField(max_length=9, help_text="Of the printed copy: the follow-up code it promises.")
    state = models.CharField(max_length=10, choices=FormState, default=FormState.WAITING)
    by = models.CharField(max_length=200, help_text="Who brought it in.")
    commune = models.CharField(max_length=5, default="", blank=True, help_text="Of who brought it in, where it is one.")
    at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    why = models.CharField(max_length=500, default="", blank=True, help_text="Why it was set aside.")
    request = models.ForeignKey(Request, null=True, blank=True, on_delete=models.SET_NULL, related_name="paper_forms")

    class Meta:
        ordering = ("-pk",)
        indexes = (models.Index(fields=("state", "at")), models.Index(fields=("number",)))


class Sheet(models.Model):
    """One page of a form: what was measured on it. Its picture, put straight, lies in `scans` until the term."""

    form = models.ForeignKey(PaperForm, on_delete=models.CASCADE, related_name="sheets")
    scan = models.ForeignKey(Scan, null=True, on_delete=models.SET_NULL, related_name="sheets")
    page = models.PositiveSmallIntegerField()
    picture = models.CharField(
        max_length=64, default="", blank=True, help_text="Hash that names its file; empty: gone."
    )
    reading = models.JSONField(default=dict, help_text="Boxes and zones, as `reading` gives them.")

    class Meta:
        ordering = ("page",)
        constraints = (models.UniqueConstraint(fields=("form", "page"), name="sheet_once_per_page"),)

    @property
    def file(self) -> Path:
        """The straightened page."""
        return picture_path(self.picture)


def picture_path(digest: str) -> Path:
    """Where the picture of a sheet lies, by its hash."""
    return Path(settings.MITOYEN_HOME) / "scans" / digest[:2] / f"{digest}.jpg"


class LetterBatch(models.Model):
    """Letters printed together; their notices bear `reference`. They are handed over once a clerk says they are
    posted."""

    made_at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=200)
    posted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)

    @property
    def reference(self) -> str:
        """What the notices of its letters are marked with."""
        return f"letters:{self.pk}"
