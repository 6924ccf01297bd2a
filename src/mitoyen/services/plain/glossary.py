"""The glossary: what a word that can't be avoided means, in French and in English."""

import re
from functools import lru_cache
from importlib.resources import files

import msgspec
from msgspec import Struct


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """A term in one language: how it is written (the first form heads it) and what it means."""

    forms: list[str]
    means: str


class Term(Struct, frozen=True, forbid_unknown_fields=True):
    """One term; `name` is its address on the glossary's page."""

    name: str
    fr: Entry
    en: Entry

    def of(self, language: str) -> Entry:
        """The entry in a language."""
        return self.en if language == "en" else self.fr


class _File(Struct, forbid_unknown_fields=True):
    term: list[Term]


@lru_cache(maxsize=1)
def terms() -> tuple[Term, ...]:
    """Every term, as `glossary.toml` lists them."""
    content = (files("mitoyen.services.plain") / "glossary.toml").read_bytes()
    return tuple(msgspec.toml.decode(content, type=_File).term)


@lru_cache(maxsize=4)
def words(language: str) -> frozenset[str]:
    """Every word of every form, in lower case: what counts as explained."""
    return frozenset(
        word for term in terms() for form in term.of(language).forms for word in re.split(r"[\s'’]+", form.lower())
    )


@lru_cache(maxsize=4)
def acronyms(language: str) -> frozenset[str]:
    """Forms in capitals."""
    return frozenset(form for term in terms() for form in term.of(language).forms if form.isupper())


@lru_cache(maxsize=4)
def pattern(language: str) -> re.Pattern[str]:
    """Finds a form in a text, the longest first."""
    forms = sorted((form for term in terms() for form in term.of(language).forms), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, forms))})(?![\w-])", re.IGNORECASE)


@lru_cache(maxsize=4)
def by_form(language: str) -> dict[str, Term]:
    """Form in lower case -> its term."""
    return {form.lower(): term for term in terms() for form in term.of(language).forms}
