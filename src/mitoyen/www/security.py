"""What the browser is told to refuse: no inline script, no third party; and whose address a request bears."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{images}; font-src 'none'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)


class ContentSecurityPolicyMiddleware:
    """Sets the policy on every answer; allauth's TOTP page shows its code as a `data:` image."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        images = " data:" if request.path.endswith("/2fa/totp/activate/") else ""
        response.headers.setdefault("Content-Security-Policy", POLICY.format(images=images))
        return response


class ForwardedAddressMiddleware:
    """Behind a proxy named in `trusted_proxies`, a visitor's address is the last one that no trusted proxy added.

    Without it every visitor would share the proxy's address, and the lock-out of one would be the lock-out of all.
    From anyone else the header is not believed.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trusted = {one.strip() for one in str(settings.MITOYEN["trusted_proxies"]).split(",") if one.strip()}
        if request.META.get("REMOTE_ADDR") in trusted:
            passed = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",") if one.strip()]
            visitors = [one for one in passed if one not in trusted]
            if visitors:
                request.META["REMOTE_ADDR"] = visitors[-1]
        return self.get_response(request)
