"""The forms about one device: its replacement, taken back, its factor."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.www.desk.fields import Day, DeskForm, Moment, Number, Reason


class ReplaceForm(DeskForm):
    """What a technician writes down; indexes are asked for each index that the device serves."""

    at = Moment(label=gettext_lazy("Moment of the replacement"), help_text=gettext_lazy("Time in France."))
    address = forms.CharField(
        label=gettext_lazy("Address of the new device"), max_length=120,
        help_text=gettext_lazy("16 figures and letters, written on the device."),
    )  # fmt: skip
    serial = forms.CharField(label=gettext_lazy("Serial number of the new device"), max_length=120, required=False)

    def __init__(self, *arguments: Any, counters: list[str], **options: Any) -> None:
        super().__init__(*arguments, **options)
        for name in counters:
            last = _("Last index of the old device: %(name)s") % {"name": name}
            first = _("First index of the new device: %(name)s") % {"name": name}
            self.fields[f"last_{name}"] = Number(label=last, required=False, min_value=0)
            self.fields[f"first_{name}"] = Number(label=first, required=False, min_value=0)

    def indexes(self, which: str) -> dict[str, float | None]:
        start = f"{which}_"
        return {name.removeprefix(start): value for name, value in self.cleaned_data.items() if name.startswith(start)}


class BackForm(DeskForm):
    """Why a replacement is taken back."""

    why = Reason(label=gettext_lazy("Why do you take this replacement back?"))


class FactorForm(DeskForm):
    """The right factor, where and when it holds. It is shown before anything is written."""

    times = Number(
        label=gettext_lazy("Multiply the factor by"), required=False,
        help_text=gettext_lazy("An energy a hundred times too high: 0,01."),
    )  # fmt: skip
    factor = Number(label=gettext_lazy("Or set the factor to"), required=False)
    observed_property = forms.CharField(
        label=gettext_lazy("Only this measure"), max_length=181, required=False,
        help_text=gettext_lazy("Left empty: all that it measures. As in the table of the device, or object/measure."),
    )  # fmt: skip
    first = Day(label=gettext_lazy("From this day on"), required=False)
    last = Day(label=gettext_lazy("Until this day"), required=False)
    why = Reason(label=gettext_lazy("Why?"))
