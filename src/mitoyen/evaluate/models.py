"""What is stored: dated actions, closed days, and Figures with their provenance."""

from django.db import models
from django.db.models import Q

from mitoyen.evaluate.enums import Measure, SubjectKind, Verdict
from mitoyen.history.models import Datastream
from mitoyen.territory.models import Commune, Thing


class Action(models.Model):
    """Something done on a date at a cost, to which a saving may be attributed."""

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="actions")
    observed_property = models.CharField(
        max_length=60, default="", blank=True, help_text="What it acts on; empty: all."
    )
    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=40, default="", blank=True)
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)
    cost_eur = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    note = models.TextField(default="", blank=True)
    recorded_by = models.CharField(max_length=200, default="")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("starts",)


class Closure(models.Model):
    """Closed days of a building or, with no thing, of every building of a commune or the territory."""

    thing = models.ForeignKey(Thing, null=True, blank=True, on_delete=models.CASCADE)
    commune = models.ForeignKey(Commune, null=True, blank=True, on_delete=models.CASCADE)
    first = models.DateField()
    last = models.DateField()
    reason = models.CharField(max_length=120, default="", blank=True)


class Figure(models.Model):
    """A published number with its provenance. Never changed: a newer one takes its place."""

    id = models.CharField(primary_key=True, max_length=16)
    measure = models.CharField(max_length=20, choices=Measure)
    subject_kind = models.CharField(max_length=12, choices=SubjectKind)
    subject = models.CharField(max_length=200, help_text="thing/property, building slug, INSEE code, or territory.")
    datastream = models.ForeignKey(Datastream, null=True, on_delete=models.PROTECT, related_name="figures")
    thing = models.ForeignKey(Thing, null=True, on_delete=models.PROTECT, related_name="figures")
    commune = models.ForeignKey(Commune, null=True, on_delete=models.PROTECT, related_name="figures")
    baseline_first = models.DateField()
    baseline_last = models.DateField()
    reporting_first = models.DateField()
    reporting_last = models.DateField()
    unit = models.CharField(max_length=24)
    value = models.FloatField(null=True, help_text="Saving: expected minus observed. Null where nothing can be said.")
    low = models.FloatField(null=True, help_text="Low end of the 90 % interval.")
    high = models.FloatField(null=True, help_text="High end of the 90 % interval.")
    expected = models.FloatField(null=True)
    observed = models.FloatField(null=True)
    verdict = models.CharField(max_length=16, choices=Verdict)
    reasons = models.JSONField(default=list, help_text="[{code, first, last, detail, mends}]")
    coverage = models.FloatField(default=0, help_text="Share of the reporting period with readings, 0 to 1.")
    method = models.CharField(max_length=60)
    method_version = models.CharField(max_length=20)
    inputs = models.JSONField(default=dict, help_text="Datastreams, batches, factors, figures it rests on.")
    result = models.JSONField(default=dict, help_text="Model parameters, CV(RMSE), what else the method states.")
    series = models.BinaryField(default=b"", help_text="The daily series it was computed from (see series.py).")
    fingerprint = models.CharField(max_length=64)
    computed_at = models.DateTimeField(auto_now_add=True)
    current = models.BooleanField(default=True)
    generated = models.BooleanField(default=False, help_text="Rests on generated readings.")

    class Meta:
        ordering = ("subject", "-reporting_first")
        indexes = (
            models.Index(fields=("subject_kind", "subject", "current")),
            models.Index(fields=("commune", "current")),
            models.Index(fields=("thing", "current")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("subject_kind", "subject", "measure", "reporting_first", "reporting_last"),
                condition=Q(current=True),
                name="one_current_figure",
            ),
        )
