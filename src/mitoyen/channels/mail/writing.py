"""A notice as a mail: plain text in the person's language, an address to reply to, headers that keep machines quiet."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from mitoyen.channels.mail import addresses
from mitoyen.channels.mail.models import Dialogue
from mitoyen.ledger.models import Notice
from mitoyen.services import codes
from mitoyen.services.models import Request

DIALOGUE, REQUEST, ANNOUNCEMENT = "mail:", "request:", "announcement:"
TEAM = "team:"
"""What the keys of notices to a team begin with: what it answers is no word of the person's."""


def compose(notice: Notice) -> EmailMessage:
    """The same notice always gives the same mail. Raises ValueError for an address that no mail can bear."""
    name, address = parseaddr(str(settings.MITOYEN["mail_from"]))
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _address(name or str(settings.MITOYEN["territory_name"]), address)
    mail["To"] = _address("", notice.to)
    mail["Message-ID"] = addresses.message_id(notice.key)
    mail["Date"] = format_datetime(notice.made_at)
    mail["Auto-Submitted"] = "auto-generated"
    # Microsoft's servers keep their holders' absence to themselves then; failures are still reported.
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    with translation.override(notice.language):
        subject, foot = _about(mail, notice)
        mail["Subject"] = " ".join((notice.subject or subject).split())
        mail.set_content("\n\n".join([notice.body.strip(), *foot]) + _signature(), cte="quoted-printable")
    mail["Content-Language"] = notice.language
    return mail


def sender_of(notice: Notice) -> str:
    """The envelope's address: what comes back to it says which notice did not arrive."""
    return addresses.signed("n", notice.pk)


def follow_address(language: str) -> str:
    """Where a code is typed in."""
    base = str(settings.MITOYEN["public_url"]).rstrip("/")
    return f"{base}/suivre/" if language == "fr" else f"{base}/{language}/suivre/"


def _about(mail: EmailMessage, notice: Notice) -> tuple[str, list[str]]:
    """Sets what an answer goes to; the subject and the lines below the body."""
    if notice.about.startswith(ANNOUNCEMENT):
        stop = addresses.signed("n", notice.pk)
        mail["List-Unsubscribe"] = f"<mailto:{stop}?subject=STOP>"
        mail["Reply-To"] = _address("", stop)
        return notice.subject, [_("You asked to be told about this. To stop, reply STOP to this message.")]
    if notice.about.startswith(REQUEST) and not notice.key.startswith(TEAM):
        request = Request.objects.filter(code=notice.about.removeprefix(REQUEST)).first()
        if request is not None:
            mail["Reply-To"] = _address("", addresses.signed("r", request.pk))
            mail["References"] = addresses.thread_id("r", request.pk)
            return _("Your request %(code)s") % {"code": codes.shown(request.code)}, _how_to_follow(request, notice)
    number = notice.about.removeprefix(DIALOGUE)
    if notice.about.startswith(DIALOGUE) and number.isdigit():
        dialogue = Dialogue.objects.filter(pk=int(number)).first()
        if dialogue is not None:
            mail["Reply-To"] = _address("", addresses.signed("q", dialogue.pk))
            theirs = dialogue.in_reply_to if dialogue.in_reply_to.isascii() and dialogue.in_reply_to[:1] == "<" else ""
            mail["References"] = " ".join(filter(None, [addresses.thread_id("q", dialogue.pk), theirs]))
            if theirs:
                mail["In-Reply-To"] = theirs
    return str(settings.MITOYEN["territory_name"]), []


def _how_to_follow(request: Request, notice: Notice) -> list[str]:
    code = codes.shown(request.code)
    phone = str(settings.MITOYEN["contact_phone"])
    lines = [
        _("Your follow-up code: %(code)s") % {"code": code},
        _("To see where it stands: %(address)s") % {"address": follow_address(notice.language)},
        _("To add something, or to say that it isn’t solved: reply to this message. Photos are welcome."),
    ]
    if phone:
        lines.append(_("By phone: %(phone)s, with your code.") % {"phone": phone})
    return ["\n".join(lines)]


def _signature() -> str:
    return f"\n\n-- \n{settings.MITOYEN['territory_name']}\n"


def _address(name: str, address: str) -> Address:
    """Raises ValueError on line ends and other marks that would write headers of their own."""
    local, _at, at = address.rpartition("@")
    if not local or not at:
        raise ValueError(address)
    return Address(" ".join(name.split()), local, at.encode("idna").decode() if not at.isascii() else at)
