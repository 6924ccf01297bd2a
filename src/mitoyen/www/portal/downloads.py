"""A datastream's year as a file: CSV or Parquet, made when asked for, never kept."""

import datetime as dt
import tempfile
from pathlib import Path

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from mitoyen.history.export import write_csv, write_parquet
from mitoyen.www.portal.open_streams import open_streams

# The years that a reading can bear.
FIRST_YEAR, LAST_YEAR = 1900, 2100
FORMS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@require_safe
def readings(request: HttpRequest, thing: str, observed_property: str, year: int, form: str) -> HttpResponseBase:
    """The readings of one Paris year, sent as they are read back from a temporary file that has no name left."""
    if form not in FORMS or not FIRST_YEAR <= year <= LAST_YEAR:
        raise Http404(_("There is no such file."))
    streams = open_streams().select_related("thing")
    stream = get_object_or_404(streams, thing__slug=thing, observed_property=observed_property)
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    with tempfile.TemporaryDirectory(prefix="mitoyen-") as folder:
        made = Path(folder) / f"{year}.{form}"
        if form == "csv":
            with made.open("w", encoding="utf-8") as file:
                write_csv(stream, first, last, file)
        else:
            write_parquet(stream, first, last, made)
        # Open before the folder goes: the content lasts as long as the answer needs it.
        content = made.open("rb")
    name = f"{thing}-{observed_property}-{year}.{form}"
    return FileResponse(content, as_attachment=True, filename=name, content_type=FORMS[form])
