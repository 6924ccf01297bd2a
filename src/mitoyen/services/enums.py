"""Channels, states and facts of a request."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Channel(TextChoices):
    WEB = "web", _("on the web")
    SMS = "sms", _("by SMS")
    MAIL = "mail", _("by e-mail")
    PAPER = "paper", _("on paper")
    COUNTER = "counter", _("at the counter")
    PHONE = "phone", _("by phone")
    OPEN311 = "open311", _("from another application")
    IMPORT = "import", _("from a file")


OFFLINE = frozenset({Channel.SMS, Channel.PAPER, Channel.COUNTER, Channel.PHONE})
"""Those that need no connection to the internet."""


class State(TextChoices):
    """`held`: not read yet, nobody is notified. `open` and `answered` may still move; the rest is the end.
    `unknown`: imported from a source that doesn't say; nobody waits for it here."""

    HELD = "held", _("waiting to be read")
    OPEN = "open", _("under way")
    ANSWERED = "answered", _("answered")
    CLOSED = "closed", _("finished")
    REFUSED = "refused", _("set aside by moderation")
    UNKNOWN = "unknown", _("not told by its source")


class FactKind(TextChoices):
    RECEIVED = "received", _("received")
    HELD = "held", _("held until someone reads it")
    RELEASED = "released", _("read and accepted")
    REFUSED = "refused", _("set aside by moderation")
    APPEALED = "appealed", _("the decision is contested")
    PASSED_ON = "passed_on", _("passed on")
    MOVED = "moved", _("moved to another commune")
    ANSWERED = "answered", _("answered")
    CLOSED = "closed", _("finished")
    REOPENED = "reopened", _("opened again")
    JOINED = "joined", _("joined to a similar request")
    ADDED = "added", _("completed")
    NOTED = "noted", _("note between agents")
    APPOINTMENT = "appointment", _("appointment")
    STOPPED = "stopped", _("no longer told")
    UNREACHED = "unreached", _("the person could not be reached")
    ERASED = "erased", _("personal data erased")


class Way(TextChoices):
    """How a person wants to be reached."""

    NONE = "none", _("by nothing: I follow with the code")
    SMS = "sms", _("by SMS")
    MAIL = "mail", _("by e-mail")
    PHONE = "phone", _("by phone")
    LETTER = "letter", _("by letter")
