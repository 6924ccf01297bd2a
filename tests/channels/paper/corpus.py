"""A corpus of scans over every service, language and size, and how many of its boxes the reader gets right."""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from mitoyen.channels.paper import forms, reading
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.enums import Verdict
from mitoyen.manifests.registry import services
from mitoyen.services import codes
from tests.channels.paper import scans


@dataclass
class Score:
    """Boxes and zones counted by what the reader said of them."""

    pages: int = 0
    reading_s: float = 0.0
    unread: list[tuple[int, str, str]] = field(default_factory=list)
    boxes: Counter[str] = field(default_factory=Counter)
    zones: Counter[str] = field(default_factory=Counter)
    wrong: list[object] = field(default_factory=list)

    @property
    def right(self):
        """Share of boxes that were sure and right, those of unread pages counted as not."""
        return self.boxes["right"] / max(sum(self.boxes.values()), 1)


class Corpus:
    """Scans by number; the same number is the same scan."""

    def __init__(self):
        self.forms = [
            compose(service, language, large)
            for service in services.installed().values()
            for language in ("fr", "en")
            for large in (False, True)
        ]
        self._printed = {}

    def scan(self, seed):
        """(layout, filled page) of a seed."""
        dice = random.Random(seed * 7919)
        at = dice.randrange(len(self.forms))
        form = self.forms[at]
        # Pages with something to tick or to write, the last one of a form may have neither.
        pages = [n for n, page in enumerate(form.pages) if page.boxes or page.zones]
        number = dice.choice(pages)
        if at not in self._printed:
            self._printed[at] = forms.drawn(form, [codes.new_code()])
        paper = scans.page_of(self._printed[at], number)
        return form, scans.scan(paper, form.pages[number], number + 1, seed)


def score(seeds):
    """Read the scans of these seeds. `by_kind` too: how the table of the bench is made."""
    corpus, layouts = Corpus(), reading.Layouts()
    whole, by_kind = Score(), {kind: Score() for kind in scans.KINDS}
    for seed in seeds:
        form, made = corpus.scan(seed)
        started = time.monotonic()
        read = reading.read_picture(made.picture, layouts, at=seed)
        whole.reading_s += time.monotonic() - started
        for one in (whole, by_kind[made.kind]):
            count(one, seed, form, made, read)
    return whole, by_kind


def count(total, seed, form, made, read):
    """Add one page to a score."""
    total.pages += 1
    page = form.pages[made.page - 1]
    if isinstance(read, reading.Unread):
        total.unread.append((seed, made.kind, read.code))
        total.boxes["unread"] += len(page.boxes)
        return
    assert (read.identity.service, read.identity.page) == (form.service, made.page)
    for box in read.boxes:
        key = (box.box.question, box.box.choice)
        total.boxes[_judged(box.verdict, key in made.ticked, key in made.struck)] += 1
        if _judged(box.verdict, key in made.ticked, key in made.struck) == "wrong":
            total.wrong.append((seed, made.kind, key, box))
    for zone in read.zones:
        truth = (zone.zone.question, zone.zone.part) in made.written
        said = {Verdict.TICKED: True, Verdict.EMPTY: False}.get(zone.verdict)
        judged = "unsure" if said is None else "right" if said == truth else "wrong"
        if judged == "wrong" and said:
            # Something was there, if only a stain: a clerk looks at it for nothing.
            judged = "needless"
        total.zones[judged] += 1
        if judged == "wrong":
            total.wrong.append((seed, made.kind, zone.zone.question, zone.verdict, zone.ink))


def _judged(verdict, ticked, struck):
    if verdict == Verdict.UNSURE:
        return "unsure"
    if verdict == Verdict.STRUCK:
        # Not chosen, and shown to a human: never wrong unseen, right only where it was struck.
        return "right" if struck else "unsure"
    if struck:
        return "right" if verdict == Verdict.EMPTY else "wrong"
    return "right" if (verdict == Verdict.TICKED) == ticked else "wrong"
