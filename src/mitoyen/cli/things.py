"""`mitoyen things`: the register of buildings, meters, lamps… from files."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.progress import Progress

from mitoyen.cli.main import app

things = typer.Typer(no_args_is_help=True, help="The register of things, from files.")
app.add_typer(things, name="things")


@things.command("import")
def import_file(  # noqa: PLR0917 - the options of the command
    file: Annotated[Path, typer.Argument(help="CSV, GeoJSON, GeoPackage, shapefile (.zip or .shp).")],
    kind: Annotated[str, typer.Option(help="Kind of thing: building (by default), meter, street_lamp…")] = "",
    id_column: Annotated[str, typer.Option("--id", help="Column that identifies a thing.")] = "",
    name: Annotated[str, typer.Option(help="Column of names.")] = "",
    commune: Annotated[str, typer.Option(help="Column of communes, or the INSEE code or name of the only one.")] = "",
    part_of: Annotated[str, typer.Option(help="Column of what a thing is part of: a meter's building.")] = "",
    lon: Annotated[str, typer.Option(help="Column of longitudes or eastings.")] = "",
    lat: Annotated[str, typer.Option(help="Column of latitudes or northings.")] = "",
    crs: Annotated[str, typer.Option(help="Projection of the coordinates, such as EPSG:2154.")] = "",
    layer: Annotated[str, typer.Option(help="Layer, in a file that holds several.")] = "",
    source: Annotated[str, typer.Option(help="Name of the register; the file's name without it.")] = "",
    attribute: Annotated[list[str] | None, typer.Option(help="NAME=COLUMN: give a column another name.")] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="Mapping to use, or to keep when missing.")] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would be done, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    each_row: Annotated[bool, typer.Option("--rows", help="In JSON, what became of each row too.")] = False,
) -> None:
    """Take a file's things into the register. Safe to repeat: nothing is doubled, nothing is removed."""
    from mitoyen.territory.mapping import Mapping, read_mapping, with_options, write_mapping
    from mitoyen.territory.things import import_things

    kept = read_mapping(map_file) if map_file and map_file.exists() else Mapping()
    texts = {"kind": kind, "id": id_column, "name": name, "commune": commune, "part_of": part_of, "lon": lon}
    texts |= {"lat": lat, "crs": crs, "layer": layer, "source": source}
    mapping = with_options(kept, **texts, attributes=_attributes(attribute or []))
    console = Console(stderr=True)
    with Progress(console=console, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(done: int, total: int, message: str) -> None:
            bar.update(task, completed=done, total=total or None, description=message)

        report = import_things(file, mapping, "mitoyen things import", dry_run=dry_run, progress=tell)
    if map_file and not map_file.exists() and not dry_run:
        write_mapping(map_file, report.mapping)
    if as_json:
        print(json.dumps(report.to_json(each_row=each_row), ensure_ascii=False))
    else:
        _say(report)


def _attributes(pairs: list[str]) -> dict[str, str]:
    parted = [pair.partition("=") for pair in pairs]
    bad = [name + equals for name, equals, column in parted if not (name and equals and column)]
    if bad:
        raise typer.BadParameter(_("NAME=COLUMN is expected."), param_hint="--attribute")
    return {name.strip(): column.strip() for name, _equals, column in parted}


def _say(report: object) -> None:
    from mitoyen.territory.things import Report

    assert isinstance(report, Report)
    used = report.mapping
    facts = ", ".join(f"{name} {value}" for name, value in report.facts.items() if value and name != "warning")
    print(
        _("%(file)s was taken for: %(format)s (%(facts)s)")
        % {"file": report.file, "format": report.format, "facts": facts}
    )
    roles = {"--kind": used.kind, "--source": used.source, "--id": used.id, "--name": used.name}
    roles |= {"--commune": used.commune, "--part-of": used.part_of, "--lon": used.lon, "--lat": used.lat}
    print("  " + "  ".join(f"{role} {value}" for role, value in roles.items() if value))
    counts = {
        _("rows"): report.rows,
        _("new"): report.new,
        _("changed"): report.changed,
        _("unchanged"): report.unchanged,
        _("known by their readings, now described"): report.adopted,
        _("duplicates in the file, left out"): report.duplicates,
        _("refused, left out"): len(report.refused),
        _("known from this source, not in the file any more (kept)"): report.gone,
        _("outside of the territory"): report.without_commune,
    }
    for words, count in counts.items():
        if count or words == _("rows"):
            print(f"  {count:>8} {words}")
    for ground in (report.refused + report.notes)[:20]:
        where = _("line %(n)s: ") % {"n": ground.line} if ground.line else ""
        print(f"  {where}{ground.message}")
    if report.dry_run:
        print(_("Nothing was written (--dry-run)."))
