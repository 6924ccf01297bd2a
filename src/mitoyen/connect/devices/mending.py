"""What to do about a row of a register that was refused, by the code of its refusal."""

from django.utils.translation import gettext as _


def todo(code: str) -> str:
    """A sentence for whoever holds the file; empty for a code that says enough."""
    words = {
        "no_address": _("Write the EUI that stands on the device: 16 figures and letters."),
        "no_model": _("Write the model as its maker names it."),
        "bad_key": _("Copy it again from the maker’s list, or leave the cell empty: the key can come later."),
        "twice_in_file": _("Keep one of the two lines."),
        "channel_nowhere": _("Say at which object, or leave the channel out."),
        "channel_measures_one": _("Write one line for each channel, with one measure."),
        "unit_alone": _("Leave it empty: the unit is the one confirmed for the model’s field."),
        "bad_unit": _("Write it as m3, L, kWh, Cel."),
        "bad_property": _("Use small letters, figures and _ only: temperature, water_volume."),
        "bad_date": _("Write it as 30/11/2026 or 2026-11-30."),
        "future": _("Write the day when it was put in place, or leave the cell empty."),
        "bad_factor": _("Write a number other than 0, as 0,1, or leave the cell empty."),
        "bad_offset": _("Write a number, as -0,5, or leave the cell empty."),
        "wrong_width": _("Look for a separator or a line break within a cell of this line."),
    }
    return words.get(code, "")
