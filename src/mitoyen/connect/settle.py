"""What is settled and what must be asked: decimal mark, order of dates, missing values, time zone, stamps, units."""

# ruff: noqa: S608 (columns and file names can't be parameters in DuckDB; only our own names and numbers go into queries)

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.connect import evidence, localtime, table
from mitoyen.connect.headers import names_end, names_start
from mitoyen.connect.numerals import grouped, moment
from mitoyen.connect.options import DATE_ORDERS, STAMPS, Question

if TYPE_CHECKING:
    from mitoyen.connect.analysis import Analysis

from mitoyen.ledger.refusal import Refused

ZONES = ("UTC", "Europe/Paris")


def sheet(found: "Analysis") -> None:
    """Which sheet of a workbook: the one said, or the only one with readings; asked where several have some."""
    picked = found.intake.picked
    if picked is None:
        return
    said = found.options.said("sheet")
    if picked.sheet is None:
        names = tuple(name for name, _rows in picked.holding)
        rows = ", ".join(_("%(name)s: %(rows)s rows") % {"name": n, "rows": grouped(r)} for n, r in picked.holding)
        text = _("Several sheets of the workbook hold readings. Which one is meant?")
        option = " | ".join(f'--sheet "{name}"' for name in names)
        found.ask(Question("sheet", text, names, None, option, f"{rows}."))
    elif said:
        found.take("sheet", picked.sheet, said[1])
    elif not picked.alone:
        one = _("“%(name)s” is the only sheet that holds readings")
        because = (one if picked.holding else _("“%(name)s” is the largest sheet")) % {"name": picked.sheet}
        found.take("sheet", picked.sheet, "evidence", because)


def writing(found: "Analysis") -> None:
    """Decimal mark, order of day and month, declared missing values, before the table is loaded."""
    said = found.options.said("decimal")
    if said and said[0] not in (".", ","):
        raise Refused(_("The decimal mark is “.” or “,”."), code="bad_option")
    numbers, doubtful = table.settle_numbers(
        found.con, found.table, found.layout, found.columns, said[0] if said else "", typed=found.intake.typed
    )
    found.forms.numbers = numbers
    if doubtful:
        example = next(
            cell for cell in found.layout.column(found.layout.names.index(doubtful[0])) if not cell.isdigit()
        )
        found.ask(
            Question(
                "decimal",
                _("Is the mark in %(example)s a decimal mark or does it part thousands?") % {"example": example},
                (".", ","),
                "," if "," in example else ".",
                "--decimal , | --decimal .",
                _("In the whole column it always stands before exactly three digits."),
            )
        )
    elif said:
        found.take("decimal", said[0], said[1])
    form = found.forms.times[0]
    if form.numeric_order:
        _order(found)
    declared = found.options.declared_missing()
    found.forms.missing = declared or ()
    if declared:
        found.take("missing", ", ".join(declared), "option" if found.options.missing is not None else "mapping")


def _order(found: "Analysis") -> None:
    said = found.options.said("dates")
    if said:
        if said[0] not in DATE_ORDERS:
            raise Refused(_("The order of dates is dmy or mdy."), code="bad_option")
        found.forms.order = said[0]
        found.take("dates", *said)
        return
    order, why = table.settle_order(found.con, found.table, found.layout, found.columns, found.forms.times[0])
    found.forms.order = order or "dmy"
    if order:
        found.take("dates", "dd/mm/yyyy" if order == "dmy" else "mm/dd/yyyy", "evidence", why)
        return
    if any(form.decimal == "," for form in found.forms.numbers.values()):
        found.take("dates", "dd/mm/yyyy", "evidence", _("the month is only written first where decimals have points"))
        return
    example = found.layout.column(found.columns.times[0])[0]
    found.ask(
        Question(
            "dates",
            _("In %(example)s, which comes first, the day or the month?") % {"example": example},
            DATE_ORDERS,
            "dmy",
            "--dates dmy | --dates mdy",
            _("Neither number goes above 12 in the whole file."),
        )
    )


def sentinels(found: "Analysis") -> None:
    """Propose numbers and texts that stand for "no value", unless some were declared."""
    if found.options.declared_missing() is not None:
        return
    proposed = evidence.sentinels(found.con, found.columns)
    proposed += _texts(found)
    if not proposed:
        return
    listed = ", ".join(item.text for item in proposed)
    counts = ", ".join(_("%(text)s: %(count)d times") % {"text": item.text, "count": item.count} for item in proposed)
    flags = " ".join(f"--missing {item.text}" for item in proposed)
    found.ask(
        Question(
            "missing",
            _("Do these stand for “no value”: %(listed)s?") % {"listed": listed},
            (),
            listed,
            f"{flags} | --missing none",
            counts,
        )
    )


def _texts(found: "Analysis") -> list[evidence.Sentinel]:
    texts: dict[str, int] = {}
    for number, value in enumerate(found.columns.values):
        row = found.con.execute(f"SELECT count(*) FROM raw WHERE v{number} IS NULL").fetchone()
        if not row or not row[0]:
            continue
        cell = f"c{value.index}"
        known = ", ".join(f"'{text}'" for text in evidence.TEXTS)
        source = table.source_sql(found.table, found.layout)
        rows = found.con.execute(
            f"SELECT lower(trim({cell})), count(*) FROM {source} WHERE lower(trim({cell})) IN ({known}) GROUP BY 1"
        ).fetchall()
        for text, count in rows:
            texts[text] = texts.get(text, 0) + count
    return [evidence.Sentinel(text, count) for text, count in sorted(texts.items())]


def zone(found: "Analysis") -> None:
    """The time zone of the stamps."""
    if found.forms.offset:
        found.tz = "offset"
        found.take("tz", "offset", "file", _("each time carries its offset to UTC"))
        return
    said = found.options.said("tz")
    if said:
        localtime.zone_named(said[0])
        found.tz = said[0]
        found.take("tz", *said)
        return
    default, why = _zone_evidence(found)
    found.ask(
        Question("tz", _("In which time zone are the times?"), ZONES, default, "--tz UTC | --tz Europe/Paris", why)
    )


def changes(found: "Analysis", name: str) -> tuple[list[localtime.Change], datetime]:
    """Changes of offset that the file's times may meet, and the instant they were looked for from."""
    row = found.con.execute(
        "SELECT min(t), max(t) FROM raw WHERE t >= TIMESTAMP '1970-01-01' AND t < TIMESTAMP '2100-01-01'"
    ).fetchone()
    first, last = row if row and row[0] else (datetime(2000, 1, 1), datetime(2000, 1, 1))
    first, last = first - timedelta(days=2), last + timedelta(days=2)
    return localtime.changes_of(localtime.zone_named(name), first, last), first


def _zone_evidence(found: "Analysis") -> tuple[str | None, str]:
    met, _first = changes(found, "Europe/Paris")
    nights = sum(1 for change in met if change.after > change.before)
    if not met:
        return None, _("The file holds no night when clocks change.")
    row = found.con.execute(f"SELECT count(*), min(t)::VARCHAR FROM raw WHERE {localtime.gap_sql(met, 't')}").fetchone()
    assert row is not None
    if row[0]:
        text = ngettext(
            "%(time)s doesn't exist in Paris: clocks went forward over it.",
            "%(time)s and others (%(count)d times in all) don't exist in Paris: clocks went forward over them.",
            row[0],
        )
        return "UTC", text % {"time": moment(row[1]), "count": row[0]}
    meter = "m" if found.columns.meter is not None else "0"
    night = localtime.fold_sql(met, "t")
    twice = found.con.execute(
        f"SELECT count(*) FROM (SELECT {meter}, t FROM raw WHERE {night} GROUP BY ALL HAVING count(*) > 1)"
    ).fetchone()
    if twice and twice[0]:
        return "Europe/Paris", _("Times of a night in October come twice, as clocks in Paris do.")
    if nights:
        return None, _("No time falls in the hour that Paris skips in March; it may be absent or not.")
    return None, ""


def local_faults(found: "Analysis") -> tuple[list[int], list[int]]:
    """(ordinals of times that don't exist, ordinals of times that come twice and can't be told apart)."""
    found.con.execute("CREATE OR REPLACE TABLE fold (ord BIGINT, seconds INTEGER)")
    if found.tz in ("offset", "UTC", ""):
        return [], []
    met, _first = changes(found, found.tz)
    rows = found.con.execute(f"SELECT rowid FROM raw WHERE {localtime.gap_sql(met, 't')} ORDER BY 1").fetchall()
    meter = "m" if found.columns.meter is not None else "0"
    settled, left = localtime.tell_apart(found.con, met, meter)
    if settled:
        found.notes.append(
            _("%(count)d times in an hour that comes twice were told apart by the order of the lines.")
            % {"count": settled}
        )
    if found.columns.mode == "span":
        # Starts lie before ends: what holds for the end's order holds for them; a gap in them is a fault too.
        more = found.con.execute(f"SELECT rowid FROM raw WHERE {localtime.gap_sql(met, 't0')} ORDER BY 1").fetchall()
        rows = sorted({*rows, *more})
    return [row[0] for row in rows], left


def stamps(found: "Analysis") -> str:
    """Whether stamps are at the "start" or the "end"; "instant" when no reading has an interval. Asked if unknown."""
    needed = [item for item in found.series if item.kind not in ("gauge", "counter")]
    if not needed:
        return "instant"
    said = found.options.said("stamps")
    if said:
        if said[0] not in STAMPS:
            raise Refused(_("Stamps are at the start or at the end of the interval."), code="bad_option")
        found.take("stamps", *said)
        return said[0]
    stated = _stated_stamps(found)
    if stated:
        found.take("stamps", *stated)
        return stated[0]
    default, why = _stamps_evidence(found)
    found.ask(
        Question(
            "stamps",
            _("Does a time name the start or the end of its interval?"),
            STAMPS,
            default,
            "--stamps start | --stamps end",
            why,
        )
    )
    return ""


def _stated_stamps(found: "Analysis") -> tuple[str, str, str] | None:
    """(start or end, what says so, why) when the file itself says it."""
    header = found.layout.names[found.columns.times[-1]]
    form = found.forms.times[-1]
    if found.columns.mode == "span":
        return "end", "file", _("the file gives the start and the end of each interval")
    if found.columns.export is not None:
        return "end", "format", _("the distributor stamps the end of each interval")
    if form.month_only or form.day_only:
        return "start", "format", _("a date without a time names the whole day or month")
    if form.hour_24:
        return "end", "evidence", _("24:00 is written, which only ends a day")
    if names_end(header) != names_start(header):
        return (
            ("end" if names_end(header) else "start"),
            "file",
            _("the column is called “%(name)s”") % {"name": header},
        )
    return None


def _stamps_evidence(found: "Analysis") -> tuple[str | None, str]:
    row = found.con.execute(
        "SELECT min(t), max(t) FROM raw WHERE t >= TIMESTAMP '1970-01-01' AND t < TIMESTAMP '2100-01-01'"
    ).fetchone()
    if not row or row[0] is None:
        return None, ""
    first, last = row
    text = _("The file runs from %(first)s to %(last)s.") % {
        "first": moment(str(first)), "last": moment(str(last)),
    }  # fmt: skip
    midnight = first.hour == first.minute == 0
    ends_at_midnight = last.hour == last.minute == 0
    if midnight and not ends_at_midnight:
        return "start", text
    return ("end" if ends_at_midnight and not midnight else None), text


__all__ = ["changes", "local_faults", "sentinels", "sheet", "stamps", "writing", "zone"]
