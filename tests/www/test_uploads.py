"""Files sent where none is asked for are never written to disk; forms still work behind HTTPS."""

import pytest
from django.core.files import uploadhandler
from django.test import Client
from django.urls import reverse

BOUNDARY = "limit"


def multipart(*parts: tuple[str, str, str]) -> bytes:
    """A form's body of (name, file name or nothing, content) parts."""
    body = ""
    for name, file, content in parts:
        named = f'; filename="{file}"' if file else ""
        kind = "Content-Type: text/csv\r\n" if file else ""
        body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n{kind}\r\n{content}\r\n'
    return f"{body}--{BOUNDARY}--\r\n".encode()


@pytest.fixture
def spooled(monkeypatch):
    """Names of the files that Django would have spooled: in memory or on disk."""
    opened = []
    for handler in (uploadhandler.MemoryFileUploadHandler, uploadhandler.TemporaryFileUploadHandler):
        monkeypatch.setattr(handler, "new_file", lambda _self, *named, **_more: opened.append(named))
    return opened


@pytest.mark.parametrize("page", ["account_login", "portal:home", "desk:home", "desk:closure-new"])
def test_a_stranger_cannot_have_a_file_written(db, home, spooled, page):
    body = multipart(("login", "", "a@example.org"), ("f", "big.csv", "x" * 3_000_000))
    strict = Client(enforce_csrf_checks=True)
    strict.get(reverse("account_login"))  # With its cookie, the check against forged forms reads the form.
    answer = strict.generic("POST", reverse(page), body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
    assert answer.status_code == 403
    assert spooled == []


def test_the_fields_of_a_form_still_arrive(rf):
    body = multipart(("login", "", "a@example.org"), ("f", "big.csv", "x"))
    request = rf.generic("POST", "/", body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
    assert request.POST["login"] == "a@example.org"
    assert not request.FILES


@pytest.mark.parametrize(("origin", "status"), [("https://energie.example.org", 200), ("https://evil.example", 403)])
def test_behind_https_a_form_of_our_own_address_is_taken_and_no_other(db, home, settings, origin, status):
    settings.ALLOWED_HOSTS = ["energie.example.org"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://energie.example.org"]
    browser = Client(enforce_csrf_checks=True, headers={"host": "energie.example.org"})
    browser.get(reverse("account_login"))
    form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value, "login": "a@example.org", "password": "x"}
    assert browser.post(reverse("account_login"), form, headers={"origin": origin}).status_code == status


def test_the_trusted_address_is_the_public_one(settings):
    assert settings.CSRF_TRUSTED_ORIGINS == ["http://127.0.0.1:8000"]
