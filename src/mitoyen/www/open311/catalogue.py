"""The services: one for each category of a service that has categories and a place."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Service
from mitoyen.manifests.registry import services
from mitoyen.manifests.service_schema import Question, QuestionType
from mitoyen.services.wording import language
from mitoyen.www.open311.answers import Content, Fault, endpoint

DATATYPES: dict[QuestionType, str] = {
    "text": "string",
    "words": "text",
    "choice": "singlevaluelist",
    "choices": "multivaluelist",
    "yes_no": "singlevaluelist",
    "rating": "singlevaluelist",
    "number": "number",
    "date": "datetime",
    "code": "string",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One service_code: a service of ours and one of its categories."""

    service: Service
    category: Question
    choice: str

    @property
    def code(self) -> str:
        return code_of(self.service.manifest.name, self.choice)

    @property
    def name(self) -> str:
        """The category in words."""
        return self.service.text(f"choices.{self.category.name}.{self.choice}", language())

    @property
    def place(self) -> Question:
        return next(question for question in self.service.manifest.questions if question.type == "place")

    @property
    def words(self) -> Question | None:
        """The question that `description` answers."""
        return next((question for question in self.service.manifest.questions if question.type == "words"), None)

    @property
    def attributes(self) -> list[Question]:
        """What is asked beyond what the standard carries by itself."""
        apart = (self.category, self.words)
        return [one for one in self.service.manifest.questions if one not in apart and one.type in DATATYPES]


def code_of(service: str, category: str) -> str:
    """`report_problem-lighting`."""
    return f"{service}-{category}"


def offers() -> Iterator[Offer]:
    """Every service_code that this installation takes."""
    for service in services.installed().values():
        category = service.manifest.category
        types = {question.type for question in service.manifest.questions}
        seats = any(question.type == "venue" and question.required for question in service.manifest.questions)
        if category is not None and "place" in types and not seats:
            yield from (Offer(service, category, choice) for choice in category.choices)


def offer(code: str) -> Offer:
    """Raises Fault when there is none of this code."""
    found = next((one for one in offers() if one.code == code), None)
    if found is None:
        raise Fault(404, _("service_code “%(code)s” was not found.") % {"code": code[:100]})
    return found


@endpoint("GET", "HEAD")
def listed(_request: HttpRequest) -> tuple[str, Content]:
    """GET Service List."""
    return "services", [_listed(one) for one in offers()]


@endpoint("GET", "HEAD")
def definition(_request: HttpRequest, code: str) -> tuple[str, Content]:
    """GET Service Definition."""
    found = offer(code)
    asked = [_attribute(found.service, one, order) for order, one in enumerate(found.attributes, 1)]
    return "service_definition", {"service_code": found.code, "attributes": asked}


def _listed(one: Offer) -> Content:
    title = one.service.text("service.title", language())
    return {
        "service_code": one.code,
        "service_name": one.name,
        "description": one.service.text("service.summary", language()),
        "metadata": bool(one.attributes),
        # A token: what nobody has read yet has no public number.
        "type": "batch",
        "keywords": f"{one.name}, {title}",
        "group": title,
    }


def _attribute(service: Service, question: Question, order: int) -> Content:
    spoken = service.texts.get(language(), service.texts["fr"])
    return {
        "variable": True,
        "code": question.name,
        "datatype": DATATYPES[question.type],
        "required": question.required,
        "datatype_description": spoken.get(f"questions.{question.name}.help") or None,
        "order": order,
        "description": service.text(f"questions.{question.name}.label", language()),
        "values": [{"key": key, "name": name} for key, name in _values(service, question)],
    }


def _values(service: Service, question: Question) -> list[tuple[str, str]]:
    if question.type == "yes_no":
        return [("yes", _("yes")), ("no", _("no"))]
    if question.type == "rating":
        return [(str(mark), str(mark)) for mark in range(1, 6)]
    return [(one, service.text(f"choices.{question.name}.{one}", language())) for one in question.choices]
