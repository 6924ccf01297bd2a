"""`mitoyen text`: whether a text is plain."""

import json
from pathlib import Path
from typing import Annotated

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import REFUSED, app

text = typer.Typer(no_args_is_help=True, help="Whether a text is plain.")
app.add_typer(text, name="text")


@text.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(help="A text, or a service's texts (.toml).")],
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say what makes a text hard to read, with where it stands. Exit 1 when something must be mended."""
    from mitoyen.services.plain.check import check
    from mitoyen.services.plain.reading import texts

    if language not in ("fr", "en"):
        raise typer.BadParameter(_("fr or en is expected."), param_hint="--language")
    checked = [(where, check(content, language)) for where, content in texts(file)]
    faults = sum(len(one.faults) for _where, one in checked)
    if as_json:
        told = [{"where": where, **one.to_json()} for where, one in checked]
        print(
            json.dumps({"file": file.name, "language": language, "faults": faults, "texts": told}, ensure_ascii=False)
        )
    else:
        for where, one in checked:
            for remark in one.remarks:
                print(f"{'!' if remark.is_fault else ' '} {where}: {remark.says} ({remark.text})")
        if not any(one.remarks for _where, one in checked):
            print(_("Nothing to mend: short sentences, everyday words."))
    if faults:
        raise typer.Exit(REFUSED)
