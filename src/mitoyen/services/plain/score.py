"""Readability scores, as a trend only: they count syllables and words, and know nothing of sense.

French: L. Kandel and A. Moles, "Application de l'indice de Flesch à la langue française", Cahiers d'études de
radio-télévision 19 (1958). English: R. Flesch, J. Appl. Psychol. 32 (1948). About 0 (hard) to 100 (easy).
"""

import re

VOWELS = re.compile(r"[aeiouyàâäæéèêëîïôöœùûüÿ]+", re.IGNORECASE)
# Base, weight of words a sentence, weight of syllables a word.
FORMULAS = {"fr": (207.0, 1.015, 73.6), "en": (206.835, 1.015, 84.6)}


def score(words: list[str], sentences: int, language: str) -> float | None:
    """None for a text without words."""
    if not words or not sentences:
        return None
    base, by_words, by_syllables = FORMULAS[language]
    spoken = sum(syllables(word) for word in words)
    return round(base - by_words * len(words) / sentences - by_syllables * spoken / len(words), 1)


def syllables(word: str) -> int:
    """Groups of vowels, but for a silent ending (e, es, ent after a consonant)."""
    silent = re.sub(r"(?<=[^aeiouyàâéèêëîïôùû])(e|es|ent)$", "", word.lower())
    return max(1, len(VOWELS.findall(silent or word)))
