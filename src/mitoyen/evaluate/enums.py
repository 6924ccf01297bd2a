"""Verdicts, measures and the reasons for which a saving is not proven."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Verdict(TextChoices):
    PROVEN = "proven", _("proven saving")
    INCREASE = "increase", _("increase")
    NOT_SIGNIFICANT = "not_significant", _("no clear difference")
    NOT_PROVEN = "not_proven", _("not proven")


class Measure(TextChoices):
    """What a Figure states: the unit goes with it."""

    ENERGY_SAVED = "energy_saved", _("energy saved")
    WATER_SAVED = "water_saved", _("water saved")
    COST_SAVED = "cost_saved", _("money saved")
    CARBON_SAVED = "carbon_saved", _("greenhouse gases avoided")


class SubjectKind(TextChoices):
    DATASTREAM = "datastream", _("meter")
    BUILDING = "building", _("building")
    COMMUNE = "commune", _("commune")
    TERRITORY = "territory", _("territory")


class ReasonCode(TextChoices):
    """Documented list (docs/method.md): why a guard fails."""

    UNIT_BREAK = "unit_break", _("change of unit")
    METER_SWAP = "meter_swap", _("meter swapped")
    ZEROS_FOR_MISSING = "zeros_for_missing", _("zeros written for missing readings")
    CLIPPED = "clipped", _("readings clipped at a ceiling")
    LOW_COVERAGE = "low_coverage", _("too few readings")
    WEAK_MODEL = "weak_model", _("the past does not explain this meter well enough")
    CHANGE_OF_USE = "change_of_use", _("change of use")
    NO_WEATHER = "no_weather", _("no outdoor temperature")
    OTHER_UNIT = "other_unit", _("counts in another unit than the total")
