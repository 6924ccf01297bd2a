"""What is stored: alerts, and how communes tuned the rules that open them."""

from django.db import models
from django.db.models import Q

from mitoyen.history.models import Datastream
from mitoyen.operate.alerts.enums import Act, AlertState, Least, Level
from mitoyen.territory.models import Commune, Person, Thing

STILL_OPEN = (AlertState.OPEN, AlertState.TAKEN)


class Alert(models.Model):
    """`key` (usage/rule/thing/mark) is open once at a time. One of a group points at the alert that stands for it."""

    key = models.CharField(max_length=240)
    usage = models.CharField(max_length=60)
    rule = models.CharField(max_length=60, help_text="As declared by the usage's manifest.")
    thing = models.ForeignKey(Thing, on_delete=models.CASCADE, related_name="alerts")
    datastream = models.ForeignKey(Datastream, null=True, on_delete=models.CASCADE, related_name="alerts")
    commune = models.ForeignKey(Commune, null=True, on_delete=models.CASCADE, related_name="alerts")
    part_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="parts")
    level = models.CharField(max_length=10, choices=Level)
    state = models.CharField(max_length=10, choices=AlertState, default=AlertState.OPEN)
    since = models.DateTimeField(help_text="When it began, as the readings show it.")
    opened_at = models.DateTimeField()
    seen_last = models.DateTimeField(help_text="The latest reading that showed it.")
    closed_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    sure = models.FloatField(default=1.0, help_text="From 0 to 1.")
    facts = models.JSONField(default=dict, help_text="Feed the sentence.")
    covers = models.JSONField(default=list, help_text="Things whose own alerts this one explains.")
    people = models.PositiveIntegerField(null=True, help_text="How many it concerns, where that is known.")
    decided_by = models.CharField(max_length=200, default="", blank=True)
    reason = models.TextField(default="", blank=True)
    told_level = models.CharField(
        max_length=10, choices=Level, default="", blank=True, help_text="At which agents were told of it, if anyone."
    )
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-opened_at", "-id")
        indexes = (
            models.Index(fields=("state", "commune")),
            models.Index(fields=("thing", "-opened_at")),
            models.Index(fields=("told_at",)),
        )
        constraints = (
            models.UniqueConstraint(fields=("key",), condition=Q(state__in=("open", "taken")), name="alert_open_once"),
        )

    @property
    def covered(self) -> int:
        """How many things it explains."""
        return len(self.covers)


class AlertFact(models.Model):
    """What somebody did about an alert, or that it was raised; never changed afterwards."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="acts")
    at = models.DateTimeField()
    by = models.CharField(max_length=200)
    act = models.CharField(max_length=10, choices=Act)
    words = models.TextField(default="", blank=True)

    class Meta:
        ordering = ("at", "id")


class Tuning(models.Model):
    """Thresholds of a rule as one commune wants them, or switched off there."""

    usage = models.CharField(max_length=60)
    rule = models.CharField(max_length=60)
    commune = models.ForeignKey(Commune, on_delete=models.CASCADE, related_name="tunings")
    thresholds = models.JSONField(default=dict)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    off = models.BooleanField(default=False)
    by = models.CharField(max_length=200)
    why = models.TextField()
    at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("usage", "rule", "commune"), name="tuning_once"),)


class Telling(models.Model):
    """What a person wants to be told of alerts by mail, where it is not what their role says."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="telling")
    least = models.CharField(max_length=10, choices=Least)
    quiet = models.JSONField(default=list, help_text="Usages that they want to hear nothing of.")
    at = models.DateTimeField(auto_now=True)
