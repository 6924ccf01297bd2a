"""What is stored: dialogues under way, messages that came, messages on their way out."""

import uuid

from django.db import models
from django.db.models import Q

from mitoyen.channels.sms.enums import SegmentState, Step
from mitoyen.ledger.models import Notice


class Dialogue(models.Model):
    """What a number told so far; gone once handed in, stopped, or at its term."""

    number = models.CharField(unique=True, max_length=20, help_text="In international form.")
    language = models.CharField(max_length=2, default="fr")
    service = models.CharField(max_length=60, default="", blank=True)
    step = models.CharField(max_length=10, choices=Step, default=Step.MENU)
    question = models.CharField(max_length=60, default="", blank=True, help_text="The one that is asked.")
    correcting = models.BooleanField(default=False, help_text="Back to the recap after this question.")
    answers = models.JSONField(default=dict, help_text="Raw answers by question, as a form would post them.")
    place_text = models.CharField(max_length=300, default="", blank=True)
    spot = models.JSONField(default=dict, help_text="The place as it was settled.")
    slot = models.CharField(max_length=40, default="", blank=True, help_text="Key of the time chosen.")
    same_as = models.BigIntegerField(null=True, blank=True, help_text="The request that it is joined to.")
    offered = models.JSONField(default=list, help_text="What the last message numbered, in that order.")
    wrong = models.PositiveSmallIntegerField(default=0, help_text="Answers in a row that could not be read.")
    token = models.UUIDField(default=uuid.uuid4)
    updated_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class Incoming(models.Model):
    """That a message came, so that the same one is taken once. Its text is not kept."""

    number = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    link = models.UUIDField(help_text="The link that it came over.")
    at = models.DateTimeField()
    acknowledged = models.BooleanField(default=False, help_text="The network surely knows that we have it.")

    class Meta:
        indexes = (models.Index(fields=("number", "at")), models.Index(fields=("at",)))


class Piece(models.Model):
    """A part of a longer message, until the others came."""

    number = models.CharField(max_length=20)
    reference = models.PositiveIntegerField()
    total = models.PositiveSmallIntegerField()
    part = models.PositiveSmallIntegerField()
    coding = models.PositiveSmallIntegerField()
    octets = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("number", "reference", "total", "part"), name="sms_piece_once"),)


class Stopped(models.Model):
    """A number that wrote STOP: no notice goes to it until it hands something in again."""

    number = models.CharField(unique=True, max_length=20)
    since = models.DateTimeField()


class Segment(models.Model):
    """One part of a notice on its way. `user_message_reference` is its own number modulo 65,536: the same when sent
    again, and written before it is sent."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="segments")
    part = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=SegmentState, default=SegmentState.READY)
    rank = models.PositiveSmallIntegerField(default=2, help_text="What goes first: 0 a reply, 1 about a request, 2.")
    due_at = models.DateTimeField(help_text="Not sent before; of one in doubt, when it is sent again.")
    message_id = models.CharField(max_length=64, default="", blank=True, help_text="What the SMSC calls it.")
    sent = models.PositiveSmallIntegerField(default=0, help_text="How often it was given to the link.")

    class Meta:
        indexes = (
            models.Index(fields=("rank", "id"), condition=Q(state="ready"), name="sms_segment_ready"),
            models.Index(fields=("state", "due_at")),
            models.Index(fields=("message_id",)),
        )
        constraints = (models.UniqueConstraint(fields=("notice", "part"), name="sms_segment_once"),)

    @property
    def user_message_reference(self) -> int:
        """What the SMSC repeats in the receipt (5.3.2.17)."""
        return int(self.pk) & 0xFFFF


class Receipt(models.Model):
    """A delivery receipt that came before we knew its message's name; kept a few days."""

    message_id = models.CharField(max_length=64)
    number = models.CharField(max_length=20)
    user_message_reference = models.PositiveIntegerField(null=True, blank=True)
    arrived = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("message_id",)), models.Index(fields=("number",)))
