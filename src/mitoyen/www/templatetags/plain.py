"""`{% load plain %}`: words explained where they stand."""

from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from mitoyen.services.plain import glossary

register = template.Library()
SEEN = "words explained"


@register.simple_tag(takes_context=True)
def explain(context: Context, text: str, kind: str = "") -> SafeString:
    """The text as a paragraph; each term's first occurrence on the page is marked, and what it means can be opened just
    below, without a script."""
    language = (get_language() or "fr")[:2]
    kept: Any = context.render_context
    seen: set[str] = kept.setdefault(SEEN, set())
    found: list[glossary.Term] = []
    parts, at = [], 0
    for match in glossary.pattern(language).finditer(str(text)):
        term = glossary.by_form(language)[match[0].lower()]
        if term.name in seen:
            continue
        seen.add(term.name)
        found.append(term)
        parts += [escape(text[at : match.start()]), format_html("<dfn>{}</dfn>", match[0])]
        at = match.end()
    parts.append(escape(text[at:]))
    body = mark_safe("".join(parts))  # noqa: S308 - each part is escaped
    opening = format_html('<p class="{}">', kind) if kind else mark_safe("<p>")
    return format_html("{}{}</p>{}", opening, body, _means(found, language))


def _means(found: list[glossary.Term], language: str) -> SafeString:
    if not found:
        return mark_safe("")
    entries: list[tuple[Any, ...]] = [(term.of(language).forms[0], term.of(language).means) for term in found]
    listed = mark_safe("".join(format_html("<dt>{}</dt><dd>{}</dd>", *entry) for entry in entries))  # noqa: S308
    head = _("What does this mean? %(words)s") % {"words": ", ".join(head for head, _means in entries)}
    return format_html('<details class="words"><summary>{}</summary><dl>{}</dl></details>', head, listed)
