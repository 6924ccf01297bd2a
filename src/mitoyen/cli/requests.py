"""`mitoyen requests`: requests from files."""

import json
from pathlib import Path
from typing import Annotated

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app

requests = typer.Typer(no_args_is_help=True, help="People's requests, from files.")
app.add_typer(requests, name="requests")


@requests.command("import")
def import_file(  # noqa: PLR0917 - the options of the command
    file: Annotated[Path, typer.Argument(help="CSV, GeoJSON, GeoPackage or shapefile of requests.")],
    map_file: Annotated[Path | None, typer.Option("--map", help="Mapping of its columns; else one that fits.")] = None,
    each: Annotated[bool, typer.Option("--each", help="Keep equal rows of a source without identifiers.")] = False,
    skip_bad_lines: Annotated[bool, typer.Option("--skip-bad-lines", help="Leave out what can't be taken.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Bring a file's requests in: all or none, nothing doubled, nobody told."""
    from mitoyen.services.importing.mapping import read_mapping
    from mitoyen.services.importing.taking import import_requests

    mapping = read_mapping(map_file) if map_file else None
    report = import_requests(
        file, "mitoyen requests import", mapping, each=each, skip_bad_lines=skip_bad_lines, dry_run=dry_run
    )
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
        return
    print(_("%(file)s was taken for: %(title)s") % {"file": report.file, "title": report.mapping.title})
    counts = {
        _("rows"): report.rows,
        _("new"): report.new,
        _("known already"): report.known,
        _("the same as an earlier line, counted once"): len(report.repeated),
        _("refused, left out"): len(report.refused),
    }
    for words, count in counts.items():
        if count or words == _("rows"):
            print(f"  {count:>8} {words}")
    for ground in report.refused[:20]:
        print(_("line %(line)s: %(reason)s") % {"line": ground.line, "reason": ground.message})
    if dry_run:
        print(_("Nothing was written (--dry-run)."))
