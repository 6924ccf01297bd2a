"""What is stored: requests, the facts of their timeline, who asked, the photos, places to meet."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from mitoyen.services.enums import Channel, FactKind, State, Way
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Place, Thing


class Request(models.Model):
    """What a person asked, on whatever channel. Who asked lies in `Contact`, so that it can be erased alone."""

    code = models.CharField(unique=True, max_length=9, help_text="Follow-up code, without dashes.")
    submission = models.UUIDField(unique=True, default=uuid.uuid4, help_text="The same one twice is one request.")
    service = models.CharField(max_length=60)
    version = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, choices=Channel)
    language = models.CharField(max_length=2, default="fr")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    answers = models.JSONField(default=dict, help_text="By question, as `answers.read` returns them.")
    category = models.CharField(max_length=60, default="", blank=True)
    commune = models.ForeignKey(Commune, null=True, blank=True, on_delete=models.PROTECT, related_name="requests")
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    thing = models.ForeignKey(Thing, null=True, blank=True, on_delete=models.SET_NULL, related_name="requests")
    team = models.CharField(max_length=60)
    joined_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="joined")
    received_at = models.DateTimeField()
    promised_for = models.DateField(help_text="The day by which an answer was promised.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="First answer of a human.")
    closed_at = models.DateTimeField(null=True, blank=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    taken_by = models.CharField(max_length=200, default="", blank=True, help_text="The agent who took it in, if any.")
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.REAL)
    source = models.CharField(max_length=200, default="", blank=True, help_text="`Source` that it was imported from.")
    source_key = models.CharField(max_length=200, default="", blank=True, help_text="Its identifier there.")
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-received_at", "-id")
        indexes = (
            models.Index(fields=("state", "commune", "promised_for")),
            models.Index(fields=("service", "received_at")),
            models.Index(fields=("longitude", "latitude")),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("source", "source_key"), condition=~Q(source_key=""), name="request_once_per_source"
            ),
        )

    def __str__(self) -> str:
        return self.code


class Contact(models.Model):
    """Who asked and how to reach them. Erased at its term; the request stays."""

    request = models.OneToOneField(Request, on_delete=models.CASCADE, related_name="contact")
    name = models.CharField(max_length=120, default="", blank=True)
    way = models.CharField(max_length=10, choices=Way)
    value = models.CharField(max_length=300, help_text="Number, address or postal address, as the way needs.")
    unreached_at = models.DateTimeField(null=True, blank=True, help_text="Since when messages to it fail.")

    class Meta:
        indexes = (
            models.Index("way", Lower("value"), name="contact_known"),
            models.Index(fields=("way", "value"), condition=Q(unreached_at__isnull=False), name="contact_unreached"),
        )


class Fact(models.Model):
    """One fact of a request's timeline. `words` are shown to whoever has the code, unless `between_agents`."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="facts")
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=FactKind)
    channel = models.CharField(max_length=10, choices=Channel, default="", blank=True)
    by = models.CharField(max_length=200, default="", blank=True, help_text="An agent; empty: the person, or Mitoyen.")
    words = models.TextField(default="", blank=True)
    between_agents = models.BooleanField(default=False)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ("at", "id")
        indexes = (models.Index(fields=("request", "at")),)


class Photo(models.Model):
    """A photo as kept: re-encoded, without place, date or any other metadata. Its file is named by its hash."""

    request = models.ForeignKey(Request, null=True, on_delete=models.CASCADE, related_name="photos")
    digest = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    added_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("request", "digest"), name="photo_once_per_request"),)


class Handler(models.Model):
    """How a team is reached in a commune (null: everywhere); an installation's own, since manifests name teams only."""

    service = models.CharField(max_length=60, default="", blank=True, help_text="Empty: every service.")
    team = models.CharField(max_length=60)
    commune = models.ForeignKey(Commune, null=True, blank=True, on_delete=models.CASCADE)
    email = models.EmailField(default="", blank=True)
    phone = models.CharField(max_length=20, default="", blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("service", "team", "commune"), name="handler_once_per_commune"),
            models.UniqueConstraint(
                fields=("service", "team"), condition=Q(commune__isnull=True), name="handler_once_everywhere"
            ),
        )


class Venue(models.Model):
    """A place where people are received for a service, on some hours of the week."""

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="venues")
    service = models.CharField(max_length=60)
    closed = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("place", "service"), name="venue_once_per_service"),)


class Opening(models.Model):
    """Hours of the week when a venue receives; times are local. `seats`: people at once, each for `minutes`."""

    WEEKDAYS: ClassVar = [(day, str(day)) for day in range(7)]

    venue = models.ForeignKey(Venue, on_delete=models.CASCADE, related_name="openings")
    weekday = models.PositiveSmallIntegerField(choices=WEEKDAYS, help_text="0 is Monday.")
    starts = models.TimeField()
    ends = models.TimeField()
    minutes = models.PositiveSmallIntegerField(default=30)
    seats = models.PositiveSmallIntegerField(default=1)


class Appointment(models.Model):
    """A seat kept for a request. `seat` counts from 0, so that two people can't take the same one."""

    request = models.OneToOneField(Request, on_delete=models.CASCADE, related_name="appointment")
    venue = models.ForeignKey(Venue, on_delete=models.PROTECT, related_name="appointments")
    starts = models.DateTimeField()
    seat = models.PositiveSmallIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("venue", "starts", "seat"), name="one_person_per_seat"),)


class Support(models.Model):
    """That someone supports an idea: once per `by`, a keyed hash of what the channel knows of them."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="supports")
    by = models.CharField(max_length=64)
    channel = models.CharField(max_length=10, choices=Channel)
    at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("request", "by"), name="support_once"),)


class Subscription(models.Model):
    """That someone wants to be told about a topic; ended by a STOP, a letter or a click."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="subscriptions")
    topic = models.CharField(max_length=60)
    commune = models.ForeignKey(Commune, null=True, on_delete=models.CASCADE)
    way = models.CharField(max_length=10, choices=Way)
    value = models.CharField(max_length=300)
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=("topic", "commune", "ended_at")),)
        constraints = (
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("since")), name="subscription_ends_after_it_starts"
            ),
        )


class Source(models.Model):
    """Where imported requests come from, as a mapping declares it: what a page must say beside them."""

    name = models.SlugField(unique=True, max_length=60)
    service = models.CharField(max_length=60)
    origin = models.CharField(max_length=10, choices=Origin)
    title = models.CharField(max_length=200)
    licence = models.CharField(max_length=100, default="", blank=True)
    page = models.URLField(default="", blank=True, help_text="Where its publisher describes it.")
    has_hours = models.BooleanField(default=False, help_text="False: it tells the day only; noon stands for it.")
    file = models.CharField(max_length=200, help_text="Name of the file imported last.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of that file.")
    imported_at = models.DateTimeField()


class Announcement(models.Model):
    """What those who asked to be told about a topic were told. `people`: how many numbers and addresses."""

    key = models.CharField(unique=True, max_length=64, help_text="Of the form that made it: sent twice, made once.")
    topic = models.CharField(max_length=60)
    communes = models.JSONField(default=list, help_text="INSEE codes.")
    short = models.CharField(max_length=480, help_text="By SMS.")
    words = models.TextField(help_text="By every other way.")
    by = models.CharField(max_length=200)
    at = models.DateTimeField()
    people = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-at", "-id")


class ParityMeasure(models.Model):
    """How each channel served, as measured on a day: what may be published, no person in it."""

    day = models.DateField(unique=True)
    content = models.JSONField()


class GivenUp(models.Model):
    """How many requests of a service were begun on a channel and never handed in, on a day."""

    service = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, choices=Channel)
    day = models.DateField(help_text="Of the last thing that the person did.")
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.REAL)
    count = models.IntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("service", "channel", "day", "origin"), name="given_up_once_a_day"),
        )


class Tries(models.Model):
    """How often someone tried something in an hour. `who` is a keyed hash that changes every day; kept two days."""

    what = models.CharField(max_length=20)
    who = models.CharField(max_length=64)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("what", "who", "hour"), name="tries_once_an_hour"),)
