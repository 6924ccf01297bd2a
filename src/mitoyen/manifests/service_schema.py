"""What a service declares: the public schema of its `manifest.toml` (docs/services.md explains each key).

A package that only uses this schema and the `mitoyen.services` entry point may carry any licence.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from mitoyen.manifests.schema import Slug, Version

QuestionType = Literal[
    "text", "words", "choice", "choices", "yes_no", "number", "date", "rating", "place", "photo", "venue", "code"
]
Basis = Literal["consent", "contract", "legal_obligation", "vital_interests", "public_task"]
Kept = Literal["contact", "answers", "photos"]
Insee = Annotated[str, Meta(pattern=r"^[0-9][0-9AB][0-9]{3}$")]


class Question(Struct, forbid_unknown_fields=True):
    """One question. `choices` for the types choice and choices; `things` names the kinds of thing that a place may
    point at; `personal` answers are erased with the contact; `routes` marks the choice that finds the handler."""

    name: Slug
    type: QuestionType
    required: bool = False
    choices: list[Slug] = []
    things: list[Slug] = []
    personal: bool = False
    routes: bool = False
    longest: Annotated[int, Meta(ge=1, le=4000)] = 1000
    least: float | None = None
    most: float | None = None


class Team(Struct, forbid_unknown_fields=True):
    """Who handles: the categories (values of the routing choice) and communes it serves; empty lists mean all."""

    name: Slug
    categories: list[Slug] = []
    communes: list[Insee] = []


class Data(Struct, forbid_unknown_fields=True):
    """What is kept, on which legal basis (GDPR article 6), for how many months after the request ended."""

    what: Kept
    basis: Basis
    months: Annotated[int, Meta(ge=1, le=120)]


class EasyToRead(Struct, forbid_unknown_fields=True):
    """Who read the easy-to-read texts and on which day (a panel of readers concerned, never their author)."""

    readers: Annotated[str, Meta(min_length=3)]
    on: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class ServiceManifest(Struct, forbid_unknown_fields=True):
    """A whole service. `core_from` (included) to `core_below` (excluded): versions of Mitoyen it fits."""

    name: Slug
    version: Version
    licence: str
    core_from: Version
    core_below: Version
    answer_days: Annotated[int, Meta(ge=1, le=365)]
    questions: Annotated[list[Question], Meta(min_length=1)]
    teams: Annotated[list[Team], Meta(min_length=1)]
    data: Annotated[list[Data], Meta(min_length=1)]
    contact: Literal["none", "optional", "required"] = "optional"
    public: list[Slug] = []
    supported: bool = False
    told_about: list[Slug] = []
    easy_to_read: EasyToRead | None = None

    def question(self, name: str) -> Question:
        """Raises KeyError when no question has this name."""
        for question in self.questions:
            if question.name == name:
                return question
        raise KeyError(name)

    @property
    def category(self) -> Question | None:
        """The choice that finds the handler, when there is one."""
        return next((question for question in self.questions if question.routes), None)
