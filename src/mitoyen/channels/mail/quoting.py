"""What a person wrote in an answer, apart from what their mail program quoted below or above it.

Tables of the shapes that French mail programs leave (Gmail, Outlook, Thunderbird, Apple, Orange, Free/Zimbra, SFR,
Yahoo, phones), and rules that lean to one side: what isn't surely a quote is kept.
"""

import re
from collections.abc import Iterator, Sequence

_GAP = r"[\s\u00a0\u202f]*"
# "Le lun. 23 nov. 2026 à 10:12, X a écrit :" and its kin, on one line or wrapped over some. Each needs a figure (a
# date) and either an hour, an address or quoted lines below: "Le maire a écrit :" is a sentence like any other.
ATTRIBUTIONS = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"^Le\b.{{4,300}}?[\s>»\"]a{_GAP}écrit{_GAP}:$",
        rf"^.{{1,200}}?[\s>»\"]a{_GAP}écrit(?:{_GAP}(?:le|:).{{4,80}}?)?{_GAP}:$",
        rf"^En date de\s*:?.{{4,200}}?a{_GAP}écrit{_GAP}:$",
        rf"^On\b.{{4,300}}?\bwrote{_GAP}:$",
        r"^(?:Am|El|Il|Op)\b.{4,300}?(?:schrieb|escribió|ha scritto|schreef).{0,80}:$",
    )
)
WRAPPED_OVER = 4
DATED = re.compile(r"^(?:Le|On)\s+(?:[^\W\d]{2,12}[.,]{0,2}\s+){0,2}\d", re.IGNORECASE)
_DEVICE = (
    r"(?:mon|ma|un|une|l[’']app|la messagerie|mail|courrier|outlook|yahoo|gmail|proton|bluemail|samsung|galaxy|iphone|"
    r"ipad|android|windows|thunderbird|icloud|orange|sfr|free|bouygues|la ?poste|tutanota)\b"
)
HOUR = re.compile(r"\b\d{1,2}\s?[:h]\s?\d{2}\b")
ADDRESS = re.compile(r"[^\s<>@]+@[^\s<>@]+")
# Lines that say by themselves that all that follows is the mail that was answered. A forwarded mail isn't among them:
# who forwards something means it to be read.
SEPARATORS = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"^-{{2,}}{_GAP}(?:Message|Mail|Courriel|E-?mail){_GAP}(?:d{_GAP}[’']{_GAP}origine|original|initial|précédent){_GAP}-{{2,}}$",
        rf"^-{{2,}}{_GAP}Original (?:Message|Appointment){_GAP}-{{2,}}$",
        r"^Message du\s*:?\s*\d{1,2}/\d{1,2}/\d{2,4}\b.*$",
        r"^-{2,}\s*(?:Répondre au|Réponse au) message(?: suivant)?\s*-{2,}$",
        r"^\*{3,}\s*Message d[’']origine\s*\*{3,}$",
    )
)
# A block of headers, as Outlook, Zimbra and the webmails leave it: at least three of these lines, the first a sender.
BLOCK_FIRST = re.compile(rf"^\W{{0,3}}(?:De|From|Expéditeur|Von){_GAP}:\W{{0,3}}\s*\S", re.IGNORECASE)
BLOCK_NEXT = re.compile(
    rf"^\W{{0,3}}(?:Envoyé(?: le)?|Date(?: d[’']envoi)?|Sent|À|A|Pour|To|Cc|Copie(?: à)?|Cci|Objet|Sujet|Subject|"
    rf"Importance|Répondre à|Reply-To|Destinataires?|Gesendet|An|Betreff){_GAP}:",
    re.IGNORECASE,
)
RULE = re.compile(r"^\s*(?:_{8,}|={8,}|-{20,})\s*$")
# What phones and virus scanners put below a mail: that line goes, what follows stays.
TRAILERS = tuple(
    re.compile(shape, re.IGNORECASE)
    for shape in (
        rf"^\W{{0,3}}Envoyée? (?:de|depuis|à partir (?:de|du|d[’'])|avec|par|via) ?{_DEVICE}.{{0,100}}$",
        r"^\W{0,3}(?:Télécharge[rz]|Obtenir|Obtenez|Get) (?:Outlook|BlueMail|Yahoo|Gmail|Thunderbird)\b.{0,120}$",
        r"^\W{0,3}Sent (?:from|with|using|via)\b.{0,120}$",
        r"^\W{0,3}Provenance\s*:\s*Courrier\b.{0,120}$",
        r"^\W{0,3}(?:Garanti sans virus|Virus-free|Sans virus)\b.{0,200}$",
        r"^\W{0,3}(?:L[’']absence de virus dans ce courrier|Cet e-?mail a été vérifié par)\b.{0,200}$",
        r"^\[?(?:image|cid)\s*:[^\]]{1,200}\]?$",
    )
)
MARK = re.compile(r"^\s{0,3}(?:>|&gt;)")
SIGNATURE = re.compile(r"^--\s?$")
LONGEST_SIGNATURE = 12


def written(text: str) -> str:
    """The person's own words, without quotes and signature; all of it when nothing else would be left."""
    lines = [_trimmed(line) for line in text.replace("\r\n", "\n").split("\n")]
    kept = list(_kept(lines))
    own = _joined(_without_trailers(_without_signature(kept)))
    if own:
        return own
    # Nothing left: they wrote inside what looked like a quote, or only a signature. Better too much than nothing.
    return _joined(kept) or ("" if _is_all_marked(lines) else _joined(lines))


def _kept(lines: Sequence[str]) -> Iterator[str]:
    """Lines that aren't quoted, up to where everything is."""
    at = 0
    while at < len(lines):
        if _is_marked(lines[at]):
            at += 1
            continue
        if _ends_here(lines, at):
            return
        wrapped = _attribution(lines, at)
        if wrapped:
            below = next((line for line in lines[at + wrapped :] if line.strip()), "")
            if not _is_marked(below):
                return
            at += wrapped
            continue
        yield lines[at]
        at += 1


def _ends_here(lines: Sequence[str], at: int) -> bool:
    line = lines[at].strip()
    if any(shape.match(line) for shape in SEPARATORS):
        return True
    if RULE.match(line):
        following = next((n for n in range(at + 1, min(at + 4, len(lines))) if lines[n].strip()), None)
        return following is not None and not RULE.match(lines[following]) and _ends_here(lines, following)
    return bool(BLOCK_FIRST.match(line)) and _is_block(lines, at)


def _is_block(lines: Sequence[str], at: int) -> bool:
    """Two further header lines within the next six: wrapped recipients stand between."""
    nearby = [line.strip() for line in lines[at + 1 : at + 8] if line.strip()][:6]
    return sum(1 for line in nearby if BLOCK_NEXT.match(line)) >= 2


def _attribution(lines: Sequence[str], at: int) -> int:
    """How many lines "Le … a écrit :" takes from here; 0 when there is none."""
    text = ""
    for taken in range(1, WRAPPED_OVER + 1):
        if at + taken > len(lines) or (taken > 1 and not lines[at + taken - 1].strip()):
            return 0
        text = f"{text} {lines[at + taken - 1].strip()}".strip()
        if len(text) > 500:
            return 0
        if taken > 1 and (not DATED.match(lines[at].strip()) or DATED.match(lines[at + taken - 1].strip())):
            return 0  # Wrapped ones start with their date: the line above another one is the person's.
        if text.endswith(":") and any(shape.match(text) for shape in ATTRIBUTIONS):
            below = next((line for line in lines[at + taken :] if line.strip()), "")
            told = any(letter.isdigit() for letter in text)
            sure = bool(HOUR.search(text) or ADDRESS.search(text))
            return taken if (told and sure) or (_is_marked(below) and (told or sure)) else 0
    return 0


def _without_signature(lines: Sequence[str]) -> list[str]:
    """Up to the first "-- " with few enough lines below: a long text under two dashes is no signature."""
    below, cut = 0, len(lines)
    for at in range(len(lines) - 1, -1, -1):
        if SIGNATURE.match(lines[at]):
            cut = at
        below += bool(lines[at].strip())
        if below > LONGEST_SIGNATURE:
            break
    return list(lines[:cut])


def _without_trailers(lines: Sequence[str]) -> list[str]:
    """Only at the end: anywhere else such a line is a sentence."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or any(shape.match(lines[end - 1].strip()) for shape in TRAILERS)):
        end -= 1
    return list(lines[:end])


def _is_marked(line: str) -> bool:
    return bool(MARK.match(line))


def _is_all_marked(lines: Sequence[str]) -> bool:
    """Quotes and where they come from, and nothing else."""
    return any(_is_marked(line) for line in lines) and not any(line.strip() for line in _kept(lines))


def _trimmed(line: str) -> str:
    # "-- " keeps its blank: it says that a signature follows.
    return line if line == "-- " else line.rstrip()


def _joined(lines: Sequence[str]) -> str:
    """Without empty lines at either end, and never more than one in a row."""
    told: list[str] = []
    for line in lines:
        if line.strip() or (told and told[-1].strip()):
            told.append(line)
    return "\n".join(told).strip()
