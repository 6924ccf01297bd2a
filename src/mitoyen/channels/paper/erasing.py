"""What this channel keeps of a request: the pictures of its form, before their own term."""

from mitoyen.channels.paper import intake
from mitoyen.channels.paper.models import Sheet
from mitoyen.services.erasing.parts import Counts, also
from mitoyen.services.models import Contact, Request


@also
def forget_sheets(request: Request, _contact: Contact | None) -> Counts:
    """Every page that came in for it."""
    found = list(Sheet.objects.filter(form__request=request).exclude(picture=""))
    for sheet in found:
        intake.forget(sheet)
    return {"sheets": len(found)}
