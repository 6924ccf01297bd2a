"""An exchange by SMS as it would really go: played by the dialogue itself, and undone."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from mitoyen.channels.sms import talk
from mitoyen.channels.sms.enums import Step
from mitoyen.channels.sms.models import Dialogue
from mitoyen.manifests.registry import services
from mitoyen.territory.models import Commune

# A number that the regulator keeps for fiction: it reaches nobody.
NUMBER = "+33639980000"
MOST_TURNS = 15


@dataclass(frozen=True, slots=True)
class Turn:
    """What someone wrote, and what was answered."""

    wrote: str
    told: str


def exchange() -> list[Turn]:
    """Someone reports a lamp that is out, in the language spoken now; nothing of it is kept."""
    turns = []
    with transaction.atomic():
        text = _("REPORT")
        for _turn in range(MOST_TURNS):
            replies = talk.answer(NUMBER, text)
            turns.append(Turn(text, "\n".join(reply.text for reply in replies)))
            row = Dialogue.objects.filter(number=NUMBER).first()
            if row is None:
                break
            text = _reply(row)
        transaction.set_rollback(True)
    return turns


def _reply(row: Dialogue) -> str:
    """What the person of the example answers to what is asked."""
    if row.step == Step.CONFIRM:
        return _("YES")
    if row.step != Step.QUESTION:
        return "1"
    question = services.installed()[row.service].manifest.question(row.question)
    if question.type == "place":
        commune = Commune.objects.order_by("-population").first()
        return commune.name if commune else "1"
    if question.type in ("text", "words"):
        return _("The lamp in front of the school has been out since Monday.")
    return "1" if question.required else "0"
