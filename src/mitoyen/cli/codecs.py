"""`mitoyen codecs`: whether the scripts that decode devices' frames do what their authors say."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.cli.main import REFUSED, app

if TYPE_CHECKING:
    from mitoyen.connect.codecs.check import Remark, Report

codecs = typer.Typer(no_args_is_help=True, help="Scripts that decode devices' frames.")
app.add_typer(codecs, name="codecs")


@codecs.command("check")
def check_(
    folder: Path = typer.Argument(
        exists=True, file_okay=False, help="Repository of codecs, its vendor folder, or one maker's."
    ),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """Run every uplink example below a folder; say what passes, and why the rest doesn't. Exit 1 when one doesn't."""
    from mitoyen.cli.progress import bar
    from mitoyen.connect.codecs.check import check
    from mitoyen.connect.codecs.pool import Pool

    with Pool(workers=1) as pool, bar(_("Running the examples")) as progress:
        report = check(folder, pool, progress)
    if as_json:
        print(json.dumps(_as_json(report), ensure_ascii=False))
    else:
        _print(report)
    if report.failures or not report.total:
        raise typer.Exit(REFUSED)


@codecs.command()
def add(
    file: Path = typer.Argument(help="The script (JavaScript), or the codec's YAML description."),
    name: str = typer.Option("", help="What it is called; the file's name without."),
    source: str = typer.Option("", help="Where it was taken from, under which licence."),
    model: str = typer.Option("", help="Device model that decodes with it from now on."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """Keep a codec, known by its hash; models name it in the register of devices."""
    from mitoyen.cli.who import who
    from mitoyen.connect.devices.codecs import add_codec
    from mitoyen.connect.devices.fields import model_named

    given = model_named(model) if model else None
    codec = add_codec(file, name, who("mitoyen codecs add"), source=source, model=given)
    if as_json:
        print(json.dumps({"name": codec.name, "sha256": codec.sha256, "model": given.slug if given else None}))
    else:
        print(f"{codec.name}  {codec.sha256}")


def _print(report: "Report") -> None:
    for mark, remarks in (("!", report.failures), (" ", report.remarks)):
        for file, example, reason in remarks:
            print(f"{mark} {file}: {f'{example}: ' if example else ''}{reason}")
    if not report.total:
        print(_("No uplink example found below this folder."))
        return
    told = {"passed": report.passed, "total": report.total, "files": report.files}
    print(
        ngettext(
            "%(passed)d of %(total)d examples in %(files)d file pass.",
            "%(passed)d of %(total)d examples in %(files)d files pass.",
            report.files,
        )
        % told
    )
    if report.remarks:
        print(_("Those with a remark pass although what their author wrote is not quite what the codec says."))


def _as_json(report: "Report") -> dict[str, Any]:
    from mitoyen.connect.codecs.comparing import RELATIVE

    return {
        "total": report.total,
        "passed": report.passed,
        "files": report.files,
        "tolerance": RELATIVE,
        "failures": _listed(report.failures),
        "remarks": _listed(report.remarks),
    }


def _listed(remarks: "list[Remark]") -> list[dict[str, str]]:
    return [remark._asdict() for remark in remarks]
