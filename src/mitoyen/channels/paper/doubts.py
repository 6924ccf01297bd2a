"""Which questions a human must decide before anything is handed in: whatever isn't surely one clear answer."""

from collections.abc import Iterable

from mitoyen.channels.paper.enums import Verdict
from mitoyen.channels.paper.layout import CONTACT
from mitoyen.manifests.registry import services

Mark = tuple[str, str, str]
"""Question, choice, verdict of a box."""


def questions(service: str, marks: Iterable[Mark]) -> set[str]:
    """Questions with an unsure or struck box, with two answers where one is asked for, or with none where one must be
    given."""
    found = services.installed().get(service)
    asked = {question.name: question for question in found.manifest.questions} if found else {}
    several = {name for name, question in asked.items() if question.type == "choices"}
    needed = {name for name, question in asked.items() if question.required}
    if found and found.manifest.contact == "required":
        needed.add(CONTACT)
    ticked: dict[str, int] = {}
    open_: set[str] = set()
    for question, _choice, verdict in marks:
        ticked[question] = ticked.get(question, 0) + (verdict == Verdict.TICKED)
        if verdict in (Verdict.UNSURE, Verdict.STRUCK):
            open_.add(question)
    for question, count in ticked.items():
        if (count > 1 and question not in several) or (count == 0 and question in needed):
            open_.add(question)
    return open_
