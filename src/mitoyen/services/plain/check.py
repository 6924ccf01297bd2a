"""What makes a text hard to read. A fault must be mended; a remark is for whoever writes to weigh."""

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from mitoyen.services.plain import glossary
from mitoyen.services.plain.score import score
from mitoyen.services.plain.vocabulary import LETTERS, english, is_basic

LONG, TOO_LONG = 20, 25
MOST_UNCOMMON = 3
PASSIVES = 2
# What isn't prose: values to be filled in, tags, code, addresses.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
NO_PROSE = re.compile(r"<[^>]+>|`[^`]*`|https?://\S+|\S+@\S+|\S+/\S+|\w+_\w+")
SENTENCE = re.compile(r"(?<=[.!?…])[\s\u00a0\u202f]*[»”)]?[\s\u00a0\u202f]+(?=\S)|\n+")
WORD = re.compile(rf"[{LETTERS}]+(?:-[{LETTERS}]+)*", re.IGNORECASE)
ACRONYM = re.compile(r"\b[A-ZÉ]{2,}[0-9]?\b")
# Written so everywhere, and said so: spelling them out would help nobody.
EVERYBODY_S = frozenset({"SMS", "TV", "PDF", "OK", "STOP", "CEDEX"})
BE = (
    r"(?:est|sont|était|étaient|sera|seront|serait|seraient|soit|soient|(?:a|ont|avait|avaient|aura|auront)\s+été|être)",
    r"(?:is|are|was|were|be|been|being)",
)
# Past participles: regular ones, and the others that such texts use.
DONE = (
    r"(?:\w{2,}(?:é|ée|és|ées)|\w*(?:mis|pris|dit|écrit|scrit|fait|duit|truit|ouvert|couvert|offert|lu|vu|connu|reçu|tenu"
    r"|perdu|rendu|vendu|attendu|entendu|fini|choisi|rempli|saisi|suivi)(?:e?s?))",
    r"(?:\w+ed|made|done|given|taken|sent|shown|told|kept|read|written|found|put|held)",
)
# These go with “être” without being passive.
MOVING = r"(?:r?(?:all|arriv|entr|mont|pass|rest|tomb)|n)é\w*"
PASSIVE = {
    "fr": re.compile(
        rf"\b{BE[0]}\s+(?:(?:\w+ment|pas|bien|déjà|plus|jamais)\s+)?(?!plus\b|{MOVING}\b){DONE[0]}\b", re.IGNORECASE
    ),
    "en": re.compile(rf"\b{BE[1]}\s+(?:not\s+|\w+ly\s+)?{DONE[1]}\b", re.IGNORECASE),
}
NOT = r"\b(?:not|n['’]t|never)\s+(?:\w+\s+)?"
DOUBLE_NEGATION = {
    "fr": re.compile(
        r"\bn(?:e\s+|['’])(?:\S+\s+){1,2}?(?:pas|jamais|guère)\s+(?:(?:être|été|tout à fait|très)\s+)?"
        r"(?:sans\b|ne\b|n['’]|im(?:possible|probable|portun|prévu)\w*|in(?:utile|connu|exact|juste|visible|capable)\w*"
        r"|ir(?:régulier|réalisable)\w*|il(?:légal|lisible)\w*|dé(?:favorable|pourvu)\w*)",
        re.IGNORECASE,
    ),
    "en": re.compile(rf"{NOT}(?:un\w{{4,}}|im(?:possible|probable)|without|no)\b", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at. `sentence` counts from 1; `text` is what it is about."""

    code: str
    is_fault: bool
    sentence: int
    text: str
    says: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A text's remarks; `score` is a trend, never a reason to refuse."""

    words: int
    sentences: int
    score: float | None
    remarks: tuple[Remark, ...]

    @property
    def faults(self) -> list[Remark]:
        """What must be mended."""
        return [remark for remark in self.remarks if remark.is_fault]

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        return {**asdict(self), "remarks": [asdict(remark) for remark in self.remarks]}


def check(text: str, language: str = "fr") -> Checked:
    """Everything that the rules find in a text; a language without rules is read as French."""
    language = language if language in PASSIVE else "fr"
    sentences = parted(text)
    known = glossary.acronyms(language) | EVERYBODY_S | expanded(text)
    remarks = [
        remark
        for number, sentence in enumerate(sentences, 1)
        for rule in RULES
        for remark in rule(sentence, number, language, known)
    ]
    words = [word for sentence in sentences for word in WORD.findall(sentence)]
    return Checked(len(words), len(sentences), score(words, len(sentences), language), tuple(remarks))


def parted(text: str) -> list[str]:
    """The sentences, without what isn't prose."""
    prose = NO_PROSE.sub(" ", PLACEHOLDER.sub("0", text))
    return [sentence.strip() for sentence in SENTENCE.split(prose) if sentence and WORD.search(sentence)]


def expanded(text: str) -> frozenset[str]:
    """Acronyms that the text itself explains: "the data protection officer (DPO)", "DPO (the officer…)"."""
    after = re.findall(r"\(([A-ZÉ]{2,}[0-9]?)\)", text)
    before = re.findall(r"\b([A-ZÉ]{2,}[0-9]?)[\s\u00a0]\([^)]{6,}\)", text)
    return frozenset(after) | frozenset(before)


Known = frozenset[str]


def _length(sentence: str, number: int, _language: str, _known: Known) -> Iterator[Remark]:
    count = len(re.findall(r"[\w%]+(?:[-'’]\w+)*", sentence))
    if count > LONG:
        says = _("%(count)d words: cut this sentence in two. Aim at %(long)d at most.") % {"count": count, "long": LONG}
        yield Remark("long_sentence", count > TOO_LONG, number, _short(sentence), says)


def _uncommon(sentence: str, number: int, language: str, _known: Known) -> Iterator[Remark]:
    found = list(dict.fromkeys(uncommon_words(sentence, language)))
    for word in found:
        says = _("“%(word)s” is not an everyday word: say it otherwise, or explain it.") % {"word": word}
        yield Remark("uncommon", False, number, word, says)
    if len(found) > MOST_UNCOMMON:
        says = _("%(count)d words that many don’t know, in one sentence.") % {"count": len(found)}
        yield Remark("many_uncommon", True, number, ", ".join(found), says)


def uncommon_words(sentence: str, language: str) -> Iterator[str]:
    """Words that are neither basic, nor in the glossary, nor a name, nor told as English."""
    explained = glossary.words(language)
    for at, found in enumerate(WORD.finditer(sentence)):
        word = found[0]
        is_name = word[0].isupper() and at > 0
        told_already = word.lower() in explained or (language == "fr" and word.lower() in english())
        if is_name or word.isupper() or len(word) == 1 or told_already:
            continue
        if not is_basic(word.lower(), language):
            yield word.lower()


def _acronyms(sentence: str, number: int, language: str, known: Known) -> Iterator[Remark]:
    for acronym in dict.fromkeys(ACRONYM.findall(sentence)):
        # "Répondez OUI": a word that is only written large.
        is_word = is_basic(acronym.lower(), language)
        if acronym not in known and not is_word and not sentence.isupper():
            says = _("Write in full what %(acronym)s stands for, at least once.") % {"acronym": acronym}
            yield Remark("acronym", True, number, acronym, says)


def _passives(sentence: str, number: int, language: str, _known: Known) -> Iterator[Remark]:
    found = [match[0] for match in PASSIVE[language].finditer(sentence)]
    if len(found) >= PASSIVES:
        says = _("Several passives in one sentence: say who does what.")
        yield Remark("passives", True, number, ", ".join(found), says)


def _double_negation(sentence: str, number: int, language: str, _known: Known) -> Iterator[Remark]:
    for match in DOUBLE_NEGATION[language].finditer(sentence):
        yield Remark("double_negation", True, number, match[0], _("Two negations: say it the positive way."))


def _english(sentence: str, number: int, language: str, _known: Known) -> Iterator[Remark]:
    if language != "fr":
        return
    for word in dict.fromkeys(found.lower() for found in WORD.findall(sentence)):
        instead = english().get(word)
        if instead:
            says = _("An English word: “%(instead)s” says the same.") % {"instead": instead}
            yield Remark("english", True, number, word, says)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 120 else sentence[:119] + "…"


Rule = Callable[[str, int, str, Known], Iterator[Remark]]
RULES: tuple[Rule, ...] = (_length, _uncommon, _acronyms, _passives, _double_negation, _english)
