"""What is stored: communes, places, things, deployments, partners, people and their roles."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from mitoyen.territory.enums import Origin, RoleName


class Commune(models.Model):
    insee = models.CharField(primary_key=True, max_length=5)
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True, max_length=80)
    population = models.PositiveIntegerField(default=0)
    longitude = models.FloatField(help_text="Centre point, degrees east (WGS 84).")
    latitude = models.FloatField(help_text="Centre point, degrees north (WGS 84).")
    tile_column = models.PositiveSmallIntegerField(default=0)
    tile_row = models.PositiveSmallIntegerField(default=0)
    postcodes = models.JSONField(default=list)
    former_codes = models.JSONField(default=list, help_text="INSEE codes merged into this one.")
    geometry = models.JSONField(null=True, help_text="GeoJSON (Multi)Polygon, WGS 84.")
    geometry_source = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        # By slug: accents sort where French expects them on every database.
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class Place(models.Model):
    commune = models.ForeignKey(Commune, on_delete=models.PROTECT, related_name="places")
    slug = models.SlugField(unique=True, max_length=120)
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=240, default="", blank=True)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)

    def __str__(self) -> str:
        return self.name


class Street(models.Model):
    """A street or a hamlet of the national address base, in one commune. The same name elsewhere is another one."""

    commune = models.ForeignKey(Commune, on_delete=models.CASCADE, related_name="streets")
    name = models.CharField(max_length=160)
    key = models.CharField(max_length=160, help_text="The name in lower case, without accents and short words.")
    postcode = models.CharField(max_length=5, default="", blank=True)
    longitude = models.FloatField()
    latitude = models.FloatField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("commune", "key"), name="street_once_per_commune"),)

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """A number in a street: "12", "12 bis"."""

    street = models.ForeignKey(Street, on_delete=models.CASCADE, related_name="addresses")
    number = models.CharField(max_length=16)
    longitude = models.FloatField()
    latitude = models.FloatField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("street", "number"), name="number_once_per_street"),)


class Partner(models.Model):
    slug = models.SlugField(unique=True, max_length=80)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40, default="", blank=True)
    website = models.URLField(default="", blank=True)

    def __str__(self) -> str:
        return self.name


class Agreement(models.Model):
    """What was agreed with a partner: purpose, data, term."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="agreements")
    purpose = models.TextField()
    data = models.TextField(default="", blank=True)
    starts = models.DateField()
    ends = models.DateField(null=True)


class Thing(models.Model):
    """What exists and can be pointed at. `commune` is null for what lies outside the territory:
    such a thing is never counted in the territory's totals."""

    slug = models.SlugField(unique=True, max_length=120)
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=60, help_text="As declared by a usage: building, meter, weather_station…")
    commune = models.ForeignKey(Commune, null=True, blank=True, on_delete=models.PROTECT, related_name="things")
    place = models.ForeignKey(Place, null=True, blank=True, on_delete=models.SET_NULL, related_name="things")
    part_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    attributes = models.JSONField(default=dict, help_text="As declared by the usage, e.g. floor_area_m2, users.")
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.REAL)
    source = models.CharField(max_length=200, default="", blank=True, help_text="File or register it came from.")
    source_key = models.CharField(max_length=200, default="", blank=True, help_text="Its identifier there.")

    class Meta:
        ordering = ("slug",)
        indexes = (
            models.Index(fields=("kind", "commune")),
            models.Index(fields=("source_key",), name="thing_by_key"),
            models.Index(fields=("name",), name="thing_by_name"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("source", "source_key"), condition=~Q(source_key=""), name="thing_once_per_source"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Device(models.Model):
    serial = models.CharField(unique=True, max_length=120)
    model = models.CharField(max_length=120, default="", blank=True)

    def __str__(self) -> str:
        return self.serial


class Deployment(models.Model):
    """That a device serves one property of one thing from `starts` until `ends`.

    True value = reading x factor + offset. A swap closes one deployment and opens the next. A device whose channels
    serve several things has a deployment a channel.
    """

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="deployments")
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="deployments")
    observed_property = models.CharField(max_length=60)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True, blank=True)
    factor = models.FloatField(default=1.0)
    offset = models.FloatField(default=0.0)
    channel = models.CharField(
        max_length=120, default="", blank=True,
        help_text="Path of the one field that serves it; empty: whichever field of its model observes the property.",
    )  # fmt: skip
    unit = models.CharField(
        max_length=24, default="", blank=True,
        help_text="Of the true value (UCUM), where the channel counts something else than its model's field says.",
    )  # fmt: skip
    first_index = models.FloatField(null=True, blank=True, help_text="Index at the start, for counters.")
    last_index = models.FloatField(null=True, blank=True, help_text="Index at the end, for counters.")

    class Meta:
        ordering = ("thing", "observed_property", "starts")
        constraints = (
            models.UniqueConstraint(
                fields=("thing", "observed_property"), condition=Q(ends__isnull=True), name="one_open_deployment"
            ),
        )


class PersonManager(BaseUserManager["Person"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "Person":
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser):
    """Someone with an account: an agent, never an inhabitant by default."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, default="", blank=True)
    is_active = models.BooleanField(default=True)
    has_one_time_password = models.BooleanField(default=False, help_text="To be changed before anything else.")
    joined_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.name or self.email


class Role(models.Model):
    """What a person may do, in one commune or (commune null) on the whole territory."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    name = models.CharField(max_length=30, choices=RoleName)
    commune = models.ForeignKey(Commune, null=True, blank=True, on_delete=models.CASCADE)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("person", "name", "commune"), name="role_once"),
            models.UniqueConstraint(
                fields=("person", "name"), condition=Q(commune__isnull=True), name="whole_role_once"
            ),
        )
