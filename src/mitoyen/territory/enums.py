"""Roles, origins and kinds of thing that the core itself must know."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RoleName(TextChoices):
    READER = "reader", _("reader")
    ENERGY_OFFICER = "energy_officer", _("energy officer")
    COUNTER_CLERK = "counter_clerk", _("counter clerk")
    OPERATOR = "operator", _("operator")
    MODERATOR = "moderator", _("moderator")
    CONTRACTOR = "contractor", _("contractor")
    PARTNER = "partner", _("partner")
    EVALUATOR = "evaluator", _("evaluator")
    DATA_PROTECTION_OFFICER = "data_protection_officer", _("data protection officer")
    ADMINISTRATOR = "administrator", _("administrator")


class Origin(TextChoices):
    """Where a thing's readings come from; every page that shows generated ones says so."""

    REAL = "real", _("real readings")
    GENERATED = "generated", _("generated readings")
    SAMPLE = "sample", _("real readings from elsewhere")
