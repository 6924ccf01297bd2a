"""How a person is reached: checked the same way on every channel, kept in one form."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Service
from mitoyen.services.answers import BadAnswer, clean
from mitoyen.services.enums import Way

# Written +33 (0)6… too, as on many letterheads.
FRENCH = re.compile(r"(?:(?:\+|00)330?|0)([1-9][0-9]{8})")
ABROAD = re.compile(r"(?:\+|00)(?!33)([1-9][0-9]{7,14})")
MOBILE = re.compile(r"\+33[67][0-9]{8}|\+(?!33)[0-9]{8,15}")
# What mail carries (RFC 5321), and nothing that stays on our own machine.
LONGEST_MAIL = 254
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Reach:
    """Who asked: a name (may be empty), the way to answer and its number or address."""

    way: Way = Way.NONE
    value: str = ""
    name: str = ""


def read_contact(service: Service, way: str, value: str, name: str = "") -> Reach:
    """How to reach someone, as the service allows. Raises BadAnswer."""
    asked = service.manifest.contact
    chosen = Way(way) if way in Way.values else Way.NONE
    if asked == "none":
        return Reach()
    if asked == "required" and chosen == Way.NONE:
        raise BadAnswer(_("This service can’t answer without a way to reach you: choose one."))
    if chosen == Way.NONE:
        return Reach(name=_one_line(name))
    return Reach(chosen, read_value(chosen, value), _one_line(name))


def read_value(way: Way, value: str) -> str:
    """The number or address in the form in which it is kept. Raises BadAnswer."""
    text = clean(value)
    if way == Way.MAIL:
        return _mail(text)
    if way == Way.LETTER:
        lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
        if len(" ".join(lines)) < 10 or len(text) > 300:
            raise BadAnswer(_("Write the postal address: number and street, postcode and town."))
        return "\n".join(lines)
    number = phone(text)
    if number is None:
        raise BadAnswer(_("Write the phone number with its ten figures, for example 06 12 34 56 78."))
    if way == Way.SMS and not MOBILE.fullmatch(number):
        raise BadAnswer(_("An SMS needs a mobile number, which starts with 06 or 07."))
    return number


def phone(text: str) -> str | None:
    """A number in international form (E.164); None when it can't be one. French without a prefix."""
    digits = re.sub(r"[\s./()_\-‐-―]", "", text)
    french = FRENCH.fullmatch(digits)
    if french:
        return f"+33{french[1]}"
    abroad = ABROAD.fullmatch(digits)
    return f"+{abroad[1]}" if abroad else None


def phone_shown(number: str) -> str:
    """As people write it: 06 12 34 56 78 for a French number."""
    if number.startswith("+33") and len(number) == 12:
        local = "0" + number[3:]
        return " ".join(local[at : at + 2] for at in range(0, 10, 2))
    return number


def _mail(text: str) -> str:
    """The address as kept: a domain is the same in capitals."""
    local, _at, domain = text.rpartition("@")
    try:
        if len(text) > LONGEST_MAIL or "." not in domain:
            raise ValidationError("")
        validate_email(text)
    except ValidationError:
        raise BadAnswer(_("Write the whole e-mail address, for example marie@exemple.fr.")) from None
    return f"{local}@{domain.lower()}"


def _one_line(name: str) -> str:
    return " ".join(clean(name).split())[:LONGEST_NAME].strip()
