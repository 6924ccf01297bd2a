"""What is stored: the latest forecast of each hourly datastream."""

from django.db import models

from mitoyen.history.models import Datastream
from mitoyen.operate.forecast.enums import Method


class Forecast(models.Model):
    """Made again when readings come. `values`, `low`, `high`: an hour each from `starts` on, null where unknown."""

    datastream = models.OneToOneField(Datastream, on_delete=models.CASCADE, related_name="forecast")
    made_at = models.DateTimeField(auto_now=True)
    starts = models.DateTimeField(help_text="Start of the first hour, just after the last one known.")
    unit = models.CharField(max_length=24, help_text="Of one hour's amount, or of a gauge's mean.")
    method = models.CharField(max_length=8, choices=Method)
    values = models.JSONField()
    low = models.JSONField(help_text="Of the 90 % interval.")
    high = models.JSONField()
    error = models.FloatField(null=True, help_text="Mean absolute error over the last weeks, out of the fit.")
    naive_error = models.FloatField(null=True, help_text="The seasonal naive forecast's, on the same hours.")
    covered = models.FloatField(null=True, help_text="Share of values that fell within the interval made before.")
