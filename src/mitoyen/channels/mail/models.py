"""What is stored: which mails came in already, and what is still asked of people who wrote too little."""

import uuid

from django.db import models

from mitoyen.services.models import Request


class Outcome(models.TextChoices):
    """What became of a mail."""

    ANSWER = "answer", "completed a request"
    NEW = "new", "became a request"
    ASKED = "asked", "questions were sent back"
    NOTE = "note", "a team's answer: noted between agents"
    STORY = "story", "the timeline was sent back"
    STOP = "stop", "ended subscriptions"
    AUTOMATIC = "automatic", "written by a machine: left aside"
    BOUNCE = "bounce", "said that a notice did not arrive"
    NOTHING = "nothing", "nothing could be done with it"


class Taken(models.Model):
    """A mail that was taken in, so that the same one twice is one. Its words are in the request, not here."""

    key = models.CharField(unique=True, max_length=64, help_text="Hash of its Message-ID and sender.")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.NOTHING)
    request = models.ForeignKey(Request, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = (models.Index(fields=("at",)),)


class Dialogue(models.Model):
    """A mail that lacks something: what was understood so far, what was asked, until when it is kept."""

    service = models.CharField(max_length=60)
    language = models.CharField(max_length=2, default="fr")
    address = models.CharField(max_length=300)
    name = models.CharField(max_length=120, default="", blank=True)
    raw = models.JSONField(default=dict, help_text="Raw answers by question.")
    more = models.TextField(default="", blank=True, help_text="Words beyond what the question takes.")
    spot = models.JSONField(null=True, blank=True)
    which = models.JSONField(default=list, help_text="Places to choose from, as they were asked.")
    asked = models.JSONField(default=list, help_text="Questions in the order of their numbers.")
    photos = models.JSONField(default=list, help_text="Numbers of the photos kept so far.")
    rounds = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(unique=True, default=uuid.uuid4)
    subject = models.CharField(max_length=200, default="", blank=True)
    in_reply_to = models.CharField(max_length=300, default="", blank=True, help_text="Message-ID of the last mail.")
    started_at = models.DateTimeField()
    until = models.DateTimeField()
    request = models.ForeignKey(Request, null=True, blank=True, on_delete=models.CASCADE, related_name="+")

    class Meta:
        indexes = (models.Index(fields=("until",)),)
