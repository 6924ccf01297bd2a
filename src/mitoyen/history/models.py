"""What is stored in the state database about observations; they themselves lie in the journal and the archive."""

from django.db import models

from mitoyen.history.enums import BatchOrigin, BatchState, Kind
from mitoyen.territory.models import Thing


class Datastream(models.Model):
    """One observed property of one thing, named `thing/property`, with a unit (UCUM) and a kind."""

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="datastreams")
    observed_property = models.CharField(max_length=60)
    unit = models.CharField(max_length=24, help_text="UCUM code of the values as stored, e.g. kWh, W, m3, Cel.")
    kind = models.CharField(max_length=8, choices=Kind)
    wraps_at = models.FloatField(null=True, blank=True, help_text="For a counter: the index after which it shows 0.")

    class Meta:
        ordering = ("thing__slug", "observed_property")
        constraints = (models.UniqueConstraint(fields=("thing", "observed_property"), name="datastream_once"),)

    @property
    def name(self) -> str:
        return f"{self.thing.slug}/{self.observed_property}"

    def __str__(self) -> str:
        return self.name


class Batch(models.Model):
    """What came in together: who, when, from where. Undo takes it back."""

    origin = models.CharField(max_length=10, choices=BatchOrigin)
    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.STAGED)
    source = models.CharField(max_length=300, default="", help_text="File name or sender.")
    sha256 = models.CharField(max_length=64, default="", blank=True, help_text="Of the file, in hexadecimal.")
    by = models.CharField(max_length=200, default="")
    why = models.TextField(default="", blank=True, help_text="Reason given, for a correction.")
    received_at = models.DateTimeField(auto_now_add=True)
    live_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=200, default="", blank=True)
    undone_why = models.TextField(default="", blank=True)
    rows = models.BigIntegerField(default=0, help_text="Added to the archive by its commit.")
    hash = models.CharField(max_length=32, default="", blank=True, help_text="Their fingerprint, see fingerprint.py.")
    summary = models.JSONField(default=dict)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("sha256", "state")),)


class KeptJournal(models.Model):
    """A journal that live readings were written to: so that it is missed when another one stands in its place."""

    name = models.CharField(max_length=32, unique=True, help_text="Which the journal got when it was made.")
    since = models.DateTimeField(auto_now_add=True)
    writes = models.BigIntegerField(default=0, help_text="How many it had counted when it was last seen.")
    older_at = models.DateTimeField(null=True, help_text="When it was seen to count less: an older copy.")
    given_up_at = models.DateTimeField(null=True, help_text="When someone said to go on without it.")


class SealedDay(models.Model):
    """A UTC day that the journal handed to the archive, with the count and hash that were checked."""

    day = models.DateField()
    part = models.PositiveIntegerField(default=0, help_text="Late data make further parts of a day.")
    rows = models.BigIntegerField()
    hash = models.CharField(max_length=32, help_text="Fingerprint of the rows, see fingerprint.py.")
    by_batch = models.JSONField(default=dict, help_text="Batch -> [rows, hash] of what the day held of it.")
    version = models.BigIntegerField(null=True, help_text="The archive's version that holds it; null: under way.")
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("day", "part"), name="sealed_part_once"),)
