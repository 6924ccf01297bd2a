"""What is stored: mappings kept for the next file of a sort, and uploads on their way through the desk."""

from pathlib import Path

from django.conf import settings
from django.db import models

from mitoyen.history.models import Batch
from mitoyen.ledger.models import Job


class Mapping(models.Model):
    """The answers that made a sort of file readable; `signature` recognises the next one."""

    name = models.CharField(max_length=120)
    signature = models.CharField(max_length=64, unique=True)
    spec = models.JSONField()
    kept_by = models.CharField(max_length=200, default="")
    kept_at = models.DateTimeField(auto_now=True)


class Upload(models.Model):
    """A file dropped at the desk: what it was taken for, the answers, and what became of it."""

    name = models.CharField(max_length=300)
    path = models.CharField(max_length=500, help_text="In the home's staging folder.")
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    by = models.CharField(max_length=200)
    commune = models.CharField(max_length=5, default="", blank=True)
    at = models.DateTimeField(auto_now_add=True)
    answers = models.JSONField(default=dict)
    report = models.JSONField(default=dict)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL)
    batch = models.ForeignKey(Batch, null=True, on_delete=models.SET_NULL)

    @property
    def file(self) -> Path:
        """Where it waits; of `path` only the name counts, so that an installation may be moved."""
        return Path(settings.MITOYEN_HOME) / "staging" / Path(self.path).name
