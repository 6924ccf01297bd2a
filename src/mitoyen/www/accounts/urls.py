"""Addresses of the accounts' pages."""

from django.urls import include, path

urlpatterns = [path("", include("allauth.urls"))]
