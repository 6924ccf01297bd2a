"""How a person is reached: checked the same way on every channel, kept in one form."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from mitoyen.manifests.load import Service
from mitoyen.services.answers import BadAnswer, clean
from mitoyen.services.enums import Way

FRENCH = re.compile(r"^(?:\+33|0033|0)([1-9]\d{8})$")
MOBILE = re.compile(r"^\+33[67]\d{8}$|^\+(?!33)\d{8,14}$")


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
        return Reach(name=clean(name)[:120])
    return Reach(chosen, read_value(chosen, value), clean(name)[:120])


def read_value(way: Way, value: str) -> str:
    """The number or address in the form in which it is kept. Raises BadAnswer."""
    text = clean(value)
    if way == Way.MAIL:
        try:
            validate_email(text)
        except ValidationError:
            raise BadAnswer(_("Write the whole e-mail address, for example marie@exemple.fr.")) from None
        return text
    if way == Way.LETTER:
        lines = [" ".join(line.split()) for line in text.split("\n") if line.strip()]
        if len(" ".join(lines)) < 10 or len(text) > 300:
            raise BadAnswer(_("Write the postal address: number and street, postcode and town."))
        return "\n".join(lines)
    number = phone(text)
    if number is None:
        raise BadAnswer(_("Write the phone number with its ten figures, for example 06 12 34 56 78."))
    if way == Way.SMS and not MOBILE.match(number):
        raise BadAnswer(_("An SMS needs a mobile number, which starts with 06 or 07."))
    return number


def phone(text: str) -> str | None:
    """A number in international form (E.164); None when it can't be one. French without a prefix."""
    digits = re.sub(r"[\s.()\-\u00a0\u202f]", "", text)
    french = FRENCH.match(digits)
    if french:
        return f"+33{french[1]}"
    if re.fullmatch(r"(\+|00)(?!33)\d{8,14}", digits):
        return "+" + digits.removeprefix("+").removeprefix("00")
    return None


def phone_shown(number: str) -> str:
    """As people write it: 06 12 34 56 78 for a French number."""
    if number.startswith("+33") and len(number) == 12:
        local = "0" + number[3:]
        return " ".join(local[at : at + 2] for at in range(0, 10, 2))
    return number
