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


@codecs.callback()
def _group() -> None:
    """Keep `check` a command of its own while it is the only one."""


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
