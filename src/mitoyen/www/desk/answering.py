"""What a file leaves open, as a form in plain words; the replies are kept with the upload.

A question of the reader has a code and its possible replies; the words for them stand here, since a clerk is asked
otherwise than a script.
"""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.connect.models import Upload
from mitoyen.connect.series import KNOWN_PROPERTIES
from mitoyen.territory.models import Commune, Person, Thing
from mitoyen.territory.register import slug_from
from mitoyen.www.desk import scope
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.words import property_word
from mitoyen.www.portal.search import folded

NEW, OUTSIDE = "+", "*"
IGNORED, METERS, CHOSEN = "", "meters", "chosen"
WORDS = {
    "kind": {
        "delta": gettext_lazy("an amount over each interval (what was used in the hour, the day…)"),
        "counter": gettext_lazy("an index that only rises (what the meter shows)"),
        "power": gettext_lazy("a mean power over each interval (W, kW)"),
        "gauge": gettext_lazy("a value at a moment (a temperature…)"),
    },
    "tz": {
        "UTC": gettext_lazy("universal time (UTC): no change of hour in March and October"),
        "Europe/Paris": gettext_lazy("legal time in France, with summer time"),
    },
    "stamps": {
        "start": gettext_lazy("the start of its interval: 10:00 stands for 10:00 to 11:00"),
        "end": gettext_lazy("the end of its interval: 10:00 stands for 9:00 to 10:00"),
    },
    "dates": {
        "dmy": gettext_lazy("the day first: 03/04 is 3 April"),
        "mdy": gettext_lazy("the month first: 03/04 is 4 March"),
    },
    "decimal": {
        ",": gettext_lazy("the comma is the decimal mark"),
        ".": gettext_lazy("the point is the decimal mark"),
    },
}


class AnswerForm(DeskForm):
    """One field for each open question; `answers()` gives the replies to be kept."""

    def __init__(self, data: Any, *, upload: Upload, person: Person, likely: dict[str, Any]) -> None:
        super().__init__(data)
        self.upload = upload
        self.questions: list[dict[str, Any]] = upload.report.get("questions", [])
        for question in self.questions:
            code = question["code"]
            if code == "thing":
                self._ask_thing(person)
            elif code == "columns":
                self._ask_columns(question)
            else:
                self.fields[code] = _field(question, likely.get(code))

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        if said.get("thing") == NEW and not said.get("new_thing"):
            self.add_error("new_thing", _("Name the building or the meter."))
        elif said.get("thing") == NEW and Thing.objects.filter(slug=slug_from(said["new_thing"])).exists():
            self.add_error("new_thing", _("A building or a meter has this name already: choose it in the list."))
        if said.get("thing") == NEW and not said.get("commune"):
            self.add_error("commune", _("Say in which commune it stands."))
        if said.get("columns") == CHOSEN and not any(said.get(name) for name in self.column_fields()):
            self.add_error("columns", _("Say of at least one column what it measures."))
        return said

    def answers(self) -> dict[str, Any]:
        """Replies by question code; columns as a mapping; a new thing by its name turned into an identifier."""
        said = dict(self.cleaned_data)
        kept: dict[str, Any] = {}
        for question in self.questions:
            code = question["code"]
            if code == "thing":
                chosen = said["thing"]
                kept["thing"] = slug_from(said["new_thing"]) if chosen == NEW else chosen
                kept["new_name"] = said["new_thing"] if chosen == NEW else ""
            elif code == "columns" and said["columns"] == CHOSEN:
                kept["mapping"] = {"columns": self._columns(said)}
            else:
                kept[code] = said[code]
        return kept

    def commune(self) -> str:
        """INSEE code that the replies name: of the building chosen, or of the new one; "" outside the territory."""
        if self.cleaned_data.get("thing") == NEW:
            place = str(self.cleaned_data["commune"])
            return "" if place == OUTSIDE else place
        thing = Thing.objects.filter(slug=self.cleaned_data.get("thing", "")).select_related("part_of").first()
        if thing is None:
            return self.upload.commune
        return thing.commune_id or (thing.part_of.commune_id if thing.part_of else None) or ""

    def column_fields(self) -> list[str]:
        return [name for name in self.fields if name.startswith("column-")]

    def _columns(self, said: dict[str, Any]) -> dict[str, dict[str, str]]:
        """Role and property of each column, by its header."""
        found = {}
        for name in self.column_fields():
            header = str(self.fields[name].label)
            found[header] = {"role": "value", "property": said[name]} if said[name] else {"role": "ignore"}
        return found

    def _ask_thing(self, person: Person) -> None:
        held = scope.managed(person)
        places = [(c.insee, c.name) for c in scope.communes(held)]
        if held.whole:
            places.append((OUTSIDE, _("outside the territory: never counted in its totals")))
        self.fields["thing"] = forms.ChoiceField(
            label=_("Whose readings are they?"),
            choices=[("", _("Choose…")), (NEW, _("a new building or meter")), *things_of(person)],
        )
        self.fields["new_thing"] = forms.CharField(
            label=_("Name of the new building or meter"), required=False, max_length=100
        )
        self.fields["commune"] = forms.ChoiceField(
            label=_("Commune of the new building"),
            required=False,
            choices=[("", _("Choose…")), *places],
            initial=self.upload.commune,
        )

    def _ask_columns(self, question: dict[str, Any]) -> None:
        self.fields["columns"] = forms.ChoiceField(
            label=_("Several columns hold numbers. What are they?"),
            widget=forms.RadioSelect,
            choices=[
                (CHOSEN, _("I say of each column what it measures")),
                (METERS, _("each column is a meter of its own")),
            ],
            initial=CHOSEN,
        )
        measures = [(IGNORED, _("not a reading: leave it out")), *((p, property_word(p)) for p in KNOWN_PROPERTIES)]
        for number, header in enumerate(choice for choice in question["choices"] if choice != METERS):
            self.fields[f"column-{number}"] = forms.ChoiceField(label=header, required=False, choices=measures)


class OtherwiseForm(DeskForm):
    """For a file that was misread: what is said here takes precedence over what the file seems to say."""

    property = forms.ChoiceField(label=gettext_lazy("What the readings measure"), required=False)
    unit = forms.CharField(label=gettext_lazy("Unit"), required=False, max_length=24)
    kind = forms.ChoiceField(label=gettext_lazy("What a value is"), required=False)
    tz = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)
    stamps = forms.ChoiceField(label=gettext_lazy("A time names"), required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        as_read = ("", _("as the file was read"))
        for code in ("kind", "tz", "stamps"):
            self._choices(code, [as_read, *((value, str(words)) for value, words in WORDS[code].items())])
        self._choices("property", [as_read, *((name, property_word(name)) for name in KNOWN_PROPERTIES)])

    def _choices(self, code: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[code]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def answers(self) -> dict[str, str]:
        """What was said, by question code."""
        return {code: said for code, said in self.cleaned_data.items() if said}


def things_of(person: Person) -> list[tuple[str, Any]]:
    """Buildings, meters and stations that the person imports for, grouped by commune."""
    held = scope.managed(person)
    rows = Thing.objects.select_related("commune", "part_of__commune")
    groups: dict[str, list[tuple[str, str]]] = {}
    for thing in rows.defer("commune__geometry", "part_of__commune__geometry").order_by("commune__name", "name"):
        commune: Commune | None = scope.commune_of(thing)
        if not held.covers(commune):
            continue
        # A building, then its meters: Town hall; Town hall, Gas.
        own = thing.name.removesuffix(thing.part_of.name).rstrip(", ") if thing.part_of else ""
        name = f"{thing.part_of.name}, {own}" if thing.part_of else thing.name
        groups.setdefault(commune.name if commune else _("outside the territory"), []).append((thing.slug, name))
    return [(place, sorted(things, key=lambda one: folded(one[1]))) for place, things in groups.items()]


def _field(question: dict[str, Any], likely: Any) -> forms.Field:
    """A choice in words, or a free text; the reader's own guess or the last file's reply is proposed, not taken."""
    code, words = question["code"], WORDS.get(question["code"], {})
    initial = likely or question["default"]
    label, hint = question["text"], question["evidence"]
    if code == "property":
        choices = [(p, property_word(p)) for p in question["choices"]]
        return forms.ChoiceField(label=label, help_text=hint, initial=initial, choices=[("", _("Choose…")), *choices])
    if question["choices"]:
        choices = [(c, str(words.get(c, c))) for c in question["choices"]]
        return forms.ChoiceField(
            label=label, help_text=hint, initial=initial, choices=choices, widget=forms.RadioSelect
        )
    if code == "unit":
        hint = f"{hint} " + _("For example: kWh, W, m3, °C.")
    if code == "missing":
        hint = f"{hint} " + _(
            "Keep what stands for “no value”, parted by commas; write “aucune” if they are real values."
        )
    return forms.CharField(label=label, help_text=hint, initial=initial, max_length=200)
