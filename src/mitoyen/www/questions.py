"""A service's questions as fields of a page, the same for the inhabitant's form and for the counter."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mitoyen.manifests.load import Service
from mitoyen.manifests.service_schema import Question
from mitoyen.services.answers import Raw
from mitoyen.services.wording import language

INPUT_TYPES = {"number": "text", "date": "date", "code": "text", "text": "text"}


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One question as it is shown: its texts, what was typed, what is wrong."""

    question: Question
    label: str
    help: str = ""
    why: str = ""
    easy: str = ""
    value: str = ""
    error: str = ""
    options: tuple[Option, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.question.name

    @property
    def input_type(self) -> str:
        """The browser's own kind of one-line field."""
        return INPUT_TYPES.get(self.question.type, "text")

    @property
    def described_by(self) -> str:
        """Ids of what a screen reader says after the label."""
        told = [f"q-{self.name}-{part}" for part in ("help", "why", "error") if getattr(self, part)]
        return " ".join(told)


def fields(service: Service, raw: Raw, faults: Mapping[str, str]) -> list[Field]:
    """Every question in the manifest's order."""
    return [_field(service, question, raw, faults.get(question.name, "")) for question in service.manifest.questions]


def _field(service: Service, question: Question, raw: Raw, error: str) -> Field:
    spoken = language()
    told = service.texts.get(spoken, {})
    typed = raw.get(question.name, "")
    values = [typed] if isinstance(typed, str) else typed
    easy = told.get(f"easy.{question.name}", "") if service.manifest.easy_to_read else ""
    return Field(
        question=question,
        label=service.text(f"questions.{question.name}.label", spoken),
        help=told.get(f"questions.{question.name}.help", ""),
        why=told.get(f"questions.{question.name}.why", ""),
        easy=easy,
        value=values[0] if values else "",
        error=error,
        options=tuple(_options(service, question, values, spoken)),
    )


def _options(service: Service, question: Question, values: list[str], spoken: str) -> list[Option]:
    if question.type == "rating":
        return [Option(str(mark), str(mark), str(mark) in values) for mark in range(1, 6)]
    return [
        Option(choice, service.text(f"choices.{question.name}.{choice}", spoken), choice in values)
        for choice in question.choices
    ]
