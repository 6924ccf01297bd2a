"""`mitoyen gate-key`: a key for a machine that sends readings."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.cli.main import app
from mitoyen.cli.who import who

if TYPE_CHECKING:
    from mitoyen.gate.limits import Limits

ALL = "all"


@app.command("gate-key")
def gate_key(  # noqa: PLR0917 (typer turns parameters into options)
    name: Annotated[str, typer.Argument(help="Of the sender: letters, digits, dots and dashes.")] = "",
    may: Annotated[
        list[str] | None, typer.Option(help="What it may do: observations, uplinks, read, or all; repeatable.")
    ] = None,
    form: Annotated[list[str] | None, typer.Option("--format", help="Only uplinks of this format; repeatable.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Only devices of this model; repeatable.")] = None,
    commune: Annotated[
        list[str] | None, typer.Option(help="Only what stands in this commune (name or code); repeatable.")
    ] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take every key of this name out.")] = False,
    as_list: Annotated[bool, typer.Option("--list", help="Say whose keys there are and what they may do.")] = False,
) -> None:
    """Make a key for the machines' door, which may do what its sender needs and no more. It is shown once."""
    from mitoyen.gate import issuing

    if as_list:
        for holder in issuing.listed():
            print(f"{holder.name}: {_told(holder.limits)}")
        return
    if not name:
        raise typer.BadParameter(_("Name the sender: mitoyen gate-key NAME"))
    by = who("mitoyen gate-key")
    if revoke:
        count = issuing.revoke(name, by)
        print(ngettext("%(count)d key taken out.", "%(count)d keys taken out.", count) % {"count": count})
    else:
        rights = _rights(may or _asked())
        print(issuing.issue(name, by, may=rights, formats=form or (), models=model or (), communes=commune or ()))


def _rights(given: list[str]) -> list[str]:
    from mitoyen.gate.limits import RIGHTS

    return list(RIGHTS) if given == [ALL] else given


def _asked() -> list[str]:
    """What the key may do, from the person at the terminal; a script is told the option."""
    if not sys.stdin.isatty():
        message = _("Say what the key may do: --may observations, --may uplinks, --may read, or --may all.")
        raise typer.BadParameter(message)
    question = _("What may it do? observations, uplinks, read, or all (with spaces between)")
    return str(typer.prompt(question, err=True)).split()


def _told(limits: "Limits") -> str:
    from mitoyen.gate.limits import RIGHTS

    parts = [", ".join(one for one in RIGHTS if one in limits.may)]
    for name, values in (("--format", limits.formats), ("--model", limits.models), ("--commune", limits.communes)):
        parts += [f"{name} {value}" for value in sorted(values)]
    return " ".join(parts)
