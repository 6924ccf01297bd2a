"""`mitoyen seal`: the journal's days that are over go into the archive."""

import json
import sys
from datetime import date, datetime
from typing import Annotated

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.history import batches, compaction, rollups, sealing


@app.command()
def seal(
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="One UTC day; by default all over.")
    ] = None,
    compact: Annotated[bool, typer.Option("--compact", help="Put the archive's small files together too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Seal the journal's days into the archive, counted and hashed; finish first what a stop left half done."""
    mended = batches.recover()
    sealed = sealing.seal(day.date() if day else None, _told)
    merged = compaction.compact() if compact else {}
    rollups.refresh()
    if as_json:
        days = [{"day": str(s.day), "part": s.part, "rows": s.rows, "hash": s.hash} for s in sealed]
        print(json.dumps({"mended": mended, "sealed": days, "compacted": merged}, ensure_ascii=False))
        return
    for line in mended:
        print(line)
    for one in sealed:
        print(_("%(day)s: %(rows)d readings sealed.") % {"day": one.day, "rows": one.rows})
    for month, count in merged.items():
        print(_("%(month)s: %(count)d files put together.") % {"month": month, "count": count})
    if not (mended or sealed or merged):
        print(_("Nothing to seal."))


def _told(day: date, rows: int) -> None:
    if sys.stderr.isatty():
        print(f"{day}: {rows}", file=sys.stderr)
