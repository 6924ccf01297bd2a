"""What is stored: codecs, device models and their fields, registrations, health, gateways, unreadable messages."""

from django.db import models

from mitoyen.connect.devices.enums import FieldRole, QuarantineState
from mitoyen.history.enums import Kind
from mitoyen.territory.models import Device, Thing


class Codec(models.Model):
    """A script that turns a payload into fields; known by its hash, so that a mended one is another one."""

    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64, unique=True, help_text="Of the script, in hexadecimal.")
    script = models.TextField()
    source = models.CharField(max_length=300, default="", blank=True, help_text="Where it was taken from; licence.")
    kept_by = models.CharField(max_length=200, default="")
    kept_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class DeviceModel(models.Model):
    """A make of device. Without codec, its messages carry their fields by themselves."""

    slug = models.SlugField(unique=True, max_length=120)
    maker = models.CharField(max_length=120, default="", blank=True)
    name = models.CharField(max_length=160)
    codec = models.ForeignKey(Codec, null=True, blank=True, on_delete=models.PROTECT, related_name="models")
    expected_interval_s = models.PositiveIntegerField(null=True, blank=True, help_text="As its maker or setting says.")
    empty_volts = models.FloatField(null=True, blank=True, help_text="Where its battery no longer serves, if known.")

    def __str__(self) -> str:
        return f"{self.maker} {self.name}".strip()


class Field(models.Model):
    """What one decoded field of a model means; proposed, then confirmed by a person; shared by all its devices."""

    model = models.ForeignKey(DeviceModel, on_delete=models.CASCADE, related_name="fields")
    path = models.CharField(max_length=120, help_text="In the decoded data, dotted: temperature, modules.0.level.")
    role = models.CharField(max_length=16, choices=FieldRole, default=FieldRole.OBSERVATION)
    observed_property = models.CharField(max_length=60, default="", blank=True)
    unit = models.CharField(max_length=24, default="", blank=True, help_text="UCUM code of the field as decoded.")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.GAUGE)
    factor = models.FloatField(default=1.0, help_text="Reading in `unit` = field x factor + offset.")
    offset = models.FloatField(default=0.0)
    why = models.JSONField(default=list, help_text="Of a proposal: [word of WHY, what it speaks of].")
    examples = models.JSONField(default=list, help_text="Values that were seen, when it was proposed.")
    confirmed_by = models.CharField(max_length=200, default="", blank=True, help_text="Empty: only proposed, unused.")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("model", "path")
        constraints = (models.UniqueConstraint(fields=("model", "path"), name="field_once"),)


class RegisterImport(models.Model):
    """A file of devices that was taken in; `rows` says what became of each, so that it can be undone.

    One that was sent at the desk waits for a yes as long as `path` is not empty: nothing of it is in the register.
    """

    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    by = models.CharField(max_length=200)
    at = models.DateTimeField(auto_now_add=True)
    rows = models.JSONField(default=list)
    report = models.JSONField(default=dict, help_text="The counts and columns of its rows.")
    path = models.CharField(max_length=100, default="", blank=True, help_text="Encrypted, in the staging folder.")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=200, default="", blank=True)


class Registration(models.Model):
    """How a device is recognised in what it sends. `address`: its EUI in lower-case hexadecimal, or its own name."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="registration")
    address = models.CharField(max_length=120, unique=True)
    model = models.ForeignKey(DeviceModel, on_delete=models.PROTECT, related_name="registrations")
    application_key = models.BinaryField(default=b"", help_text="Encrypted; can be written, never read back.")
    thing = models.ForeignKey(
        Thing, null=True, blank=True, on_delete=models.SET_NULL, related_name="registrations",
        help_text="Where it stands, when it serves there every confirmed field of its model.",
    )  # fmt: skip
    starts = models.DateTimeField(null=True, blank=True, help_text="Since when it stands there.")
    factor = models.FloatField(default=1.0, help_text="Of the deployments that fields confirmed later open.")
    offset = models.FloatField(default=0.0)
    brought_by = models.ForeignKey(RegisterImport, null=True, on_delete=models.SET_NULL, related_name="registrations")
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.address


class Health(models.Model):
    """How a device is: written behind what comes in, a few times a minute at most."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="health")
    last_seen = models.DateTimeField(help_text="Receipt of its latest frame.")
    last_counter = models.BigIntegerField(null=True)
    frames = models.BigIntegerField(default=0)
    missed = models.BigIntegerField(default=0, help_text="Gaps in its frame counter.")
    usual_interval_s = models.FloatField(null=True, help_text="Learnt from the last gaps between frames.")
    spread_s = models.FloatField(default=0.0, help_text="How far its gaps usually are from that.")
    loss = models.FloatField(default=0.02, help_text="Share of its frames that get lost, of late.")
    gaps = models.JSONField(default=list, help_text="The last gaps between frames, in seconds, lost ones counted in.")
    pauses = models.JSONField(default=list, help_text="[day, minute of the day in UTC, seconds] of its long pauses.")
    pause_minute = models.PositiveSmallIntegerField(null=True, help_text="When its usual daily pause begins, UTC.")
    pause_s = models.FloatField(null=True, help_text="How long that pause lasts at most.")
    battery_percent = models.FloatField(null=True)
    battery_volts = models.FloatField(null=True)
    battery_trail = models.JSONField(default=list, help_text="[day, value] of each day's battery, for its end date.")
    battery_ends = models.DateField(null=True, help_text="Empty when nobody can say.")
    battery_ends_from = models.DateField(null=True)
    battery_ends_to = models.DateField(null=True)
    rssi = models.FloatField(null=True, help_text="dBm, of the gateway that hears it best.")
    snr = models.FloatField(null=True, help_text="dB.")
    gateway = models.CharField(max_length=40, default="", blank=True, help_text="The one that hears it best.")
    clock_drift_s = models.FloatField(null=True, help_text="Its own time less the receipt's.")
    silent_since = models.DateTimeField(null=True, help_text="Its last frame, once the next ones did not come.")
    silent_sure = models.BooleanField(default=False, help_text="Lost frames alone no longer explain it.")
    silent_with = models.CharField(max_length=40, default="", blank=True, help_text="Gateway, or * for everything.")
    generated = models.BooleanField(default=False, help_text="Made up for a demonstration.")


class Gateway(models.Model):
    """A radio gateway, learnt from what it passes on. The one of address "*" stands for all that comes in."""

    address = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120, default="", blank=True)
    longitude = models.FloatField(null=True)
    latitude = models.FloatField(null=True)
    last_seen = models.DateTimeField()
    usual_interval_s = models.FloatField(null=True)
    silent_since = models.DateTimeField(null=True)
    devices_silent = models.PositiveIntegerField(default=0, help_text="That fell silent with it.")
    was_silent_since = models.DateTimeField(null=True, help_text="Its last silence, over since `back_at`.")
    back_at = models.DateTimeField(null=True)


class Quarantined(models.Model):
    """A message that couldn't be read: kept for a set time, so that it can be once the reason is mended."""

    door = models.CharField(max_length=40, help_text="mqtt, webhook, import.")
    format = models.CharField(max_length=40, default="", blank=True)
    source = models.CharField(max_length=300, default="", blank=True, help_text="Topic, key's name, file and line.")
    reason = models.CharField(max_length=40)
    detail = models.TextField(default="", blank=True)
    content = models.BinaryField(help_text="Its first 64 KiB.")
    sha256 = models.CharField(max_length=64, help_text="Of the whole message.")
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=12, choices=QuarantineState, default=QuarantineState.WAITING)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("sha256", "reason"), name="quarantined_once"),)
        indexes = (models.Index(fields=("state", "-last_at")),)
