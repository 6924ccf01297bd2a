"""Reports of servers (RFC 3464): which notice did not arrive, and whether for good."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from mitoyen.channels.mail import addresses
from mitoyen.channels.mail.addresses import Tag
from mitoyen.channels.mail.incoming import Mail
from mitoyen.ledger import outbox
from mitoyen.ledger.enums import NoticeState, NoticeWay
from mitoyen.ledger.models import Notice
from mitoyen.services import unreached
from mitoyen.services.enums import Channel, Way

# A permanent failure in the words of servers that don't write reports.
FOR_GOOD = re.compile(
    r"(?<![\d.])(?:5\d\d[ -]|5\.\d{1,3}\.\d{1,3}\b)|user unknown|does not exist|n[’']existe pas", re.IGNORECASE
)
FOR_NOW = re.compile(r"\bdelayed\b|\bretard|will (?:continue|keep) trying|nouvelle tentative", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`action` as in the report: failed, delayed, delivered, relayed, expanded; `status` like 5.1.1."""

    action: str
    status: str


def take(mail: Mail, tag: Tag) -> Notice | None:
    """Note what a report says of the notice that it is about. The signed envelope address, or the Message-ID that only
    the recipient knew, says which: nobody makes a report up. None when it is about none of ours."""
    notice = _notice(mail, tag)
    if notice is None:
        return None
    verdict = _verdict(mail)
    if verdict.action == "failed":
        give_up(notice, f"{verdict.status} {mail.subject}".strip())
    elif verdict.action == "delivered" and notice.state == NoticeState.HANDED:
        outbox.arrived(notice)
    return notice


def give_up(notice: Notice, why: str) -> None:
    """The notice failed for good: the desk must reach the person otherwise."""
    outbox.failed(notice, why)
    unreached.flag(notice.about, Way.MAIL, notice.to, Channel.MAIL)


def _notice(mail: Mail, tag: Tag) -> Notice | None:
    mails = Notice.objects.filter(way=NoticeWay.MAIL)
    if tag.kind == "n":
        return mails.filter(pk=tag.number).first()
    names = [*mail.references, *_returned_ids(mail)]
    return mails.filter(reference__in=[name for name in names if name.endswith(f"@{addresses.domain()}>")]).first()


def _returned_ids(mail: Mail) -> Iterator[str]:
    """Message-IDs of the mails or headers that a report gives back."""
    for part in mail.message.walk():
        if part.get_content_type() == "message/rfc822":
            yield from _ids(str(inner.get("Message-ID") or "") for inner in _inner(part))
        elif part.get_content_type() == "text/rfc822-headers":
            text = part.get_payload(decode=True)
            found = re.search(rb"(?im)^message-id:\s*(<[^<>\s]+>)", text if isinstance(text, bytes) else b"")
            if found:
                yield found[1].decode("ascii", "replace")


def _ids(values: Iterator[str]) -> Iterator[str]:
    for value in values:
        yield from re.findall(r"<[^<>\s]{3,300}>", value[:2000])


def _inner(part: Message) -> list[Message]:
    children = part.get_payload()
    return [child for child in children if isinstance(child, Message)] if isinstance(children, list) else []


def _verdict(mail: Mail) -> Verdict:
    for part in mail.message.walk():
        if part.get_content_type() == "message/delivery-status":
            for fields in _inner(part):
                action = str(fields.get("Action") or "").strip().lower()
                if action:
                    return Verdict(action.split()[0], str(fields.get("Status") or "").strip()[:20])
    found = FOR_GOOD.search(mail.text)
    if found and not FOR_NOW.search(f"{mail.subject}\n{mail.text[:5000]}"):
        return Verdict("failed", found[0].strip()[:20])
    return Verdict("unknown", "")
