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
    forget: Annotated[
        bool, typer.Option("--forget", help="Remove files that only old versions of the archive need.")
    ] = False,
    keep_days: Annotated[int, typer.Option(min=1, help="Days of versions that --forget keeps.")] = compaction.KEEP_DAYS,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
) -> None:
    """Seal the journal's days into the archive, counted and hashed; finish first what a stop left half done."""
    mended = batches.recover()
    sealed = sealing.seal(day.date() if day else None, _told)
    merged = compaction.compact() if compact else {}
    forgotten = compaction.forget(keep_days) if forget else 0
    rollups.refresh()
    if as_json:
        days = [{"day": str(s.day), "part": s.part, "rows": s.rows, "hash": s.hash} for s in sealed]
        done = {"mended": mended, "sealed": days, "compacted": merged, "forgotten": forgotten}
        print(json.dumps(done, ensure_ascii=False))
        return
    for line in mended:
        print(line)
    for one in sealed:
        print(_("%(day)s: %(rows)d readings sealed.") % {"day": one.day, "rows": one.rows})
    for month, count in merged.items():
        print(_("%(month)s: %(count)d files put together.") % {"month": month, "count": count})
    if forgotten:
        print(_("%(count)d files of old versions removed.") % {"count": forgotten})
    if not (mended or sealed or merged or forgotten):
        print(_("Nothing to seal."))


def _told(day: date, rows: int) -> None:
    if sys.stderr.isatty():
        print(f"{day}: {rows}", file=sys.stderr)
