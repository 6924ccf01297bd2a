"""Words that people write and what they mean; lists to choose from by number or by words."""

import re
from collections.abc import Sequence

from mitoyen.manifests.load import Service
from mitoyen.territory import spelling
from mitoyen.territory.spelling import bare

STOP = frozenset({"stop", "arret", "arrete", "arretez", "arreter", "stop sms", "sms stop", "unsubscribe", "desabonner"})
HELP = frozenset({"aide", "help", "aidez moi", "help me", "info"})
MENU = frozenset({"menu", "recommencer", "restart", "start over"})
CANCEL = frozenset({"annuler", "annule", "cancel"})
YES = frozenset({"oui", "o", "ok", "yes", "y", "d accord", "oui merci", "oui svp"})
NO = frozenset({"non", "n", "no"})
SKIP = frozenset({"0", "passer", "skip"})
ENGLISH = frozenset(
    (
        "hello",
        "hi",
        "hey",
        "start",
        "english",
        "please",
        "help",
        "report",
        "unsubscribe",
        "restart",
        "cancel",
        "the",
        "my",
    )
)
NUMBER = re.compile(r"\D{0,4}(\d{1,3})\D{0,2}")


def said(text: str) -> str:
    """The words alone: lower case, no accents, no punctuation."""
    return bare(text)


def is_english(text: str, services: Sequence[Service]) -> bool:
    """Whether the first word is English: a usual one, or one of an English title that no French title has."""
    first = said(text).partition(" ")[0]
    titles = {
        language: {word for service in services for word in said(service.text("service.title", language)).split()}
        for language in ("en", "fr")
    }
    return first in ENGLISH or (len(first) > 2 and first in titles["en"] - titles["fr"])


def pick(text: str, labels: Sequence[str], *, loosely: bool = False) -> int | None:
    """Which label was meant, counted from 0: by its number, or by words that only one of them has; loosely: by one of
    the words."""
    number = NUMBER.fullmatch(text.strip())
    if number:
        at = int(number[1]) - 1
        return at if 0 <= at < len(labels) else None
    known = [said(label) for label in labels]
    if said(text) in known:
        return known.index(said(text))
    wanted = set(spelling.words(text))
    of_each = [set(spelling.words(label)) for label in labels]
    fits = [at for at, has in enumerate(of_each) if wanted and wanted <= has]
    if not fits and loosely:
        fits = [at for at, has in enumerate(of_each) if wanted & has]
    return fits[0] if len(fits) == 1 else None


def pick_several(text: str, labels: Sequence[str]) -> list[int] | None:
    """Which labels were meant: "1 3", "1,3", "1 et 3", "crue, travaux"; None when one of them is none."""
    parts = re.findall(r"\d+", text) or [part for part in re.split(r"[,;\n+]|\bet\b|\band\b", text) if part.strip()]
    found = [pick(part, labels, loosely=True) for part in parts]
    chosen = [at for at in found if at is not None]
    return chosen if chosen and len(chosen) == len(found) else None


def numbered(labels: Sequence[str], first: int = 1) -> str:
    """One a line, with its number."""
    return "\n".join(f"{number} {label}" for number, label in enumerate(labels, first))


def shortened(text: str, most: int) -> str:
    """At most so many letters, cut between words."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    cut = text[: most - 3].rsplit(" ", 1)[0] or text[: most - 3]
    return f"{cut}..."
