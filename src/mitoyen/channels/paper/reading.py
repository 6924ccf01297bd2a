"""Reads scanned files back into forms: which form and page each picture is, what is ticked, where something is written.

Reading never hands anything in: it only tells what was seen and how sure that is.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils.translation import gettext as _
from PIL import Image

from mitoyen.channels.paper import measuring, registering, rendering
from mitoyen.channels.paper.composing import compose
from mitoyen.channels.paper.identity import Identity
from mitoyen.channels.paper.layout import Layout, Page
from mitoyen.channels.paper.measuring import Ticked, Written
from mitoyen.channels.paper.models import PrintedLayout
from mitoyen.manifests.registry import services

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One picture that is a page of a form."""

    file: str
    at: int
    identity: Identity
    form: Layout
    boxes: list[Ticked]
    zones: list[Written]
    error_mm: float
    sheet: measuring.Sheet

    @property
    def printed(self) -> Page:
        """The page of the layout."""
        return self.form.pages[self.identity.page - 1]


@dataclass(frozen=True, slots=True)
class Unread:
    """A picture that could not be read (page 0: the whole file), and why."""

    file: str
    at: int
    code: str

    @property
    def why(self) -> str:
        """In words, with what to do."""
        return WHY[self.code]()


@dataclass
class ReadForm:
    """Pages of one printed copy."""

    pages: list[ReadPage] = field(default_factory=list)

    @property
    def form(self) -> Layout:
        return self.pages[0].form

    @property
    def identity(self) -> Identity:
        return self.pages[0].identity

    @property
    def missing(self) -> list[int]:
        """Numbers of the pages that are not there, of those on which something is asked."""
        return [number for number in self.form.needed if not self.has(number)]

    def has(self, number: int) -> bool:
        """Whether this page is there."""
        return any(page.identity.page == number for page in self.pages)


def read_files(files: Sequence[Path], progress: Progress = lambda _done, _total: None) -> Iterator[ReadPage | Unread]:
    """Every page of every file, in order."""
    layouts = Layouts()
    for number, file in enumerate(files):
        progress(number, len(files))
        yield from _read_file(file, layouts)
    progress(len(files), len(files))


def gather(pages: Iterable[ReadPage]) -> list[ReadForm]:
    """Pages in any order into forms: those of one printed copy belong together. The same page twice is another form:
    someone photocopied a sheet."""
    forms: list[ReadForm] = []
    for page in pages:
        one = page.identity
        for form in forms:
            other = form.identity
            same = (one.number, one.service, one.version, one.digest) == (
                other.number,
                other.service,
                other.version,
                other.digest,
            )
            if same and not form.has(one.page):
                form.pages.append(page)
                break
        else:
            forms.append(ReadForm([page]))
    for form in forms:
        form.pages.sort(key=lambda page: page.identity.page)
    return forms


class Layouts:
    """Layouts by what a code says: as printed when they were kept, else as the installed service makes them today."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str, bool, str], Layout | None] = {}

    def of(self, found: Identity) -> Layout | None:
        """None when no form of ours was ever laid out like that."""
        key = (found.service, found.version, found.language, found.large, found.digest)
        if key not in self._known:
            self._known[key] = self._look(found)
        return self._known[key]

    def _look(self, found: Identity) -> Layout | None:
        kept = PrintedLayout.objects.filter(
            service=found.service,
            version=found.version,
            language=found.language,
            large=found.large,
            digest=found.digest,
        ).first()
        if kept is not None:
            return kept.layout
        service = services.installed().get(found.service)
        if service is None or service.manifest.version != found.version or found.language not in service.texts:
            return None
        made = compose(service, found.language, found.large)
        return made if made.digest == found.digest else None


def read_picture(picture: Image.Image, layouts: Layouts, file: str = "", at: int = 1) -> ReadPage | Unread:
    """One grey picture."""
    found = registering.find(picture)
    if found is None:
        return Unread(file, at, "no_code")
    form = layouts.of(found.identity)
    if form is None or found.identity.page > len(form.pages):
        return Unread(file, at, "unknown_form")
    try:
        straight = registering.straighten(picture, found, form)
    except registering.NotStraight:
        return Unread(file, at, "not_straight")
    sheet = measuring.Sheet(straight.picture, form)
    boxes, zones = sheet.read(form.pages[found.identity.page - 1])
    return ReadPage(file, at, found.identity, form, boxes, zones, straight.error_mm, sheet)


def _read_file(file: Path, layouts: Layouts) -> Iterator[ReadPage | Unread]:
    with TemporaryDirectory(prefix="mitoyen-scan-") as folder:
        pictures, faults = rendering.render(file, Path(folder))
        for one in pictures:
            at = int(one.stem.removeprefix("page-"))
            with Image.open(one) as picture:
                picture.load()
                yield read_picture(picture, layouts, file.name, at)
            one.unlink()
        for fault in faults:
            yield Unread(file.name, int(fault["page"]), str(fault["code"]))


WHY: dict[str, Callable[[], str]] = {
    "no_code": lambda: _("There is no code of ours on it, or it can’t be read. Scan the sheet again, flat and whole."),
    "unknown_form": lambda: _("This form was not printed here, or its service is no longer installed. Type it in."),
    "not_straight": lambda: _("Too much of the sheet’s edges is missing. Scan the whole sheet again."),
    "no_picture": lambda: _("It is no PDF, PNG, JPEG or TIFF that can be read."),
    "too_many_pages": lambda: _("The file has too many pages. Scan fewer sheets at once."),
    "too_large": lambda: _("This page has too many points. Scan at 200 or 300 dpi."),
    "too_small": lambda: _("This picture is too small for a page. Scan at 200 dpi."),
    "locked": lambda: _("The PDF is locked with a password. Save it without one."),
    "took_too_long": lambda: _("The file took too long to open. Scan the sheets again."),
}
