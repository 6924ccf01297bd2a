"""`mitoyen import`: files of readings in, and `--undo` a batch."""

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from mitoyen.cli.asking import asked
from mitoyen.cli.main import REFUSED, app
from mitoyen.cli.who import who


@app.command("import")
def import_files(  # noqa: PLR0917 (typer turns parameters into options)
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files of readings: CSV, XLSX, JSON, Parquet, packed or not.")
    ] = None,
    thing: Annotated[str, typer.Option(help="Building, meter or weather station the readings belong to.")] = "",
    observed_property: Annotated[
        str, typer.Option("--property", help="What they measure: electricity, gas, heat, water…")
    ] = "",
    unit: Annotated[str, typer.Option(help="Unit of the values: kWh, W, m3, Cel…")] = "",
    kind: Annotated[str, typer.Option(help="delta, counter, power or gauge.")] = "",
    tz: Annotated[str, typer.Option(help="Time zone of times without offset: UTC or Europe/Paris.")] = "",
    stamps: Annotated[str, typer.Option(help="Whether a time names the start or the end of its interval.")] = "",
    decimal: Annotated[str, typer.Option(help="Decimal mark, “.” or “,”, when the file leaves it open.")] = "",
    dates: Annotated[str, typer.Option(help="dmy or mdy, when the file leaves it open.")] = "",
    step: Annotated[str, typer.Option(help="Length of an interval (30min, 1h, 1d), for a single reading.")] = "",
    sheet: Annotated[str, typer.Option(help="Sheet of a workbook, where several hold readings.")] = "",
    missing: Annotated[
        list[str] | None, typer.Option(help="Value that stands for “no value”; “none” when none does.")
    ] = None,
    column: Annotated[list[str] | None, typer.Option(help="HEADER=property[:unit[:kind]], or HEADER=role.")] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Mapping of answers: read if it exists, else written.")
    ] = None,
    commune: Annotated[str, typer.Option(help="Commune (INSEE code or name) of things made on the way.")] = "",
    correct: Annotated[bool, typer.Option(help="Replace known values that differ; needs --why.")] = False,
    why: Annotated[str, typer.Option(help="Reason of a correction or an undo.")] = "",
    skip_bad_lines: Annotated[
        bool, typer.Option(help="Leave lines out that can't be read; the report lists them.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Check everything, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    undo: Annotated[int | None, typer.Option(help="Take this batch back.")] = None,
) -> None:
    """Import files of readings: the whole file or nothing; the same file twice changes nothing."""
    from mitoyen.connect import telling
    from mitoyen.connect.options import DATE_ORDERS, KINDS, STAMPS, Options
    from mitoyen.history import rollups

    if undo is not None:
        if files:
            raise typer.BadParameter(telling.usage("files_or_undo"))
        _undo(undo, why, as_json=as_json)
        return
    if not files:
        raise typer.BadParameter(telling.usage("no_files"))
    for name, value, allowed in (
        ("--kind", kind, KINDS), ("--stamps", stamps, STAMPS), ("--decimal", decimal, (".", ",")),
        ("--dates", dates, DATE_ORDERS),
    ):  # fmt: skip
        if value and value not in allowed:
            raise typer.BadParameter(telling.usage("choice") % {"name": name, "allowed": ", ".join(allowed)})
    options = Options(
        thing=thing, observed_property=observed_property, unit=unit, kind=kind, tz=tz, stamps=stamps, decimal=decimal,
        dates=dates, step=step, sheet=sheet, missing=_missing(missing), columns=_columns(column),
        mapping=_mapping(map_file), commune=commune, correct=correct, why=why, skip_bad_lines=skip_bad_lines,
    )  # fmt: skip
    reports, refused = [], False
    with rollups.put_off() if len(files) > 1 and not dry_run else nullcontext():
        for path in files:
            report, told = _one(path, options, map_file, dry_run=dry_run)
            reports.append(report)
            refused |= told is None
            for line in told or [] if not as_json else []:
                print(telling.harmless(line))
    if as_json:
        content = reports[0] if len(reports) == 1 else {"files": reports}
        print(json.dumps(content, ensure_ascii=False, allow_nan=False))
    if refused:
        raise typer.Exit(REFUSED)


def _missing(values: list[str] | None) -> tuple[str, ...] | None:
    if not values:
        return None
    return () if [value.lower() for value in values] == ["none"] else tuple(values)


def _columns(texts: list[str] | None) -> dict[str, Any]:
    from mitoyen.connect import telling
    from mitoyen.connect.options import ROLES, ColumnSpec

    found = {}
    for text in texts or []:
        header, equals, says = text.rpartition("=")
        if not equals or not header:
            raise typer.BadParameter(telling.usage("column"))
        if says in ROLES:
            found[header] = ColumnSpec(says)
            continue
        parts = [*says.split(":"), "", ""][:3]
        found[header] = ColumnSpec("value", *parts)
    return found


def _mapping(path: Path | None) -> Any:
    from mitoyen.connect.mappings import read_mapping

    return read_mapping(path) if path is not None and path.exists() else None


def _one(path: Path, options: Any, map_file: Path | None, *, dry_run: bool) -> tuple[dict[str, Any], list[str] | None]:
    """Import or examine one file. Returns its report as plain data, and the lines to print (None: refused)."""
    from mitoyen.connect import telling
    from mitoyen.connect.imports import examine, run
    from mitoyen.ledger.refusal import Refused

    options = asked(path, options) if sys.stdin.isatty() and sys.stderr.isatty() else options
    try:
        with _Progress() as progress:
            report = (
                examine(path, options, progress) if dry_run else run(path, options, who("mitoyen import"), progress)
            )
    except Refused as refusal:
        return _refused(path, refusal), None
    if report.status in ("refused", "questions"):
        _say(telling.refused(report))
        return report.to_json(), None
    if map_file is not None and not map_file.exists() and not dry_run:
        _write_map(map_file, report)
    return report.to_json(), telling.result(report)


def _refused(path: Path, refusal: Any) -> dict[str, Any]:
    from mitoyen.connect import telling

    report = getattr(refusal, "report", None)
    if report is not None:
        _say(telling.refused(report))
        content: dict[str, Any] = report.to_json()
        return content
    lines = [(ground.line, ground.message) for ground in refusal.grounds]
    _say(telling.refusal(telling.about(path.name, refusal.message), refusal.next_step, lines))
    grounds = [{"line": g.line, "reason": g.message, "code": g.code} for g in refusal.grounds]
    return {
        "status": "refused", "file": path.name, "code": refusal.code, "message": refusal.message,
        "next_step": refusal.next_step, "rows": 0, "accepted": 0, "duplicates": 0, "refused": grounds,
        "refused_count": len(grounds), "batch": None, "datastreams": [], "questions": [],
    }  # fmt: skip


def _write_map(map_file: Path, report: Any) -> None:
    from mitoyen.connect.mappings import write_mapping

    write_mapping(map_file, report.learnt)


def _say(lines: list[str]) -> None:
    from mitoyen.connect.telling import harmless

    for line in lines:
        print(harmless(line), file=sys.stderr)


def _undo(batch: int, why: str, *, as_json: bool) -> None:
    from mitoyen.connect import imports, telling

    done = imports.undo(batch, who("mitoyen import"), why)
    if as_json:
        print(json.dumps({"status": "undone", "batch": done.pk, "rows": done.rows, "source": done.source}))
        return
    print(telling.undone(done.pk, done.source, done.rows))


class _Progress:
    """A bar on standard error when it is a terminal, silence otherwise."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Any:
        if not sys.stderr.isatty():
            return lambda done, total, message: None
        from rich.console import Console
        from rich.progress import Progress

        self._bar = Progress(console=Console(stderr=True), transient=True)
        self._bar.start()
        self._task = self._bar.add_task("")
        return lambda done, total, message: self._bar.update(
            self._task, completed=done, total=total, description=message
        )

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
