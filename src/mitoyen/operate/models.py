"""What is stored: findings, something worth doing that analysis saw."""

from django.db import models

from mitoyen.history.models import Datastream
from mitoyen.operate.enums import FindingState
from mitoyen.territory.models import Commune, Thing


class Finding(models.Model):
    """Ranked by what is at stake; `key` makes finding it again idempotent."""

    key = models.CharField(unique=True, max_length=200)
    rule = models.CharField(max_length=60, help_text="As declared by the usage's manifest.")
    thing = models.ForeignKey(Thing, on_delete=models.CASCADE, related_name="findings")
    datastream = models.ForeignKey(Datastream, null=True, on_delete=models.CASCADE, related_name="findings")
    commune = models.ForeignKey(Commune, null=True, on_delete=models.CASCADE, related_name="findings")
    first = models.DateField()
    last = models.DateField()
    amount = models.FloatField(null=True, help_text="At stake a year, in `unit`.")
    unit = models.CharField(max_length=24, default="kWh")
    eur = models.FloatField(null=True, help_text="At stake a year, in euros.")
    evidence = models.JSONField(default=dict, help_text="What was measured, against what; feeds the sentence.")
    state = models.CharField(max_length=10, choices=FindingState, default=FindingState.NEW)
    reason = models.TextField(default="", blank=True)
    decided_by = models.CharField(max_length=200, default="", blank=True)
    decided_at = models.DateTimeField(null=True)
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-eur",)
        indexes = (models.Index(fields=("state", "-eur")),)


class ShownFigures(models.Model):
    """What a usage shows of a commune (`operate.showing`), as it was last made: see `operate.shown.Shown`."""

    usage = models.CharField(max_length=60)
    show = models.CharField(max_length=60)
    commune = models.ForeignKey(Commune, on_delete=models.CASCADE, related_name="shown_figures")
    content = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    generated = models.BooleanField(default=False, help_text="Rests on generated readings.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("usage", "show", "commune"), name="shown_once"),)


class YearlyUse(models.Model):
    """What a building used in a calendar year, whole and from meters that can be relied on (`comparison.refresh`)."""

    thing = models.ForeignKey(Thing, on_delete=models.CASCADE, related_name="yearly_uses")
    observed_property = models.CharField(max_length=60)
    year = models.PositiveSmallIntegerField()
    amount = models.FloatField(help_text="In kWh or m3.")
    unit = models.CharField(max_length=24)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("thing", "observed_property", "year"), name="yearly_use_once"),)
