"""The audit trail's published seals: anyone can keep them and check later that nothing was rewritten."""

import json

from django.http import HttpRequest, HttpResponse

from mitoyen.ledger.audit import published_folder
from mitoyen.www.portal.cache import public


@public
def heads(request: HttpRequest) -> HttpResponse:
    """Every published head, oldest first, as published."""
    found = []
    for file in sorted(published_folder().glob("????-??-??.json")):
        found.append({"day": file.stem, **json.loads(file.read_text(encoding="utf-8"))})
    content = json.dumps({"heads": found}, ensure_ascii=False, indent=1)
    return HttpResponse(content, content_type="application/json; charset=utf-8")
