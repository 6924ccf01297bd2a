"""What is stored: the audit trail and the jobs."""

import uuid

from django.db import models
from django.db.models import Q

from mitoyen.ledger.enums import JobState, NoticeState, NoticeWay


class AuditEntry(models.Model):
    """One act, chained to the one before by its hash (`audit.py` writes and verifies)."""

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=80)
    subject = models.CharField(max_length=200)
    detail = models.TextField(default="{}")
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("number",)


class Job(models.Model):
    """Work done behind a page: idempotent, handed out again when its worker dies."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=80)
    key = models.CharField(max_length=200, default="", blank=True, help_text="Of a job that is asked for once.")
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    message = models.TextField(default="", blank=True)
    result = models.JSONField(default=dict)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    asked_by = models.CharField(max_length=200, default="")
    asked_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=("state", "asked_at")),)
        constraints = (models.UniqueConstraint(fields=("key",), condition=~Q(key=""), name="job_once_per_key"),)


class Notice(models.Model):
    """One message to one recipient, kept until it is handed over or given up; each has its own state and retries."""

    key = models.CharField(unique=True, max_length=200, help_text="What makes it one: the same key is sent once.")
    way = models.CharField(max_length=10, choices=NoticeWay)
    to = models.CharField(max_length=300)
    name = models.CharField(max_length=120, default="", blank=True)
    language = models.CharField(max_length=2, default="fr")
    subject = models.CharField(max_length=200, default="", blank=True)
    body = models.TextField()
    about = models.CharField(max_length=200, default="", blank=True, help_text="What it tells of, e.g. request:CODE.")
    state = models.CharField(max_length=10, choices=NoticeState, default=NoticeState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    made_at = models.DateTimeField(auto_now_add=True)
    handed_at = models.DateTimeField(null=True, blank=True, help_text="When the network, the post or a human took it.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it arrived, or was given up.")
    reference = models.CharField(max_length=200, default="", blank=True, help_text="What the carrier calls it.")
    error = models.CharField(max_length=300, default="", blank=True)

    class Meta:
        indexes = (
            models.Index(fields=("state", "way", "due_at")),
            models.Index(fields=("about",)),
            models.Index(fields=("reference",)),
        )
