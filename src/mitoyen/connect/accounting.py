"""Nothing is lost on the way: lines, then readings, are counted twice by different ways before anything is written."""

# ruff: noqa: S608 (columns can't be parameters in DuckDB; only our own names and numbers go into queries)

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from mitoyen.connect.lines import Counted
from mitoyen.history.staging import Staged
from mitoyen.ledger.refusal import Ground, Refused

if TYPE_CHECKING:
    from mitoyen.connect.analysis import Analysis


def check_lines(found: "Analysis", counted: Counted) -> None:
    """Every line below the header was read, blank, or named as one that can't be taken. Raises Refused.

    The parser's count is held against `counted`, one of line ends and quotation marks.
    """
    taken = found.count.rows + found.count.blank
    if counted.records == taken or (found.blocking and not found.options.skip_bad_lines):
        return
    grounds = []
    if counted.open_line is not None:
        grounds.append(Ground("open_quote", _("a quotation mark is not closed on its line"), counted.open_line))
    raise Refused(
        _("The file holds %(count)d lines of readings, but %(taken)d were told apart: none is taken.")
        % {"count": counted.records, "taken": taken},
        _("Mend the quotation marks and the line ends, or ask for the file again."),
        grounds,
        code="unaccounted",
    )


def check_readings(found: "Analysis") -> None:
    """Every value with a time, on a line that is taken, is a reading or a repeated one. Raises Refused."""
    values = " + ".join(f"(NOT isnan(v{number}))::INTEGER" for number in range(len(found.columns.values))) or "0"
    row = found.con.execute(
        f"SELECT coalesce(sum({values}), 0) FROM raw WHERE t IS NOT NULL AND rowid NOT IN (SELECT ord FROM left_out)"
    ).fetchone()
    given = int(row[0]) if row else 0
    _equal(given, sum(item.seen.count for item in found.series) + found.duplicates)


def check_staged(staged: Staged, readings: int) -> None:
    """Every reading is new or known once staged. Raises Refused."""
    _equal(readings, staged.rows + staged.duplicates)


def _equal(given: int, kept: int) -> None:
    if given != kept:
        raise Refused(
            _("The file holds %(given)d readings, but %(kept)d were kept: nothing is imported.")
            % {"given": given, "kept": kept},
            _("This is a fault of Mitoyen: please report it, with the file."),
            code="unaccounted",
        )
