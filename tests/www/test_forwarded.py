"""Whose address a request bears, behind the installation's own web server and elsewhere."""

import pytest
from django.http import HttpResponse

from mitoyen.www.security import ForwardedAddressMiddleware


@pytest.mark.parametrize(
    ("trusted", "remote", "header", "address"),
    [
        ("", "10.0.0.1", "203.0.113.9", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.1", "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1, 10.0.0.2", "10.0.0.2", "203.0.113.9, 10.0.0.1", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.50", "198.51.100.7", "203.0.113.50"),
    ],
)
def test_only_trusted_proxies_say_who_the_visitor_is(rf, settings, trusted, remote, header, address):
    settings.MITOYEN = {**settings.MITOYEN, "trusted_proxies": trusted}
    seen = []

    def view(request):
        seen.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    more = {"HTTP_X_FORWARDED_FOR": header} if header else {}
    ForwardedAddressMiddleware(view)(rf.get("/", REMOTE_ADDR=remote, **more))
    assert seen == [address]
