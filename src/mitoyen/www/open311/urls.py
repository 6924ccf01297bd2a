"""Addresses of the Open311 endpoint; `.json` or `.xml` at the end says how it answers."""

from django.urls import re_path

from mitoyen.www.open311 import catalogue, discovery, records

FORM = r"\.(?P<form>json|xml)$"

app_name = "open311"
urlpatterns = [
    re_path(rf"^discovery{FORM}", discovery.discovery, name="discovery"),
    re_path(rf"^v2/services{FORM}", catalogue.listed, name="services"),
    re_path(rf"^v2/services/(?P<code>[a-z0-9_-]{{1,130}}){FORM}", catalogue.definition, name="definition"),
    re_path(rf"^v2/requests{FORM}", records.requests, name="requests"),
    re_path(rf"^v2/requests/(?P<number>\d{{1,18}}){FORM}", records.one, name="request"),
    re_path(rf"^v2/tokens/(?P<token>[0-9a-f]{{32}}){FORM}", records.of_token, name="token"),
]
