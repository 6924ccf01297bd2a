"""Short messages: which alphabet a text needs, what it costs in parts, how it is cut (3GPP TS 23.038 and 23.040).

é, è, à, ù and € are in the seven-bit alphabet; ç, ê, ô, °, the curly apostrophe and « » are not: one of them makes the
whole text two to three times as long. Typography is replaced without a loss. A letter loses its accent only where the
word stays the same: ç always does, î but for the words listed, û, ê, â and ô in the words listed, since "tâche" is no
"tache", "TÂCHE" no "TACHE" and "vôtre" no "votre".
"""

import re
import unicodedata
from dataclasses import dataclass

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
ESCAPE = 0x1B
EXTENSION = dict(zip("\f^{}\\[~]|€", (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65), strict=True))
SEPTETS = {letter: (code,) for code, letter in enumerate(BASIC) if code != ESCAPE} | {
    letter: (ESCAPE, code) for letter, code in EXTENSION.items()
}
# Units (septets, or UTF-16 code units) that fit one message alone, and one part of several.
ROOM_GSM7 = (160, 153)
ROOM_UCS2 = (70, 67)

TYPOGRAPHY = str.maketrans(
    {
        "’": "'",
        "‘": "'",
        "“": '"',
        "”": '"',
        "«": '"',
        "»": '"',
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "–": "-",
        "—": "-",
        "‑": "-",
        "−": "-",
        "…": "...",
        "œ": "oe",
        "Œ": "OE",
        "ç": "c",
        "À": "A",
        "È": "E",
        "\t": " ",
        "\u00ad": "",
    }
)
# A space inside the guillemets goes with them.
QUOTED = re.compile(r"«[\s\u00a0\u202f]*|[\s\u00a0\u202f]*»")
ACCENTED = frozenset("êôâûî")
# With î they say one thing, with i another: grows or believes, made or done, a ridge or done.
OTHER_WORD = frozenset(
    ("croît", "croîs", "fît", "dît", "vît", "prît", "mît", "rît", "lît", "vînt", "tînt", "faîte", "faîtes")
)
SAME_WORD = frozenset(
    (
        "être",
        "même",
        "mêmes",
        "fenêtre",
        "fenêtres",
        "bientôt",
        "plutôt",
        "aussitôt",
        "hôtel",
        "arrêt",
        "arrêts",
        "contrôle",
        "contrôles",
        "dépôt",
        "dépôts",
        "fête",
        "fêtes",
        "tête",
        "impôt",
        "impôts",
        "août",
        "coûte",
        "coût",
        "coûts",
        "goût",
        "brûle",
        "brûlé",
        "connaître",
        "intérêt",
        "intérêts",
        "hôpital",
        "tempête",
        "tempêtes",
        "grêle",
        "enquête",
        "enquêtes",
        "bâtiment",
        "bâtiments",
        "château",
        "châteaux",
        "théâtre",
        "gâteau",
        "chêne",
        "chênes",
        "vêtement",
        "vêtements",
        "drôle",
        "clôture",
        "clôtures",
        "arrêté",
        "arrêtés",
    )
)
BARE = str.maketrans("êôâûîÊÔÂÛÎ", "eoauiEOAUI")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a text costs as a short message: its parts, and the characters that force the larger alphabet."""

    parts: int
    units: int
    ucs2: bool
    forced_by: str


def plain(text: str) -> str:
    """The text in the seven-bit alphabet as far as its meaning stays."""
    text = QUOTED.sub('"', unicodedata.normalize("NFC", text)).translate(TYPOGRAPHY)
    return re.sub(r"\w+", lambda word: _bare(word[0]), text)


def cost(text: str) -> Cost:
    """What sending `text` as it stands takes."""
    foreign = "".join(dict.fromkeys(letter for letter in text if letter not in SEPTETS))
    units = sum(_lengths(text, ucs2=bool(foreign)))
    return Cost(len(split(text)), units, bool(foreign), foreign)


def split(text: str) -> list[str]:
    """The parts of a text, each fit for one message; no escape pair and no surrogate pair is cut in two."""
    ucs2 = any(letter not in SEPTETS for letter in text)
    alone, each = ROOM_UCS2 if ucs2 else ROOM_GSM7
    lengths = _lengths(text, ucs2=ucs2)
    if sum(lengths) <= alone:
        return [text] if text else []
    parts, start, used = [], 0, 0
    for at, length in enumerate(lengths):
        if used + length > each:
            parts.append(text[start:at])
            start, used = at, 0
        used += length
    return [*parts, text[start:]]


def encode(text: str) -> bytes:
    """One octet a septet (unpacked, as SMPP carries it). Raises ValueError on a character outside the alphabet."""
    try:
        return bytes(code for letter in text for code in SEPTETS[letter])
    except KeyError as error:
        raise ValueError(f"{error.args[0]!r} is not in the GSM 7-bit alphabet") from None


def decode(octets: bytes) -> str:
    """The text of unpacked septets; an unknown escape shows its plain character, as the standard asks."""
    text, escaped = [], False
    extension = {code: letter for letter, code in EXTENSION.items()}
    for octet in octets:
        code = octet & 0x7F
        if escaped:
            text.append(extension.get(code, BASIC[code]))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            text.append(BASIC[code])
    return "".join(text)


def _bare(word: str) -> str:
    lower = word.lower()
    accents = ACCENTED & set(lower)
    stays = lower in SAME_WORD or (accents == {"î"} and lower not in OTHER_WORD)
    return word.translate(BARE) if accents and stays else word


def _lengths(text: str, *, ucs2: bool) -> list[int]:
    if ucs2:
        return [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    return [len(SEPTETS[letter]) for letter in text]
