"""What is stored: which usage is switched on where."""

from django.db import models

from mitoyen.territory.models import Commune


class UsageSwitch(models.Model):
    """A usage that a commune switched on, for good or as an experiment."""

    usage = models.CharField(max_length=60)
    commune = models.ForeignKey(Commune, on_delete=models.CASCADE)
    experiment = models.BooleanField(default=False)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("usage", "commune"), name="usage_once_per_commune"),)
