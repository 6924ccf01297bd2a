"""Answers out of the words of a mail: "1. …" under our questions, or "Label: …" lines in a mail of its own."""

import re
from collections.abc import Iterator, Sequence

from mitoyen.manifests.load import Service
from mitoyen.manifests.service_schema import Question
from mitoyen.territory.spelling import bare

NUMBER = re.compile(r"^\s*(?:question\s+|n°\s*)?(\d{1,2})\s*(?:[.):°]|[-–]\s)\s*(.*)$", re.IGNORECASE)
QUOTED = re.compile(r"^\s{0,3}(?:>\s?)+")
LETTER = re.compile(r"^\(?([a-z])\s*(?:[.):]|$)", re.IGNORECASE)
LABELLED = re.compile(r"^\s*([^:?\n]{2,80}?)\s*\??\s*[:?]\s+(\S.*)$")
# Labels that people use by themselves, by type of question.
USUAL = {"place": ("lieu", "adresse", "ou", "endroit", "emplacement", "place", "address", "where", "location")}
USUAL_CATEGORY = ("categorie", "type", "sujet", "category", "kind")


def numbered(own: str, whole: str, count: int) -> dict[int, str]:
    """Answers by number (from 1), out of the person's own words; else out of what stands below our quoted questions.

    With one question only, the whole of their words is its answer.
    """
    found = _by_number(own.split("\n"), count)
    if found:
        return found
    found = _between_quotes(whole.split("\n"), count)
    if found:
        return found
    return {1: own} if count == 1 and own else {}


def labelled(service: Service, text: str, language: str) -> tuple[dict[str, str], str]:
    """Raw answers by question from lines such as "Where is it?: 3 rue X", and the text without those lines."""
    labels = dict(_labels(service, language))
    found: dict[str, str] = {}
    rest = []
    for line in text.split("\n"):
        match = LABELLED.match(line)
        name = labels.get(bare(match[1])) if match else None
        if match and name and name not in found:
            found[name] = match[2].strip()
        else:
            rest.append(line)
    return found, "\n".join(rest).strip()


def choice(service: Service, question: Question, text: str, language: str) -> str | list[str]:
    """What someone wrote for a choice as the manifest's own name for it: a letter, a number or its words."""
    if question.type == "choice":
        return _one(service, question, text, language)
    if question.type == "choices":
        pieces = [piece for piece in re.split(r"[,;/\n]|\bet\b|\band\b", text) if piece.strip()]
        return [_one(service, question, piece, language) for piece in pieces]
    return text


def letter(text: str) -> int | None:
    """Which of the lettered lines someone chose, from 0."""
    found = LETTER.match(text.strip())
    return ord(found[1].lower()) - ord("a") if found else None


def _one(service: Service, question: Question, text: str, language: str) -> str:
    said = bare(text)
    for name in question.choices:
        if said in (bare(name), *(bare(service.text(f"choices.{question.name}.{name}", one)) for one in ("fr", "en"))):
            return name
    words = text.strip().strip(".)(")
    at = int(words) - 1 if words.isdigit() and len(words) < 3 else letter(text)
    return question.choices[at] if at is not None and 0 <= at < len(question.choices) else text.strip()


def _by_number(lines: Sequence[str], count: int) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    current = 0
    for line in lines:
        match = NUMBER.match(line)
        number = int(match[1]) if match else 0
        # Answers come in rising order: a line "2. …" inside the answer to 3 belongs to that answer.
        if match and current < number <= count:
            current = number
            found[current] = [match[2]]
        elif current:
            found[current].append(line)
    return {number: "\n".join(told).strip() for number, told in found.items() if "".join(told).strip()}


def _between_quotes(lines: Sequence[str], count: int) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    current = 0
    for line in lines:
        quoted = QUOTED.match(line)
        if quoted:
            match = NUMBER.match(line[quoted.end() :])
            current = int(match[1]) if match and 0 < int(match[1]) <= count else current
        elif current and line.strip():
            found.setdefault(current, []).append(line)
    return {number: "\n".join(told).strip() for number, told in found.items()}


def _labels(service: Service, language: str) -> Iterator[tuple[str, str]]:
    for question in service.manifest.questions:
        usual = USUAL_CATEGORY if question.routes else USUAL.get(question.type, ())
        yield from ((label, question.name) for label in usual)
        yield bare(question.name), question.name
        for one in (language, "fr", "en"):
            yield bare(service.text(f"questions.{question.name}.label", one)), question.name
