"""Addresses of the accounts' pages: allauth's, but for those that would open accounts or send mails."""

from django.urls import include, path

from mitoyen.www.accounts.views import forgotten, second_factor

urlpatterns = [
    path("double-authentification/", second_factor, name="account_second_factor"),
    path("password/reset/", forgotten, name="account_reset_password"),
    path("password/set/", forgotten, name="account_set_password"),
    path("email/", forgotten, name="account_email"),
    path("", include("allauth.urls")),
]
