"""Work orders on paper: a list to take along, a page that can be read aloud, with room to write what was done."""

from collections.abc import Sequence

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from mitoyen.channels.paper import typesetting
from mitoyen.channels.paper.typesetting import quoted
from mitoyen.operate.work.listing import place_of, point_of
from mitoyen.operate.work.models import WorkOrder


def pdf(orders: Sequence[WorkOrder], whose: str = "") -> bytes:
    """The orders as a tagged PDF, one after the other, none cut by the end of a page."""
    return typesetting.pdf(source(orders, whose))


def source(orders: Sequence[WorkOrder], whose: str) -> str:
    """The document in Typst."""
    title = _("Work orders of %(whose)s") % {"whose": whose} if whose else _("Work orders")
    day = date_format(timezone.localdate(), "DATE_FORMAT")
    printed, none = _("Printed on %(day)s") % {"day": day}, _("No work order.")
    lines = [
        f"#set document(title: {quoted(title)}, author: ())",
        '#set page(paper: "a4", margin: 18mm, numbering: "1 / 1")',
        f"#set text(font: ({', '.join(map(quoted, typesetting.FONTS))}), size: 12pt, lang: {quoted(_language())})",
        f"= #text({quoted(title)})",
        f"#text({quoted(printed)})",
    ]
    lines += [_order(order) for order in orders]
    if not orders:
        lines.append(f"#text({quoted(none)})")
    return "\n\n".join(lines)


def _order(order: WorkOrder) -> str:
    """One order in a block of its own."""
    where = ", ".join(one for one in (order.thing.name, place_of(order), str(order.commune or "")) if one)
    longitude, latitude = point_of(order)
    told = [(_("Where"), where)]
    if longitude is not None and latitude is not None:
        told.append((_("On the map"), f"{latitude:.5f}, {longitude:.5f}"))
    if order.due:
        told.append((_("By"), date_format(order.due, "DATE_FORMAT")))
    if order.words:
        told.append((_("What is known"), order.words))
    rows = "\n".join(f"- *#text({quoted(name)}):* #text({quoted(words)})" for name, words in told)
    head = f"{order.pk}. {order.title}"
    written = _("Done on ……………… by …………………………  What was done:")
    return (
        f"#block(breakable: false, width: 100%, above: 8mm, stroke: (top: 0.5pt), inset: (top: 3mm))[\n"
        f"== #text({quoted(head)})\n{rows}\n\n#text({quoted(written)})\n#v(16mm)\n]"
    )


def _language() -> str:
    return (get_language() or "fr")[:2]
