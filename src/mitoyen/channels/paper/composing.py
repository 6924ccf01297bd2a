"""Makes the layout of a service's printed form from its manifest: no service is known here by name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.channels.paper import layout, wrapping
from mitoyen.channels.paper.layout import BOTTOM, CONTACT, LEFT, NUMBER, RIGHT, TOP, Box, Layout, Page, Words, Zone
from mitoyen.manifests.load import Service
from mitoyen.manifests.service_schema import Question
from mitoyen.services.enums import Way

GAP = 2.0
FULL = RIGHT - LEFT
COLUMN_GAP = 6.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """Letters in points, the rest in millimetres."""

    pt: float
    title: float
    heading: float
    box: float
    row: float
    rule: float


NORMAL = Sizes(pt=12, title=20, heading=13.5, box=5.0, row=8.5, rule=9.5)
LARGE = Sizes(pt=16, title=25, heading=18, box=6.0, row=10.5, rule=12.0)


@dataclass
class Block:
    """What stays together on a page; heights count from its top."""

    words: list[Words] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    height: float = 0.0

    def say(
        self, text: str, pt: float, *, width: float = FULL, x: float = LEFT, bold: bool = False, level: int = 0
    ) -> None:
        """A text below what is there."""
        count = wrapping.lines(text, width, pt, bold)
        self.words.append(Words(x, self.height, width, text, pt, bold, level, count))
        self.height += wrapping.height_mm(count, pt)

    def write(self, question: str, rules: int, sizes: Sizes, part: str = "") -> None:
        """A zone of so many writing lines below what is there."""
        high = rules * sizes.rule + 1.5
        at = tuple(round(self.height + sizes.rule * number, 2) for number in range(1, rules))
        self.zones.append(Zone(question, LEFT, self.height, FULL, high, part, at))
        self.height += high

    def moved(self, down: float) -> "Block":
        """The same, lower on the page."""
        return Block(
            [msgspec.structs.replace(one, y=round(one.y + down, 2)) for one in self.words],
            [msgspec.structs.replace(one, y=round(one.y + down, 2)) for one in self.boxes],
            [_lowered(zone, down) for zone in self.zones],
            [round(cut + down, 2) for cut in self.cuts],
            self.height,
        )


def compose(service: Service, language: str, large: bool = False) -> Layout:
    """The form of a service, in one of the languages, at 12 or (large) 16 points."""
    with translation.override(language):
        return _Form(service, language, large).layout()


class _Form:
    """One form being laid out from top to bottom."""

    def __init__(self, service: Service, language: str, large: bool) -> None:
        self.service, self.language, self.large = service, language, large
        self.sizes = LARGE if large else NORMAL

    def layout(self) -> Layout:
        blocks = [self._opening(), *self._questions(), *self._contact(), *self._closing()]
        pages = self._paginated(blocks)
        manifest = self.service.manifest
        return Layout(
            service=manifest.name,
            version=manifest.version,
            language=self.language,
            large=self.large,
            title=self._text("service.title"),
            pages=tuple(self._numbered(page, number, len(pages)) for number, page in enumerate(pages, 1)),
        )

    def _paginated(self, blocks: list[Block]) -> list[Block]:
        pages, y = [Block()], TOP
        for block in blocks:
            if y + block.height > BOTTOM and y > TOP:
                pages.append(Block())
                y = layout.CODE_AT[1] + layout.CODE_MM + 9.0
            placed = block.moved(y)
            page = pages[-1]
            page.words += placed.words
            page.boxes += placed.boxes
            page.zones += placed.zones
            page.cuts += placed.cuts
            y += block.height + 2 * GAP
        return pages

    def _numbered(self, page: Block, number: int, count: int) -> Page:
        """With what each page repeats: the title, the number of the copy under the code, which page it is."""
        pt = self.sizes.pt
        words = list(page.words)
        beside = layout.CODE_AT[0] - LEFT - 4
        if number > 1:
            title = self._text("service.title")
            words.insert(
                0, Words(LEFT, TOP, beside, title, pt, bold=True, lines=wrapping.lines(title, beside, pt, True))
            )
        under = layout.CODE_AT[1] + layout.CODE_MM + 1
        # Eleven letters at 12 points are a little wider than the code.
        words.append(Words(layout.CODE_AT[0] - 4, under, layout.CODE_MM + 8, NUMBER, 12, bold=True))
        told = _("Page %(number)d of %(count)d") % {"number": number, "count": count}
        words.append(Words(LEFT, 281, 80, told, pt))
        return Page(tuple(words), tuple(page.boxes), tuple(page.zones), tuple(page.cuts))

    def _opening(self) -> Block:
        block, sizes = Block(), self.sizes
        beside = layout.CODE_AT[0] - LEFT - 4
        block.say(str(settings.MITOYEN["territory_name"]), sizes.pt, width=beside)
        block.say(self._text("service.title"), sizes.title, width=beside, bold=True, level=1)
        block.say(self._text("service.summary"), sizes.pt, width=beside)
        block.height = max(block.height, layout.CODE_AT[1] + layout.CODE_MM + 8 - TOP)
        block.say(
            _(
                "Write with a dark pen. Put a cross in the box you choose. A mistake? Scribble over the whole box and "
                "beyond its edges."
            ),
            sizes.pt,
        )
        return block

    def _questions(self) -> Iterator[Block]:
        for question in self.service.manifest.questions:
            make = ANSWERS.get(question.type)
            if make is not None:
                block = self._asked(question)
                make(self, block, question)
                yield block

    def _asked(self, question: Question) -> Block:
        block, told = Block(), self.service.texts[self.language]
        label = self._text(f"questions.{question.name}.label")
        needed = label if question.required else _("%(question)s (if you like)") % {"question": label}
        block.say(needed, self.sizes.heading, bold=True, level=2)
        for part in ("why", "help"):
            if f"questions.{question.name}.{part}" in told:
                block.say(told[f"questions.{question.name}.{part}"], self.sizes.pt)
        block.height += GAP
        return block

    def options(self, question: Question) -> list[tuple[str, str]]:
        """What may be ticked: the value and its words."""
        if question.type == "yes_no":
            return [("yes", _("Yes")), ("no", _("No"))]
        if question.type == "rating":
            return [(str(mark), str(mark)) for mark in range(1, 6)]
        return [(choice, self._text(f"choices.{question.name}.{choice}")) for choice in question.choices]

    def tick(self, block: Block, name: str, options: list[tuple[str, str]]) -> None:
        """Boxes in as many columns as their words leave."""
        sizes = self.sizes
        offset = sizes.box + 2.5
        longest = max(wrapping.width_mm(words, sizes.pt) for _value, words in options)
        count = next(
            n
            for n in (5, 2, 1)
            if n == 1 or (longest + offset <= _column(n) and len(options) >= n and (n < 5 or longest < 12))
        )
        rows = -(-len(options) // count)
        wide = _column(count) - offset
        needed = max(wrapping.lines(words, wide, sizes.pt) for _value, words in options)
        pitch = max(sizes.row, wrapping.height_mm(needed, sizes.pt) + 2.5)
        top = block.height
        letter = wrapping.height_mm(1, sizes.pt)
        for number, (value, words) in enumerate(options):
            # Down the columns, as one reads a list; marks from 1 to 5 side by side.
            column, row = divmod(number, rows)
            x = round(LEFT + column * (_column(count) + COLUMN_GAP), 2)
            y = round(top + row * pitch, 2)
            block.boxes.append(Box(name, value, x, y, sizes.box))
            beside = round(y + (sizes.box - letter) / 2, 2)
            block.words.append(Words(x + offset, beside, wide, words, sizes.pt, lines=needed))
        block.height = top + rows * pitch

    def _contact(self) -> Iterator[Block]:
        asked = self.service.manifest.contact
        if asked == "none":
            return
        block = Block()
        block.say(_("How shall we answer you?"), self.sizes.heading, bold=True, level=2)
        block.height += GAP
        ways = [way for way in Way if way != Way.NONE or asked == "optional"]
        self.tick(block, CONTACT, [(way.value, _capital(str(way.label))) for way in ways])
        block.say(_("Your number or your address"), self.sizes.pt)
        block.write(CONTACT, 2, self.sizes, "value")
        block.height += GAP
        block.say(_("Your name (if you like)"), self.sizes.pt)
        block.write(CONTACT, 1, self.sizes, "name")
        yield block

    def _closing(self) -> Iterator[Block]:
        yield self._where()
        yield self._kept()
        yield self._stub()

    def _where(self) -> Block:
        block, pt = Block(), self.sizes.pt
        block.say(_("Where do I hand this form in?"), self.sizes.heading, bold=True, level=2)
        block.say(_("At the counter of your town hall, or by post."), pt)
        for told, name in ((_("Address: %(value)s"), "contact_address"), (_("By phone: %(value)s"), "contact_phone")):
            if settings.MITOYEN[name]:
                block.say(told % {"value": settings.MITOYEN[name]}, pt)
        days = self.service.manifest.answer_days
        promise = ngettext("You get an answer within %(days)d day.", "You get an answer within %(days)d days.", days)
        block.say(promise % {"days": days}, pt)
        return block

    def _kept(self) -> Block:
        block, pt = Block(), self.sizes.pt
        block.say(_("What we keep, and how long"), self.sizes.heading, bold=True, level=2)
        for data in self.service.manifest.data:
            if data.what == "photos":
                continue
            months = ngettext(
                "We keep this %(count)d month after the end.",
                "We keep this %(count)d months after the end.",
                data.months,
            )
            basis = _("Why we may: %(basis)s.") % {"basis": BASES[data.basis]()}
            block.say(" ".join((self._text(f"data.{data.what}"), months % {"count": data.months}, basis)), pt)
        block.say(
            _(
                "This sheet is destroyed once your request is in. You may see, correct or have erased what we keep: "
                "ask us."
            ),
            pt,
        )
        return block

    def _stub(self) -> Block:
        block = Block()
        block.cuts.append(2.0)
        block.height = 5.0
        block.say(_("Keep this part"), self.sizes.heading, bold=True, level=2)
        block.say(
            _(
                "The number of your request: %(number)s. With it you know where your request is: at the counter, by "
                "phone, by SMS or on the web."
            )
            % {"number": NUMBER},
            self.sizes.pt,
        )
        block.say(_("One sheet is one request: don’t photocopy a sheet, ask for another one."), self.sizes.pt)
        return block

    def _text(self, key: str) -> str:
        return self.service.text(key, self.language)


def _one_line(form: _Form, block: Block, question: Question) -> None:
    block.write(question.name, 2 if question.type == "text" and question.longest > 60 else 1, form.sizes)


def _words(form: _Form, block: Block, question: Question) -> None:
    block.write(question.name, min(7, max(4, question.longest // 150)), form.sizes)


def _boxes(form: _Form, block: Block, question: Question) -> None:
    if question.type == "choices":
        block.say(_("Several answers are possible."), form.sizes.pt)
        block.height += GAP
    form.tick(block, question.name, form.options(question))


def _place(form: _Form, block: Block, question: Question) -> None:
    block.write(question.name, 2, form.sizes)
    block.height += GAP
    block.say(_("In which commune?"), form.sizes.pt)
    block.write(question.name, 1, form.sizes, "commune")


def _venue(form: _Form, block: Block, question: Question) -> None:
    block.say(_("Write the commune, and the days and hours that suit you. We tell you the time."), form.sizes.pt)
    block.height += GAP
    block.write(question.name, 3, form.sizes)


# Paper carries no photo; the checker of manifests makes sure that none is required.
ANSWERS: dict[str, Callable[[_Form, Block, Question], None]] = {
    "text": _one_line,
    "number": _one_line,
    "date": _one_line,
    "code": _one_line,
    "words": _words,
    "choice": _boxes,
    "choices": _boxes,
    "yes_no": _boxes,
    "rating": _boxes,
    "place": _place,
    "venue": _venue,
}
BASES: dict[str, Callable[[], str]] = {
    "consent": lambda: _("you agree to it, and may change your mind"),
    "contract": lambda: _("what we agreed needs it"),
    "legal_obligation": lambda: _("the law asks for it"),
    "vital_interests": lambda: _("it protects someone’s life"),
    "public_task": lambda: _("it is a public service’s task"),
}


def _lowered(zone: Zone, down: float) -> Zone:
    rules = tuple(round(rule + down, 2) for rule in zone.rules)
    return msgspec.structs.replace(zone, y=round(zone.y + down, 2), rules=rules)


def _column(count: int) -> float:
    return (FULL - COLUMN_GAP * (count - 1)) / count


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
