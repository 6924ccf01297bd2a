"""What this channel keeps of a number: a dialogue under way, parts of a message. That it wrote STOP stays."""

from mitoyen.channels.sms.models import Dialogue, Piece
from mitoyen.services.enums import Way
from mitoyen.services.erasing.parts import Counts, also
from mitoyen.services.models import Contact, Request


@also
def forget_number(_request: Request, contact: Contact | None) -> Counts:
    """Of the person's own number."""
    if contact is None or contact.way not in (Way.SMS, Way.PHONE):
        return {}
    pieces, _by_model = Piece.objects.filter(number=contact.value).delete()
    dialogues, _by_model = Dialogue.objects.filter(number=contact.value).delete()
    return {"dialogues": dialogues, "pieces": pieces}
