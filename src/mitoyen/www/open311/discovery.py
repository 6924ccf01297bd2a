"""Where the endpoint is, what it speaks, whom to ask (wiki.open311.org/Service_Discovery)."""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from mitoyen.manifests.registry import services
from mitoyen.www.open311.answers import Content, base, endpoint

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"


@endpoint("GET", "HEAD")
def discovery(_request: HttpRequest) -> tuple[str, Content]:
    """One endpoint, in both formats."""
    changed = _changed()
    options = settings.MITOYEN
    contact = " – ".join(str(options[name]) for name in ("contact_phone", "contact_address") if options[name])
    return "discovery", {
        "changeset": changed,
        "contact": contact or base(),
        "key_service": _("Ask %(territory)s for a key; reading needs none.") % {"territory": options["territory_name"]},
        "endpoints": [
            {
                "specification": SPECIFICATION,
                "url": f"{base()}/open311/v2",
                "changeset": changed,
                "type": "production",
                "formats": ["text/xml", "application/json"],
            }
        ],
    }


def _changed() -> str:
    """When the newest manifest was written."""
    files = [service.folder / "manifest.toml" for service in services.installed().values()]
    newest = max((file.stat().st_mtime for file in files), default=0.0)
    return f"{dt.datetime.fromtimestamp(newest, dt.UTC):%Y-%m-%d %H:%M}"
