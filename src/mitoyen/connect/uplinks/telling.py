"""Reasons in words that a person understands."""

from django.utils.translation import gettext as _

from mitoyen.connect.codecs.answers import Reason
from mitoyen.connect.codecs.telling import WORDS


def reason(code: str) -> str:
    """Why a message couldn't be read."""
    return {
        "empty": _("The message is empty."),
        "not_json": _("It is no JSON."),
        "duplicate_key": _("A name stands twice in it: nobody can say which value counts."),
        "surrogate": _("It holds half a character (a lone surrogate)."),
        "too_deep": _("Brackets are nested too deep."),
        "too_large": _("It is larger than a megabyte."),
        "number_too_long": _("A number in it has too many digits."),
        "nul": _("It holds the character NUL."),
        "not_utf8": _("Its characters are not in UTF-8 (often Latin-1)."),
        "format_unknown": _("Its format was not recognised: name the format."),
        "format_ambiguous": _("It could be of several formats: name the format."),
        "not_an_object": _("It is not a message of this format."),
        "address": _("It names no device, or its identifier is wrong."),
        "counter": _("Its frame counter is no number."),
        "port": _("Its port is not between 0 and 255."),
        "payload": _("Its payload is neither hexadecimal nor base64, or not what its format says."),
        "data": _("Its decoded fields are not in the shape of fields."),
        "failed": _("Mitoyen failed on it: please report this message."),
    }.get(code, code)


def undecoded(code: str) -> str:
    """Why frames weren't decoded."""
    return str(WORDS[Reason(code)]) if code in list(Reason) else _("Mitoyen failed on them: see its log")
