"""What every template knows about the installation."""

from django.conf import settings
from django.http import HttpRequest


def installation(request: HttpRequest) -> dict[str, object]:
    """The installation's options, as `installation`."""
    return {"installation": settings.MITOYEN}
