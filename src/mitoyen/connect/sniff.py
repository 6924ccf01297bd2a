"""What a file is taken for, before anything is written."""

import hashlib
from pathlib import Path

from mitoyen.connect.analysis import Analysis, analysed
from mitoyen.connect.options import MappingSpec, Options, Question
from mitoyen.connect.report import ColumnView, DatastreamView, Proposal, iso
from mitoyen.connect.series import Series
from mitoyen.connect.stamps import StampForm
from mitoyen.connect.walk import MICRO
from mitoyen.history.units import amount_unit
from mitoyen.territory.spelling import plain

_SAMPLE_ROWS = 8


def propose(path: Path, mapping: MappingSpec | None = None, options: Options | None = None) -> Proposal:
    """Look at the whole file and say what it was taken for; `questions` lists what it leaves open.

    Nothing is written. Raises Refused (an ImportRefused with a report where there is one) for what is no table.
    """
    options = options or Options()
    if mapping is not None and options.mapping is None:
        from dataclasses import replace

        options = replace(options, mapping=mapping)
    with analysed(Path(path), options) as found:
        return proposal_of(found)


def proposal_of(found: Analysis) -> Proposal:
    layout, columns = found.layout, found.columns
    roles = dict.fromkeys(columns.times, "stamp")
    if columns.mode == "two":
        roles = {columns.times[0]: "date", columns.times[1]: "time"}
    elif columns.mode == "span":
        roles = {columns.times[0]: "start", columns.times[1]: "end"}
    if columns.meter is not None:
        roles[columns.meter] = "meter"
    by_header = {item.column: item for item in found.series}
    views = [ColumnView(layout.names[index], role) for index, role in sorted(roles.items())]
    for value in columns.values:
        item = by_header.get(value.header)
        kind, thing = (item.kind, item.thing) if item else (value.kind, value.thing)
        views.append(
            ColumnView(
                value.header, "value", value.property, value.unit, kind, "" if columns.meter is not None else thing
            )
        )
    decimals = {form.decimal for form in found.forms.numbers.values() if form.decimal}
    steps = {item.seen.step for item in found.series if item.seen.step}
    form = found.forms.times[-1] if found.forms.times else None
    return Proposal(
        file=found.options.source or found.intake.name,
        size=found.intake.size,
        sha256=found.intake.sha256,
        format=_format_name(found),
        encoding=found.intake.encoding,
        delimiter="" if found.intake.typed else layout.delimiter,
        decimal=decimals.pop() if len(decimals) == 1 else ".",
        dates=_dates(form, found.forms.order),
        header=list(layout.names),
        preamble=[list(row) for row in layout.preamble],
        columns=views,
        ignored=columns.ignored,
        tz=found.tz,
        stamps=found.stamps,
        step_s=steps.pop() // MICRO if len(steps) == 1 else None,
        taken=found.taken,
        questions=_questions(found),
        datastreams=[view_of(item) for item in found.series],
        sample=[list(row) for row in layout.sample[:_SAMPLE_ROWS]],
        signature=signature_of(found),
        notes=found.notes,
    )


def _dates(form: StampForm | None, order: str) -> str:
    if form is None:
        return ""
    return form.formats[0].replace("{o}", order or "dmy") if form.formats else "epoch"


def _format_name(found: Analysis) -> str:
    if found.columns.export is not None:
        return "enedis-load-curve" if found.columns.export.kind == "power" else "enedis-index"
    return found.intake.format


def _questions(found: Analysis) -> list[Question]:
    """Each question once, those about columns first: their answer may settle the others."""
    order = (
        *("sheet", "stamp_column", "meter_column", "columns", "dates", "decimal", "missing"),
        *("thing", "property", "unit", "kind", "tz", "stamps", "step"),
    )
    once = {question.code: question for question in reversed(found.questions)}
    return sorted(once.values(), key=lambda question: order.index(question.code))


def view_of(item: Series) -> DatastreamView:
    """One series for people and scripts.

    Totals: amounts summed; mean powers times their own intervals; rises of an index.
    """
    seen = item.seen
    factor, unit = amount_unit(item.unit) if item.unit else (1.0, "")
    total: float | None = None
    if item.kind == "delta":
        total = seen.sum * factor
    elif item.kind == "power":
        total = seen.sum_by_time / 3600 * factor
    elif item.kind == "counter":
        total = seen.risen * factor
    instant = item.kind in ("gauge", "counter")
    whole = seen.ends - seen.starts
    extra = seen.step if instant else 0
    covered = (whole + extra - seen.gap_time) / (whole + extra) if whole + extra > 0 else None
    step = seen.step // MICRO if seen.step else None
    return DatastreamView(
        name=f"{item.thing}/{item.property}",
        thing=item.thing,
        property=item.property,
        unit=item.unit,
        kind=item.kind,
        count=seen.count,
        missing=seen.missing,
        first=iso(seen.first) if seen.count else None,
        last=iso(seen.last) if seen.count else None,
        starts=iso(seen.first if instant else seen.starts) if seen.count else None,
        ends=iso(seen.last if instant else seen.ends) if seen.count else None,
        step_s=step,
        steps=[{"from": iso(at), "step_s": length // MICRO} for at, length in seen.steps if len(seen.steps) > 1],
        gaps=[
            {"from": iso(start), "to": iso(end), "seconds": (end - start) // MICRO,
             "readings": round((end - start) / seen.step) if seen.step else 0}
            for start, end in seen.gaps
        ],
        gap_count=seen.gap_count,
        total=_rounded(total),
        total_unit=unit if total is not None and unit else None,
        energy_kwh=_rounded(total) if unit == "kWh" else None,
        minimum=_rounded(seen.minimum) if seen.count else None,
        maximum=_rounded(seen.maximum) if seen.count else None,
        mean=_rounded(seen.sum / seen.count) if seen.count else None,
        coverage=round(covered, 4) if covered is not None else None,
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")


def signature_of(found: Analysis) -> str:
    """What files of one sort have in common: format, delimiter, names of columns, first words of the lines above.

    Empty while it is open which sheet is meant.
    """
    if found.intake.waits:
        return ""
    parts = [found.intake.format.removesuffix(".gz"), found.layout.delimiter, *map(plain, found.layout.names)]
    parts += [plain(row[0]) for row in found.layout.preamble if row and not any(c.isdigit() for c in row[0])]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
