"""The follow-up code: short, readable aloud, with a check character.

Nine characters in groups of three out of nineteen that neither look nor sound alike in French or English: no 0/O, no
1/I/L, one each of 2/Z, 5/S and 8/B; of the letters said with the same vowel only C stays. Nineteen is prime: the
weighted sum below finds every single wrong character and every two swapped ones.
"""

import re
import secrets
import unicodedata

ALPHABET = "23456789ACFHJKMRUXY"
LENGTH = 9
# Spaces, dashes of any width, points: how a code is grouped says nothing.
GROUPING = re.compile(r"[\W_]+")
# What people type or say for a character that isn't in the alphabet and can only mean one that is.
HEARD = str.maketrans({"B": "8", "S": "5", "Z": "2", "G": "6", "Q": "K", "V": "U", "N": "M"})


def new_code() -> str:
    """A code at random: 1.7e10 are possible, so that guessing one in use is hopeless even without throttling."""
    free = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return free + _check(free)


def read(typed: str) -> str | None:
    """The code that someone typed or said, whatever its spaces, dashes and case; None when it can't be one."""
    text = GROUPING.sub("", unicodedata.normalize("NFKC", typed[:100])).upper().translate(HEARD)
    if len(text) != LENGTH or set(text) - set(ALPHABET):
        return None
    return text if _check(text[:-1]) == text[-1] else None


def shown(code: str) -> str:
    """In groups of three, as it is printed and read out."""
    return f"{code[:3]}-{code[3:6]}-{code[6:]}"


def _check(free: str) -> str:
    # Weights 2 to 9 differ from one another and from 0 modulo 19.
    total = sum(weight * ALPHABET.index(letter) for weight, letter in enumerate(free, 2))
    return ALPHABET[total % len(ALPHABET)]
