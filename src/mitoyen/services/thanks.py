"""Whether someone only says thank you: where people just answer, that doesn't open again what is finished."""

from mitoyen.services import codes
from mitoyen.territory.spelling import bare

THANKS = frozenset(
    {"merci", "beaucoup", "bien", "infiniment", "encore", "a", "vous", "pour", "tout", "votre", "aide", "reponse", "c",
     "est", "regle", "resolu", "parfait", "super", "bravo", "bonne", "journee", "soiree", "cordialement", "bonjour",
     "bonsoir", "le", "la", "les", "et", "de", "thank", "thanks", "you", "very", "much", "great", "ok"}
)  # fmt: skip
SHORT = 200


def only_thanks(text: str) -> bool:
    """Nothing but thanks, in a short text."""
    return only(THANKS, text)


def only(known: frozenset[str], text: str) -> bool:
    """Nothing but these words and codes, in a short text."""
    return len(text) <= SHORT and all(word in known or codes.read(word) for word in bare(text).split())
