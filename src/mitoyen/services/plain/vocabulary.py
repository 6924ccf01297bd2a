"""The basic words of a language, and whether a word is one of them or a form of one."""

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from mitoyen.services.plain import french

LETTERS = "a-zàâäæçéèêëîïôöœùûüÿ"
DOUBLED = re.compile(r"[^aeiou][aeiou]([bdgklmnprt])$")


def is_basic(word: str, language: str) -> bool:
    """Whether a lower-case word, or each part of a compound, is basic."""
    known = basic(language)
    return word in known or all(part in known for part in word.split("-") if part)


@lru_cache(maxsize=4)
def basic(language: str) -> frozenset[str]:
    """Every form of every basic word; about 100,000 in French, made in a fifth of a second."""
    make = french.forms if language == "fr" else _english
    return frozenset(form for word in listed(language) for form in make(word))


def listed(language: str) -> list[str]:
    """The words as they are written in the list."""
    text = (files("mitoyen.services.plain") / "words" / f"{language}.txt").read_text(encoding="utf-8")
    return [word for line in text.splitlines() if not line.startswith("#") for word in line.replace("'", " ").split()]


@lru_cache(maxsize=1)
def english() -> dict[str, str]:
    """English words that French offices write -> the French one."""
    text = (files("mitoyen.services.plain") / "words" / "english.toml").read_text(encoding="utf-8")
    return {word: str(instead) for word, instead in tomllib.loads(text).items()}


def _english(word: str) -> Iterator[str]:
    yield from (
        word,
        f"{word}s",
        f"{word}es",
        f"{word}d",
        f"{word}ed",
        f"{word}ing",
        f"{word}er",
        f"{word}est",
        f"{word}ly",
    )
    yield from (f"{word}ful", f"{word}less", f"{word}y")
    if word.endswith("e"):
        yield from (f"{word[:-1]}ing", f"{word[:-1]}y", f"{word}r", f"{word}st")
    if word.endswith("y"):
        yield from (f"{word[:-1]}{end}" for end in ("ies", "ied", "ier", "iest", "ily"))
    doubled = DOUBLED.search(word)
    if doubled:
        yield from (f"{word}{doubled[1]}{end}" for end in ("ed", "ing", "er", "est"))
