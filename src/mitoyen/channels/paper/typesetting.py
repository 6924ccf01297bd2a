"""Typst: what every printed document of ours shares, and PDFs that a screen reader can read (PDF/UA-1)."""

import datetime as dt

import typst
from django.utils import timezone

# Present on most machines, as wide as one another; the last one comes with Typst itself.
FONTS = ("Liberation Sans", "Arimo", "Arial", "Helvetica", "Libertinus Serif")


def quoted(text: str) -> str:
    """A text as a Typst string: nothing in it is read as markup or code."""
    safe = "".join(letter for letter in text if letter == "\n" or letter.isprintable() or letter in "\u00a0\u202f")
    return '"' + safe.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def preamble(title: str, language: str, *, width: float = 210, height: float = 297, pt: float = 12) -> str:
    """A document's head: its title and language, the page in mm, lines of 1.3 times the letters."""
    fonts = ", ".join(quoted(name) for name in FONTS)
    return "\n".join(
        (
            f"#set document(title: {quoted(title)}, author: ())",
            f"#set page(width: {width}mm, height: {height}mm, margin: 0mm)",
            f"#set text(font: ({fonts}), size: {pt}pt, lang: {quoted(language)})",
            "#set text(top-edge: 0.85em, bottom-edge: -0.25em)",
            "#set par(leading: 0.2em, spacing: 0.2em)",
            "#show heading: it => block(above: 0pt, below: 0pt, it.body)",
            "#let at(x, y, w, body) = place(top + left, dx: x * 1mm, dy: y * 1mm, block(width: w * 1mm, body))",
        )
    )


def pdf(source: str, made_at: dt.datetime | None = None) -> bytes:
    """The document as a tagged PDF/UA-1. Raises typst.TypstError, for instance where a picture has no words."""
    at = made_at or timezone.now()
    done: bytes = typst.compile(
        source.encode(), format="pdf", pdf_standards="ua-1", timestamp=at.astimezone(dt.UTC).replace(microsecond=0)
    )
    return done
