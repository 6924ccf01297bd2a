"""`mitoyen communes`: the territory's communes and their polygons."""

import json
from pathlib import Path
from typing import Annotated

import typer
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from rich.console import Console
from rich.table import Table

from mitoyen.cli.main import app

communes = typer.Typer(no_args_is_help=True, help="The territory's communes and their polygons.")
app.add_typer(communes, name="communes")


@communes.command("load")
def load(
    polygons: Annotated[Path | None, typer.Option(help="GeoJSON file of polygons, of any year.")] = None,
    source: Annotated[str, typer.Option(help="Where the polygons come from; shown under the maps.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make or refresh the communes, then their polygons if a file is given. Safe to repeat."""
    from mitoyen.territory import register, shapes

    count = register.load_communes()
    report = shapes.load_polygons(polygons, source or polygons.name) if polygons else None
    if as_json:
        print(json.dumps({"communes": count, "polygons": report.to_json() if report else None}, ensure_ascii=False))
        return
    print(_("%(n)s communes.") % {"n": count})
    if report is not None:
        _say(report)


@communes.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False) -> None:
    """Print the communes: code, name, population, postcodes, whether the polygon is loaded."""
    from mitoyen.territory.models import Commune

    rows = list(Commune.objects.defer("geometry"))
    sources = dict(Commune.objects.filter(geometry__isnull=False).values_list("insee", "geometry_source"))
    if as_json:
        content = [
            {
                "insee": row.insee,
                "name": row.name,
                "population": row.population,
                "postcodes": row.postcodes,
                "former_codes": row.former_codes,
                "polygon": sources.get(row.insee),
            }
            for row in rows
        ]
        print(json.dumps(content, ensure_ascii=False))
        return
    table = Table(_("code"), _("commune"), _("inhabitants"), _("postcodes"), _("polygon"), box=None)
    for row in rows:
        polygon = sources.get(row.insee, _("none"))
        table.add_row(row.insee, row.name, f"{row.population:,}".replace(",", " "), " ".join(row.postcodes), polygon)
    Console().print(table)


def _say(report: object) -> None:
    from mitoyen.territory.shapes import Report

    assert isinstance(report, Report)
    matched = len(report.matched)
    text = ngettext("%(n)s commune got its polygon.", "%(n)s communes got their polygon.", matched)
    print(text % {"n": matched})
    for commune, codes in report.merged.items():
        print(_("  %(commune)s: put together from %(codes)s") % {"commune": commune, "codes": ", ".join(codes)})
    if report.missing:
        print(_("Not in the file: %(codes)s") % {"codes": ", ".join(report.missing)})
    if report.far:
        print(_("Far from the commune's centre point, to be checked: %(codes)s") % {"codes": ", ".join(report.far)})
    if report.outside:
        print(_("%(n)s polygons of the file lie outside of the territory.") % {"n": report.outside})
