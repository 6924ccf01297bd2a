"""Pictograms of labels, drawn here: one a category that the Digital Trust for Places and Routines standard names.

Its own files (CC BY 4.0) are not used. Each drawing is in a square of 48, in the colour of the text around it; the
words beside it say the same, so it is left out for who can't see.
"""

from django.utils.safestring import SafeString, mark_safe

# Category -> what is drawn inside the rounded square, stroked.
_DRAWN = {
    "measures": '<path d="M12 32a12 12 0 0 1 24 0M24 32l7-9M16 36h16"/>',
    "seen": '<path d="M8 24s6-10 16-10 16 10 16 10-6 10-16 10S8 24 8 24z"/><circle cx="24" cy="24" r="5"/>',
    "kept": '<circle cx="24" cy="24" r="13"/><path d="M24 15v9l6 5"/>',
    "nobody": '<circle cx="24" cy="18" r="5"/><path d="M14 36c0-7 4-11 10-11s10 4 10 11M12 12l24 26"/>',
    "personal": '<circle cx="24" cy="18" r="5"/><path d="M14 36c0-7 4-11 10-11s10 4 10 11z"/>',
    "ask": '<path d="M10 14h28v18H22l-7 6v-6h-5zM20 21a4 4 0 1 1 5 4c-1 0-1 1-1 2M24 29v1"/>',
    "energy": '<path d="M26 9 15 26h8l-2 13 12-18h-9z"/>',
    "lighting": '<path d="M18 30c-4-3-5-6-5-9a11 11 0 0 1 22 0c0 3-1 6-5 9v3H18zM19 37h10"/>',
    "water": '<path d="M24 9c6 8 10 13 10 19a10 10 0 0 1-20 0c0-6 4-11 10-19z"/>',
    "waste": '<path d="M13 16h22M20 16v-4h8v4M16 16l2 23h12l2-23M22 22v11M27 22v11"/>',
    "mobility": '<circle cx="15" cy="31" r="6"/><circle cx="33" cy="31" r="6"/>'
    '<path d="M15 31l6-12h9l3 12M21 19h-4M24 31l-3-12"/>',
    "air": '<path d="M10 19h18a4 4 0 1 0-4-4M10 25h24a4 4 0 1 1-4 4M10 31h12a3 3 0 1 1-3 3"/>',
    "flood": '<path d="M10 20c4-4 6 4 10 0s6 4 10 0 4 2 8 0"/><path d="M10 28c4-4 6 4 10 0s6 4 10 0 4 2 8 0"/>'
    '<path d="M10 36c4-4 6 4 10 0s6 4 10 0"/>',
    "planting": '<path d="M24 39V23M24 27c0-8-5-12-13-12 0 8 5 12 13 12zM24 23c0-6 4-10 12-10 0 7-4 10-12 10z"/>',
}  # fmt: skip
_FRAME = '<rect x="2" y="2" width="44" height="44" rx="9"/>'


def svg(category: str, colour: str = "currentColor") -> str:
    """The drawing as a document of its own."""
    style = f'fill="none" stroke="{colour}" stroke-width="2.5" stroke-linecap="round" stroke-linejoin="round"'
    body = f"<g {style}>{_FRAME}{_DRAWN[category]}</g>"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 48 48" width="48" height="48">{body}</svg>'


def inline(category: str) -> SafeString:
    """The drawing within a page, hidden from who reads the words."""
    drawing = svg(category).replace("<svg ", '<svg class="label__picture" aria-hidden="true" focusable="false" ', 1)
    return mark_safe(drawing)  # noqa: S308 - drawn above, nothing of it comes from outside
