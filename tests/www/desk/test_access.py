"""Every page of the desk, tried in both senses: someone who may open it, someone who may not."""

import pytest
from django.db import connection
from django.urls import reverse

from mitoyen.www.desk.access import WroteWhileReading, reading_only
from mitoyen.www.desk.urls import PAGES, urlpatterns

# page -> (what its address names, may, may not). "partner" has no business at the desk at all.
WHO = {
    "home": ((), "reader", "partner"),
    "now": ((), "reader", "contractor"),
    "alert-telling": ((), "reader", "contractor"),
    "alert": (("alert",), "reader", "elsewhere"),
    "alert-act": (("alert",), "officer", "contractor"),
    "alert-rules": ((), "admin_trelaze", "officer"),
    "alert-rule": (("rule",), "operator", "officer"),
    "orders": ((), "contractor", "partner"),
    "orders-file": (("csv",), "contractor", "partner"),
    "order": (("order",), "reader", "contractor"),
    "order-act": (("order",), "officer", "reader"),
    "order-photo": (("order",), "operator", "contractor"),
    "order-new": (("school",), "officer", "elsewhere"),
    "requests": ((), "clerk", "reader"),
    "request": (("demand",), "clerk", "clerk_trelaze"),
    "request-act": (("demand",), "clerk", "officer"),
    "counter": ((), "clerk", "officer"),
    "counter-form": (("service",), "clerk", "reader"),
    "receipt": (("demand",), "clerk", "clerk_trelaze"),
    "paper": ((), "clerk", "reader"),
    "paper-form": (("sheet_form",), "clerk", "clerk_trelaze"),
    "paper-aside": (("sheet_form",), "clerk", "clerk_trelaze"),
    "paper-picture": (("sheet",), "clerk", "clerk_trelaze"),
    "paper-print": (("service",), "clerk", "officer"),
    "poster": ((), "clerk", "officer"),
    "letters": ((), "clerk", "officer"),
    "letters-gather": ((), "clerk", "officer"),
    "letters-pdf": (("letters",), "clerk", "clerk_trelaze"),
    "letters-act": (("letters",), "clerk", "clerk_trelaze"),
    "calls": ((), "clerk", "moderator"),
    "call-act": (("call",), "clerk", "clerk_trelaze"),
    "announcements": ((), "operator", "clerk"),
    "announce": ((), "admin_trelaze", "moderator"),
    "teams": ((), "admin_trelaze", "clerk"),
    "team-record": ((), "operator", "moderator"),
    "venues": ((), "operator", "clerk"),
    "venue": (("venue",), "operator", "admin_trelaze"),
    "venue-close": (("venue",), "admin", "admin_trelaze"),
    "venue-hours": (("opening",), "operator", "moderator"),
    "findings": ((), "reader", "partner"),
    "finding": (("finding",), "reader", "elsewhere"),
    "finding-decide": (("finding",), "officer", "reader"),
    "finding-undo": (("finding",), "officer", "elsewhere"),
    "imports": ((), "officer", "reader"),
    "upload": (("upload",), "officer", "elsewhere"),
    "upload-answer": (("upload",), "officer", "reader"),
    "upload-confirm": (("upload",), "officer", "elsewhere"),
    "upload-give-up": (("upload",), "officer", "contractor"),
    "batches": ((), "reader", "partner"),
    "batch": (("batch",), "reader", "elsewhere"),
    "batch-undo": (("batch",), "officer", "reader"),
    "buildings": ((), "reader", "partner"),
    "building": (("school",), "reader", "elsewhere"),
    "building-describe": (("school",), "officer", "reader"),
    "action-new": (("school",), "officer", "elsewhere"),
    "correct": (("stream",), "officer", "contractor"),
    "swap": (("stream",), "contractor", "reader"),
    "swap-undo": (("stream",), "contractor", "elsewhere"),
    "devices": ((), "reader", "partner"),
    "devices-silent": ((), "reader", "partner"),
    "devices-messages": ((), "operator", "admin_trelaze"),
    "devices-messages-act": ((), "operator", "officer"),
    "devices-files": ((), "operator", "admin_trelaze"),
    "devices-file": (("device_file",), "admin", "officer"),
    "devices-file-confirm": (("device_file",), "operator", "officer"),
    "devices-file-give-up": (("device_file",), "operator", "contractor"),
    "devices-file-undo": (("device_file",), "operator", "admin_trelaze"),
    "device-models": ((), "operator", "admin_trelaze"),
    "device-model": (("device_model",), "operator", "officer"),
    "device-model-look": (("device_model",), "admin", "officer"),
    "device-model-factor": (("device_model",), "operator", "admin_trelaze"),
    "device": (("registration",), "reader", "elsewhere"),
    "device-replace": (("registration",), "contractor", "reader"),
    "device-take-back": (("registration",), "contractor", "elsewhere"),
    "device-factor": (("registration",), "officer", "contractor"),
    "actions": ((), "reader", "partner"),
    "action": (("action",), "officer", "reader"),
    "action-take-back": (("action",), "officer", "elsewhere"),
    "corrections": ((), "reader", "partner"),
    "closures": ((), "reader", "partner"),
    "closure-new": ((), "officer", "reader"),
    "closure-remove": (("closure",), "officer", "elsewhere"),
    "places": ((), "reader", "partner"),
    "place-new": ((), "officer", "reader"),
    "place": (("place",), "reader", "elsewhere"),
    "place-edit": (("place",), "officer", "contractor"),
    "place-put": (("place",), "officer", "elsewhere"),
    "partners": ((), "reader", "partner"),
    "partner-new": ((), "operator", "officer"),
    "partner": (("organisation",), "reader", "partner"),
    "partner-crew": (("organisation",), "operator", "admin_trelaze"),
    "partner-crew-leave": (("organisation",), "operator", "officer"),
    "partner-edit": (("organisation",), "admin", "admin_trelaze"),
    "agreement-new": (("organisation",), "operator", "admin_trelaze"),
    "agreement-end": (("agreement",), "operator", "officer"),
    "gate-keys": ((), "operator", "admin_trelaze"),
    "gate-key-take-out": ((), "admin", "officer"),
    "accounts": ((), "admin_trelaze", "officer"),
    "account-new": ((), "admin", "reader"),
    "account": (("reader",), "admin", "admin_trelaze"),
    "account-role-add": (("reader",), "admin", "officer"),
    "account-role-remove": (("reader",), "admin", "admin_trelaze"),
    "account-close": (("reader",), "admin", "admin_trelaze"),
    "account-reset": (("reader",), "admin", "officer"),
    "audit": ((), "admin", "officer"),
    "erasing": ((), "admin", "operator"),
    "privacy": ((), "reader", "partner"),
    "help": ((), "reader", "partner"),
}  # fmt: skip


def a_rule():
    """The first alert rule of the installed usages: its usage and its name."""
    from mitoyen.manifests.registry import usages

    return next([name, manifest.alerts[0].name] for name, manifest in sorted(usages().items()) if manifest.alerts)


def address(desk, name):
    """The page's address about the fixture's objects."""
    named: list[object] = []
    for subject in WHO[name][0]:
        if subject == "csv":
            named.append(subject)
            continue
        if subject == "rule":
            named += a_rule()
            continue
        found = getattr(desk, subject)
        if subject in ("school", "device_model"):
            named.append(found.slug)
        elif subject == "sheet":
            named += [found.pk, "page", 0]
        elif subject == "service":
            named.append(found)
        elif subject == "stream":
            named += [found.thing.slug, found.observed_property]
        else:
            named.append(found.pk)
    return reverse(f"desk:{name}", args=named)


def test_every_address_has_its_line_in_the_table():
    assert {pattern.name for pattern in urlpatterns} == set(WHO)
    assert len(PAGES) == len(urlpatterns)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_who_may_opens_it_and_who_may_not_is_refused(desk, sign_in, page):
    method = "post" if "POST" in page.methods else "get"
    _subject, may, may_not = WHO[page.name]
    refused = getattr(sign_in(getattr(desk, may_not)), method)(address(desk, page.name))
    assert refused.status_code == 403
    allowed = getattr(sign_in(getattr(desk, may)), method)(address(desk, page.name))
    assert allowed.status_code in (200, 302, 422)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_visitor_is_sent_to_sign_in(desk, client, page):
    answer = client.get(address(desk, page.name))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("page", [p for p in PAGES if p.methods == ("POST",)], ids=lambda page: page.name)
def test_what_writes_answers_to_post_alone(desk, sign_in, page):
    answer = sign_in(getattr(desk, WHO[page.name][1])).get(address(desk, page.name))
    assert (answer.status_code, answer.url) == (302, "..")
    assert sign_in(desk.admin).put(address(desk, page.name)).status_code == 405


@pytest.mark.parametrize("page", [p for p in PAGES if "POST" in p.methods], ids=lambda page: page.name)
def test_a_forged_form_is_refused(desk, page):
    from django.test import Client

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(getattr(desk, WHO[page.name][1]), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert strict.post(address(desk, page.name)).status_code == 403


def test_a_page_that_reads_cannot_write(desk):
    with reading_only():
        assert connection.cursor().execute("SELECT 1") is not None
        with pytest.raises(WroteWhileReading):
            desk.finding.save()


def test_what_does_not_exist_is_not_found(desk, sign_in):
    assert sign_in(desk.officer).get(reverse("desk:finding", args=[999999])).status_code == 404


def test_the_audit_trail_says_acts_in_words_and_filters(desk, sign_in):
    from mitoyen.ledger import audit

    audit.record("someone@example.org", "batch.undo", "batch:7", why="Mauvais fichier", sha256="0" * 64)
    client = sign_in(desk.admin)
    page = client.get(reverse("desk:audit"), {"sur": "batch:7"}).content.decode()
    assert "a repris un lot" in page
    assert "Mauvais fichier" in page
    assert "000000" not in page
    assert "Mauvais fichier" not in client.get(reverse("desk:audit"), {"qui": "personne"}).content.decode()
