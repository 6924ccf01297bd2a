"""What every template knows about the installation."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import translate_url
from django.utils.translation import get_language


def installation(request: HttpRequest) -> dict[str, object]:
    """The installation's options as `installation`; this page in the other languages as `languages`."""
    here = request.get_full_path()
    spoken = (get_language() or settings.LANGUAGE_CODE)[:2]
    others = [(code, name, translate_url(here, code)) for code, name in settings.LANGUAGES if code != spoken]
    return {"installation": settings.MITOYEN, "languages": others, "spoken": spoken}
