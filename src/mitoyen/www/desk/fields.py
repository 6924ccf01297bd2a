"""Fields as people fill them in: days, numbers with a decimal comma, and forms that keep what was typed."""

import re
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

FIRST_YEAR, LAST_YEAR = 1990, 2099


class DeskForm(forms.Form):
    """Errors are said in words by the page itself, beside the field and on top: no browser bubbles."""

    use_required_attribute = False


class Day(forms.DateField):
    """A calendar day: the browser's date picker, or typed as 2019-01-18 or 18/01/2019."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("error_messages", {}).setdefault(
            "invalid", _("Write the day as day/month/year, for example 18/01/2019.")
        )
        super().__init__(
            input_formats=["%Y-%m-%d", "%d/%m/%Y", "%d/%m/%y"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            **options,
        )

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise forms.ValidationError(_("The year must lie between %(first)d and %(last)d."), params=_years())
        return day


class Moment(forms.DateTimeField):
    """A local time (Europe/Paris), to the minute."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("error_messages", {}).setdefault(
            "invalid", _("Write the day and the time, for example 18/01/2019 14:30.")
        )
        super().__init__(
            input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M"],
            widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
            **options,
        )

    def clean(self, value: Any) -> datetime | None:
        moment: datetime | None = super().clean(value)
        if moment is not None and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise forms.ValidationError(_("The year must lie between %(first)d and %(last)d."), params=_years())
        return moment


class Number(forms.FloatField):
    """A number as people write it: decimal comma or point, spaces between thousands."""

    widget = forms.TextInput

    def __init__(self, **options: Any) -> None:
        options.setdefault("error_messages", {}).setdefault("invalid", _("Write a number, for example 1250,5."))
        super().__init__(**options)
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str):
            value = re.sub(r"\s", "", value).replace(",", ".")
        return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:.10g}".replace(".", ",") if isinstance(value, float | int) else value


class Reason(forms.CharField):
    """Why, in a sentence: it is kept in the audit trail."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 500)
        options.setdefault("min_length", 3)
        super().__init__(widget=forms.Textarea(attrs={"rows": 2}), **options)


def _years() -> dict[str, int]:
    return {"first": FIRST_YEAR, "last": LAST_YEAR}
