"""A mail as bytes into what matters of it, under limits. Whatever is in it, nothing here raises but `Harmful`."""

import codecs
import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import header
from email.errors import HeaderParseError
from email.message import Message
from email.utils import getaddresses, unquote

from mitoyen.channels.mail.html_text import text_of_html
from mitoyen.services.answers import clean

MOST_NESTED = 30
MOST_PARTS = 300
MOST_HEADER_BYTES = 200_000
LONGEST_TEXT = 200_000
LONGEST_HEADER = 2_000
NESTING = re.compile(rb"boundary\s*\*?\d?\s*=|message/rfc822|message/global", re.IGNORECASE)
# Those that mails are written in. Others (idna, utf-7, unicode_escape…) are slow, or say what isn't there.
CHARSETS = frozenset(
    {"ascii", "utf-8", "iso8859-1", "iso8859-15", "iso8859-2", "iso8859-9", "cp1252", "cp1250", "cp1254", "mac-roman",
     "utf-16", "utf-16-le", "utf-16-be", "koi8-r", "cp1251", "gb18030", "gb2312", "big5", "shift_jis", "euc_jp"}
)  # fmt: skip


class Harmful(Exception):
    """This mail is built to do harm, or is no mail: refused for good."""


@dataclass(frozen=True, slots=True)
class File:
    """Something attached."""

    kind: str
    content: bytes


@dataclass
class Mail:
    """One mail. `text`: what stands in it, quotes included; `message` is only asked for headers."""

    message: Message
    sender: str
    name: str
    subject: str
    message_id: str
    references: tuple[str, ...]
    text: str
    files: list[File] = field(default_factory=list)

    def head(self, name: str) -> str:
        """A header in plain text, in lower case; empty when it is missing."""
        return _header(self.message, name).lower()


def read(content: bytes) -> Mail:
    """Raises Harmful."""
    _refuse_bombs(content)
    try:
        message = email.message_from_bytes(content)
        parts = list(_leaves(message))
        text = _text(message, 0)
    except (RecursionError, MemoryError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Harmful("this mail can't be read") from error
    sender, name = _sender(message)
    return Mail(
        message=message,
        sender=sender,
        name=name,
        subject=" ".join(clean(_header(message, "Subject")).split())[:200],
        message_id=_header(message, "Message-ID")[:300],
        references=_references(message),
        text=clean(text[:LONGEST_TEXT]),
        files=[File(part.get_content_type(), _bytes(part)) for part in parts if _is_file(part)],
    )


def _refuse_bombs(content: bytes) -> None:
    """Before the parser sees it: each level of nesting costs it every line once more."""
    head = content.partition(b"\r\n\r\n")[0] if b"\r\n\r\n" in content else content.partition(b"\n\n")[0]
    if len(head) > MOST_HEADER_BYTES:
        raise Harmful("its headers are too long")
    if sum(1 for _found in NESTING.finditer(content)) > MOST_NESTED:
        raise Harmful("it holds mails in mails in mails")


def _leaves(message: Message) -> Iterator[Message]:
    """Every part that holds no others; a mail attached to a mail counts as one."""
    waiting, seen = [message], 0
    while waiting:
        part = waiting.pop()
        seen += 1
        if seen > MOST_PARTS:
            raise Harmful("it has too many parts")
        children = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(children, list):
            if len(children) > MOST_PARTS:
                raise Harmful("it has too many parts")
            waiting += [child for child in reversed(children) if isinstance(child, Message)]
        else:
            yield part


def _text(part: Message, depth: int) -> str:
    """What stands in a part: of alternatives the plain one, unless it is empty."""
    children = part.get_payload()
    kind = part.get_content_type()
    if part.is_multipart() and isinstance(children, list) and depth <= MOST_NESTED:
        if part.get_content_maintype() == "message":
            return ""
        inner = [child for child in children if isinstance(child, Message)]
        if kind == "multipart/alternative":
            ranked = sorted(inner, key=lambda child: child.get_content_type() != "text/plain")
            return next((text for text in (_text(child, depth + 1) for child in ranked) if text.strip()), "")
        return "\n".join(text for text in (_text(child, depth + 1) for child in inner) if text.strip())
    if _is_file(part):
        return ""
    if kind == "text/html":
        return text_of_html(_decoded(part))
    # A multipart without its parts, or of no known type, is taken for the text that it is.
    return _flowed(part, _decoded(part))


def _is_file(part: Message) -> bool:
    kind = part.get_content_maintype()
    if part.is_multipart() and kind != "message":
        return False
    disposition = str(part.get("Content-Disposition") or "").lower().strip()
    return kind not in ("text", "multipart") or disposition.startswith("attachment")


def _bytes(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return content if isinstance(content, bytes) else b""


def _decoded(part: Message) -> str:
    return decoded(_bytes(part), str(part.get_param("charset") or ""))


def decoded(content: bytes, charset: str) -> str:
    """Bytes of a stated charset as text; UTF-8, then Windows' own, where it is unknown or untrue."""
    for name in (_charset(charset), "utf-8"):
        if name:
            try:
                return content.decode(name)
            except (UnicodeDecodeError, ValueError):
                continue
    return content.decode("cp1252", "replace")


def _charset(name: str) -> str:
    try:
        known = codecs.lookup(name.strip("\"' ")[:40]).name
    except (LookupError, ValueError, TypeError):
        return ""
    return known if known in CHARSETS else ""


def _flowed(part: Message, text: str) -> str:
    """format=flowed (RFC 3676): a line that ends in a space goes on in the next one of the same quoting."""
    if str(part.get_param("format") or "").lower() != "flowed":
        return text
    without = str(part.get_param("delsp") or "").lower() == "yes"
    lines: list[str] = []
    open_depth = -1
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:].removeprefix(" ")
        if open_depth == depth and lines:
            lines[-1] += body
        else:
            lines.append((">" * depth + " " if depth else "") + body)
        goes_on = body.endswith(" ") and body != "-- "
        open_depth = depth if goes_on else -1
        if goes_on and without:
            lines[-1] = lines[-1][:-1]
    return "\n".join(lines)


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    text = str(value)[:LONGEST_HEADER]
    try:
        pieces = header.decode_header(text)
    except (HeaderParseError, ValueError, LookupError):
        return " ".join(text.split())
    told = "".join(piece if isinstance(piece, str) else decoded(piece, charset or "") for piece, charset in pieces)
    return " ".join(told.replace("\x00", "").split())


def _sender(message: Message) -> tuple[str, str]:
    """Address and name of who wrote: Reply-To where there is one, since that is where they want to be answered."""
    _name, answered = _address(message, "Reply-To")
    name, address = _address(message, "From")
    return answered or address, name


def _address(message: Message, name: str) -> tuple[str, str]:
    value = message.get(name)
    if value is None:
        return "", ""
    # Names are decoded after the address was found: an encoded name can't smuggle an address in.
    found = [pair for pair in getaddresses([" ".join(str(value)[:LONGEST_HEADER].split())]) if "@" in pair[1]]
    if not found:
        return "", ""
    shown, address = found[0]
    try:
        pieces = header.decode_header(shown)
        shown = "".join(piece if isinstance(piece, str) else decoded(piece, charset or "") for piece, charset in pieces)
    except (HeaderParseError, ValueError, LookupError):
        shown = ""
    return " ".join(clean(unquote(shown)).split())[:120], clean(address)[:300]


def _references(message: Message) -> tuple[str, ...]:
    text = f"{message.get('In-Reply-To') or ''} {message.get('References') or ''}"[:20_000]
    return tuple(re.findall(r"<[^<>\s]{3,300}>", text))[:100]
