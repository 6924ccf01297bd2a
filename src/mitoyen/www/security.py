"""What the browser is told to refuse: no inline script, no third party."""

from collections.abc import Callable

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
