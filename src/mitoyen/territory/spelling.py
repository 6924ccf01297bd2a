"""How names of places are compared: without case, accents, small words, and with abbreviations written out."""

import functools
import re
import unicodedata

SMALL = frozenset(["de", "du", "des", "la", "le", "les", "l", "d", "en", "sur", "sous", "et", "aux", "au", "a"])
SHORT = {
    "av": "avenue",
    "ave": "avenue",
    "bd": "boulevard",
    "bld": "boulevard",
    "boul": "boulevard",
    "ch": "chemin",
    "che": "chemin",
    "imp": "impasse",
    "pl": "place",
    "r": "rue",
    "rte": "route",
    "sq": "square",
    "all": "allee",
    "fg": "faubourg",
    "qu": "quai",
    "lot": "lotissement",
    "res": "residence",
    "st": "saint",
    "ste": "sainte",
    "dr": "docteur",
    "gal": "general",
    "mal": "marechal",
    "pdt": "president",
    "ld": "lieu dit",
}
# Words that name no street by themselves.
STREET_TYPES = frozenset(SHORT.values()) | {"cour", "cours", "esplanade", "mail", "montee", "passage", "pont", "voie"}
# "12", "n° 12 bis", "12-14" (one building, its first number).
NUMBER = re.compile(
    r"^\s*(?:n\s?[°ºo.]\s*)?([0-9]{1,4})(?:\s*[-/]\s*[0-9]{1,4}\b)?\s*(bis|ter|quater|[a-h](?![\w'’]))?\b[\s,]*",
    re.IGNORECASE,
)
POSTCODE = re.compile(r"\b([0-9]{5})\b")
# Of text that is bare already.
CEDEX = re.compile(r" cedex( [0-9]{1,2})?$")


def plain(text: str) -> str:
    """Without accents, in lower case: « Écuillé » gives `ecuille`."""
    flat = unicodedata.normalize("NFKD", text.lower().replace("œ", "oe").replace("æ", "ae").replace("’", "'"))
    return "".join(letter for letter in flat if not unicodedata.combining(letter)).strip()


def bare(text: str) -> str:
    """The same; whatever is no letter or figure becomes one space."""
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain(text)).split())


def words(text: str) -> list[str]:
    """The words that tell one name from another, abbreviations written out."""
    return list(_words(text))


@functools.lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    """The communes' names are compared at each search."""
    told = " ".join(SHORT.get(word, word) for word in bare(text).split())
    return tuple(word for word in told.split() if word not in SMALL)


def key(text: str) -> str:
    """The words as one string, to compare and to store."""
    return " ".join(words(text))[:160]


def number_and_rest(text: str) -> tuple[str, str]:
    """ "12 bis, rue X" as ("12 bis", "rue X"); without a number, ("", text)."""
    found = NUMBER.match(text)
    if not found:
        return "", text.strip()
    figures, more = found.groups()
    return " ".join(part for part in (figures.lstrip("0"), (more or "").lower()) if part), text[found.end() :].strip()
