"""What is stored: work orders, their facts and photos, and which contractor works for whom."""

from django.db import models

from mitoyen.operate.alerts.models import Alert
from mitoyen.operate.models import Finding
from mitoyen.operate.work.enums import WorkState
from mitoyen.territory.models import Commune, Partner, Person, Thing


class WorkOrder(models.Model):
    """Something to do on one thing; given to a partner (its contractors see it) or to an agent."""

    submission = models.UUIDField(null=True, unique=True, help_text="The same form twice is one order.")
    title = models.CharField(max_length=200)
    words = models.TextField(default="", blank=True)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="work_orders")
    commune = models.ForeignKey(Commune, null=True, on_delete=models.PROTECT, related_name="work_orders")
    alerts = models.ManyToManyField(Alert, through="WorkAlert", related_name="work_orders")
    finding = models.ForeignKey(Finding, null=True, blank=True, on_delete=models.SET_NULL, related_name="work_orders")
    request_number = models.BigIntegerField(null=True, blank=True, help_text="Of the inhabitant's request, if any.")
    state = models.CharField(max_length=10, choices=WorkState, default=WorkState.TO_DO)
    partner = models.ForeignKey(Partner, null=True, blank=True, on_delete=models.SET_NULL, related_name="work_orders")
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.SET_NULL, related_name="work_orders")
    due = models.DateField(null=True, blank=True)
    opened_by = models.CharField(max_length=200)
    opened_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("state", "commune")),)

    def __str__(self) -> str:
        return self.title


class WorkAlert(models.Model):
    """That a work order answers an alert."""

    order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("order", "alert"), name="work_alert_once"),)


class WorkFact(models.Model):
    """What happened to a work order, by whom; never changed afterwards."""

    order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="facts")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=WorkState, default="", blank=True)
    words = models.TextField(default="", blank=True)

    class Meta:
        ordering = ("at", "id")


class WorkPhoto(models.Model):
    """A photo of the place or of the result, cleaned of its place and make like every photo."""

    order = models.ForeignKey(WorkOrder, on_delete=models.CASCADE, related_name="photos")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=200)
    name = models.CharField(max_length=80, help_text="Hash of the picture as kept (ledger.pictures).")

    class Meta:
        ordering = ("at", "id")
        constraints = (models.UniqueConstraint(fields=("order", "name"), name="work_photo_once"),)


class Crew(models.Model):
    """That a person with the role of contractor works for a partner: they see its orders, and no others."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="crews")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="crews")
    by = models.CharField(max_length=200)
    since = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "partner"), name="crew_once"),)
