"""What a text costs as short messages, said to whoever writes it."""

from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.ledger import gsm7
from mitoyen.ledger.gsm7 import Cost


@dataclass(frozen=True, slots=True)
class Told:
    """The cost of a text as it was written, and as it is sent: without what costs and means nothing."""

    text: str
    written: Cost
    sent_text: str
    sent: Cost

    def as_json(self) -> dict[str, Any]:
        """`forced_by`: the characters outside the seven-bit alphabet, which force UCS-2."""
        return {**asdict(self.written), "sent": {"text": self.sent_text, **asdict(self.sent)}}

    def sentence(self) -> str:
        """For people."""
        told = [_parts(self.written)]
        if self.written.ucs2:
            told.append(_("because of: %(letters)s") % {"letters": " ".join(self.written.forced_by)})
        if self.sent_text != self.text:
            told.append(_("Sent as: %(text)s") % {"text": self.sent_text})
            told.append(_parts(self.sent))
        return "\n".join(told)


def of(text: str) -> Told:
    """The cost of a text."""
    sent = gsm7.plain(text)
    return Told(text, gsm7.cost(text), sent, gsm7.cost(sent))


def _parts(cost: Cost) -> str:
    told = {"parts": cost.parts, "units": cost.units}
    text = ngettext("%(parts)d part (%(units)d characters)", "%(parts)d parts (%(units)d characters)", cost.parts)
    return text % told
