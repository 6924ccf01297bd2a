"""A code followed by words: the person completes the request, opens it again, contests, or wants to be told no more, by
the rules of the follow-up page."""

import re

from django.utils.translation import gettext as _

from mitoyen.channels.sms import words
from mitoyen.ledger.refusal import Refused
from mitoyen.services import codes, subscriptions, timeline
from mitoyen.services.enums import Channel, FactKind, State
from mitoyen.services.following import Story
from mitoyen.services.models import Request
from mitoyen.services.thanks import only_thanks

# However the code is grouped; then at least a space or a mark, then words.
CODE_AND_WORDS = re.compile(r"\s*((?:[^\W_][\s.\-]?){8}[^\W_])[\s.:,;\-]+(\S.*)", re.DOTALL)


def parted(text: str) -> tuple[str, str] | None:
    """The code that a message begins with, as typed, and the words after it; None when it is no such message."""
    found = CODE_AND_WORDS.fullmatch(text)
    return (found[1], found[2]) if found and codes.read(found[1]) else None


def act(request: Request, text: str) -> str:
    """Do what the words ask for, inside the caller's transaction; what to say."""
    told = {"code": codes.shown(request.code)}
    try:
        if words.said(text) in words.STOP:
            subscriptions.end(request, Channel.SMS)
            return _("It is done: you are told no more because of %(code)s.") % told
        if request.state == State.REFUSED:
            timeline.appeal(request, text, Channel.SMS)
            return _("We wrote it down. Someone else reads %(code)s again.") % told
        if request.state in (State.ANSWERED, State.CLOSED):
            return _after_the_answer(request, text) % told
        timeline.add_words(request, text, Channel.SMS)
    except Refused as refusal:
        return str(refusal)
    return _("It is added to %(code)s.") % told


def _after_the_answer(request: Request, text: str) -> str:
    if only_thanks(text):
        timeline.note(request, FactKind.ADDED, words=text, channel=Channel.SMS)
        return _("Thank you. It is added to %(code)s, which stays as it is.")
    timeline.reopen(request, text, channel=Channel.SMS)
    return _("%(code)s is open again. You get a new answer.")


def offer(story: Story) -> str:
    """What the person may do with the code, for the end of the timeline."""
    told = {"code": story.code}
    if story.may_contest:
        return _("You disagree? Send %(code)s, then why.") % told
    if story.may_reopen:
        return _("Not solved? Send %(code)s, then what remains.") % told
    if story.may_complete:
        return _("Something to add? Send %(code)s, then your words.") % told
    return ""
