"""Signing in: by invitation, locked out after five wrong passwords, with a second factor for administrators."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from axes.models import AccessAttempt
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from mitoyen.ledger.models import AuditEntry
from mitoyen.territory import people, perms
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Person

PASSWORD = "un-cheval-bleu-sur-la-Loire"
LOGIN = "/compte/login/"
DESK = "/bureau/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_limits(settings):
    """Counts of attempts start anew; passwords are hashed fast, for these tests alone."""
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def account(role=None, email="lea@example.org", password=PASSWORD):
    roles = [(role, None)] if role else []
    return people.invite(email, "Léa", roles, "tests", password=password).person


def sign_in(client, password=PASSWORD, email="lea@example.org", **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


def confirm(client):
    """Second factors are only changed by who types the password again."""
    return client.post("/compte/reauthenticate/", {"password": PASSWORD})


def code_for(secret):
    counter = next(iter(yield_hotp_counters_from_time()))
    return format_hotp_value(hotp_value(secret, counter))


def acts():
    return list(AuditEntry.objects.values_list("action", flat=True))


class TestSigningIn:
    def test_with_the_right_password_the_desk_opens(self, client):
        account(RoleName.READER)
        assert sign_in(client).headers["Location"] == DESK

    def test_where_one_wanted_to_go_is_kept(self, client):
        account(RoleName.READER)
        assert sign_in(client, next="/bureau/lots/").headers["Location"] == "/bureau/lots/"

    def test_never_to_another_site(self, client):
        account(RoleName.READER)
        assert sign_in(client, next="https://example.com/").headers["Location"] == DESK

    def test_a_wrong_password_says_so_and_keeps_the_address(self, client):
        account(RoleName.READER)
        page = sign_in(client, "wrong").content.decode()
        assert "incorrects" in page
        assert 'value="lea@example.org"' in page

    def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(self, client):
        account(RoleName.READER)
        pages = [sign_in(client, "x", mail).content.decode() for mail in ("lea@example.org", "other@example.org")]
        told = [re.findall(r"<li>[^<]*incorrects[^<]*", page) for page in pages]
        assert told[0] == told[1] != []

    def test_a_closed_account_does_not_get_in(self, client):
        person = account(RoleName.READER)
        people.deactivate(person, "tests")
        sign_in(client)
        assert client.get(DESK).headers["Location"].startswith(LOGIN)

    def test_signing_out_needs_a_click(self, client):
        account(RoleName.READER)
        sign_in(client)
        assert "Se déconnecter" in client.get("/compte/logout/").content.decode()
        assert client.get(DESK).status_code == 200
        client.post("/compte/logout/")
        assert client.get(DESK).status_code == 302

    def test_in_english_under_en(self, client):
        account(RoleName.READER)
        assert "Sign in to the desk" in client.get("/en/compte/login/").content.decode()
        answer = client.post("/en/compte/login/", {"login": "lea@example.org", "password": PASSWORD})
        assert answer.headers["Location"] == "/en/bureau/"


class TestByInvitation:
    CLOSED = ("/compte/signup/", "/compte/password/reset/", "/compte/email/", "/compte/password/set/")

    @pytest.mark.parametrize("address", CLOSED)
    def test_nobody_opens_an_account_or_has_a_mail_sent(self, client, address, mailoutbox):
        client.get(address)
        client.post(address, {"email": "x@example.org", "password1": PASSWORD, "password2": PASSWORD})
        assert not Person.objects.exists()
        assert mailoutbox == []

    def test_the_pages_say_whom_to_ask(self, client):
        assert "sur invitation" in client.get("/compte/signup/").content.decode()
        assert "administrateur" in client.get("/compte/password/reset/").content.decode()


class TestLockOut:
    def test_five_wrong_passwords_close_sign_in_even_for_the_right_one(self, client):
        account(RoleName.READER)
        answers = [sign_in(client, "wrong").status_code for _n in range(5)]
        assert answers == [200, 200, 200, 200, 429]
        last = sign_in(client)
        assert last.status_code == 429
        assert "fermée pour une heure" in last.content.decode()
        assert client.get(DESK).status_code == 302

    def test_the_lock_out_is_audited_under_the_account(self, client):
        account(RoleName.READER)
        for _n in range(5):
            sign_in(client, "wrong")
        entry = AuditEntry.objects.latest("number")
        assert (entry.action, entry.subject) == ("account.locked", "lea@example.org")

    def test_what_was_typed_for_an_address_is_not_kept_when_it_is_none(self, client):
        for _n in range(5):
            sign_in(client, "wrong", email="secret-typed-in-the-wrong-field@x.fr")
        assert AuditEntry.objects.latest("number").subject == "-"

    def test_it_holds_for_that_account_from_there_only(self, client):
        account(RoleName.READER)
        account(RoleName.READER, "other@example.org")
        for _n in range(5):
            sign_in(client, "wrong")
        assert sign_in(client, email="other@example.org").status_code == 302

    def test_capitals_do_not_give_more_attempts(self, client):
        account(RoleName.READER)
        for address in ("lea@example.org", "LEA@example.org", "Lea@Example.org", " lea@example.org", "lea@example.ORG"):
            last = sign_in(client, "wrong", address)
        assert last.status_code == 429

    def test_a_one_time_password_opens_it_again(self, client):
        person = account(RoleName.READER)
        for _n in range(5):
            sign_in(client, "wrong")
        password = people.reset_password(person, "tests")
        assert sign_in(client, password).headers["Location"] == reverse("account_change_password")

    def test_signing_in_starts_the_count_again(self, client):
        account(RoleName.READER)
        for _n in range(4):
            sign_in(client, "wrong")
        sign_in(client)
        assert not AccessAttempt.objects.exists()


class TestOneTimePassword:
    def change(self, client, old, new=PASSWORD):
        fields = {"oldpassword": old, "password1": new, "password2": new}
        return client.post("/compte/password/change/", fields)

    def test_it_opens_nothing_but_the_page_to_change_it(self, client):
        invitation = people.invite("lea@example.org", "Léa", [(RoleName.READER, None)], "tests")
        assert sign_in(client, invitation.password).headers["Location"] == "/compte/password/change/"
        assert client.get(DESK).headers["Location"] == "/compte/password/change/"
        assert client.get("/").status_code == 200
        assert self.change(client, invitation.password).headers["Location"] == DESK
        assert client.get(DESK).status_code == 200
        assert "account.password_changed" in acts()

    def test_a_weak_password_is_refused(self, client):
        account(RoleName.READER)
        sign_in(client)
        assert self.change(client, PASSWORD, "motdepasse").status_code == 200
        assert Person.objects.get().check_password(PASSWORD)

    def test_the_old_password_is_asked_for(self, client):
        account(RoleName.READER)
        sign_in(client)
        self.change(client, "wrong", "trois-canards-sur-le-Loir")
        assert Person.objects.get().check_password(PASSWORD)


class TestSecondFactor:
    def activate(self, client):
        confirm(client)
        page = client.get("/compte/2fa/totp/activate/")
        secret = page.context["form"].secret
        return page, client.post("/compte/2fa/totp/activate/", {"code": code_for(secret)}), secret

    def test_an_administrator_without_one_is_reminded_and_can_go_on(self, client):
        account(RoleName.ADMINISTRATOR)
        assert sign_in(client).headers["Location"] == DESK
        page = client.get(DESK).content.decode()
        assert 'href="/compte/double-authentification/"' in page
        assert "double-authentification" not in client.get(DESK).content.decode(), "once is enough"

    def test_a_page_of_its_own_comes_first_when_the_time_is_over(self, client):
        account(RoleName.ADMINISTRATOR)
        Person.objects.update(joined_at=timezone.now() - perms.GRACE * 2)
        answer = sign_in(client, next="/bureau/lots/")
        assert answer.headers["Location"] == "/compte/double-authentification/?next=%2Fbureau%2Flots%2F"
        page = client.get(answer.headers["Location"]).content.decode()
        assert 'href="/bureau/lots/"' in page
        assert 'href="/compte/2fa/totp/activate/"' in page
        assert client.get(DESK).status_code == 200

    def test_the_reminder_leads_to_no_other_site(self, client):
        account(RoleName.ADMINISTRATOR)
        sign_in(client)
        page = client.get("/compte/double-authentification/?next=https://example.com/").content.decode()
        assert 'href="https://example.com' not in page

    def test_the_reminder_says_when_the_time_is_over(self, client):
        account(RoleName.ADMINISTRATOR)
        Person.objects.update(joined_at=timezone.now() - perms.GRACE * 2)
        sign_in(client)
        assert "tant que" in client.get("/compte/double-authentification/").content.decode()

    def test_others_are_not_reminded(self, client):
        account(RoleName.ENERGY_OFFICER)
        sign_in(client)
        assert "double-authentification" not in client.get(DESK).content.decode()

    def test_once_set_up_the_code_is_asked_for_after_the_password(self, client, django_capture_on_commit_callbacks):
        account(RoleName.ADMINISTRATOR)
        sign_in(client)
        with django_capture_on_commit_callbacks(execute=True):
            page, answer, secret = self.activate(client)
        assert page.status_code == 200
        assert answer.status_code == 302
        assert not perms.lacks_second_factor(Person.objects.get())
        assert acts().count("account.second_factor_added") == 2  # the application, and its recovery codes
        client.post("/compte/logout/")
        cache.clear()  # A code is good once.
        assert sign_in(client).headers["Location"] == "/compte/2fa/authenticate/"
        assert client.get(DESK).status_code == 302, "the password alone opens nothing"
        wrong = client.post("/compte/2fa/authenticate/", {"code": "000000"})
        assert wrong.status_code == 200
        assert client.post("/compte/2fa/authenticate/", {"code": code_for(secret)}).headers["Location"] == DESK
        assert client.get(DESK).status_code == 200

    def test_a_recovery_code_works_once(self, client):
        account(RoleName.ADMINISTRATOR)
        sign_in(client)
        self.activate(client)
        codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
        client.post("/compte/logout/")
        sign_in(client)
        assert client.post("/compte/2fa/authenticate/", {"code": codes[0]}).headers["Location"] == DESK
        client.post("/compte/logout/")
        sign_in(client)
        assert client.post("/compte/2fa/authenticate/", {"code": codes[0]}).status_code == 200

    def test_codes_can_t_be_guessed_at_will(self, client):
        account(RoleName.ADMINISTRATOR)
        sign_in(client)
        secret = self.activate(client)[2]
        client.post("/compte/logout/")
        cache.clear()
        sign_in(client)
        for _n in range(12):
            client.post("/compte/2fa/authenticate/", {"code": "000000"})
        assert client.post("/compte/2fa/authenticate/", {"code": code_for(secret)}).status_code == 200
        assert client.get(DESK).status_code == 302

    def test_an_administrator_can_free_someone_who_lost_their_telephone(self, client):
        person = account(RoleName.ADMINISTRATOR)
        sign_in(client)
        self.activate(client)
        people.remove_second_factors(person, "tests")
        client.post("/compte/logout/")
        assert sign_in(client).headers["Location"] == DESK


class TestPages:
    OPEN = ("/compte/login/", "/compte/signup/", "/compte/password/reset/")
    MINE = (
        "/compte/password/change/",
        "/compte/logout/",
        "/compte/2fa/",
        "/compte/double-authentification/",
        "/compte/2fa/totp/activate/",
        "/compte/reauthenticate/",
    )

    def check(self, answer):
        page = answer.content.decode()
        assert answer.status_code == 200
        assert page.count("<h1") == 1
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), "the policy lets no script stand in a page"
        assert not re.search(r"\son\w+=|style=", page)
        policy = answer.headers["Content-Security-Policy"]
        images = "data:" if 'src="data:' in page else ""
        assert images in policy
        labels = set(re.findall(r'<label for="([^"]+)"', page))
        fields = re.findall(r'<(?:input|textarea)(?![^>]*type="hidden")[^>]*\bid="([^"]+)"', page)
        assert set(fields) <= labels

    @pytest.mark.parametrize("language", ["", "/en"])
    @pytest.mark.parametrize("address", OPEN)
    def test_open_pages(self, client, address, language):
        self.check(client.get(language + address))

    @pytest.mark.parametrize("language", ["", "/en"])
    @pytest.mark.parametrize("address", MINE)
    def test_pages_of_one_s_own_account(self, client, address, language):
        assert client.get(language + address).status_code == 302
        account(RoleName.ADMINISTRATOR)
        sign_in(client)
        confirm(client)
        self.check(client.get(language + address))

    def test_the_second_factor_is_set_up_only_by_who_types_the_password_again(self, client):
        account(RoleName.ADMINISTRATOR)
        sign_in(client)
        assert client.get("/compte/2fa/totp/activate/").headers["Location"].startswith("/compte/reauthenticate/")

    def test_the_recovery_codes_are_shown_and_given_as_a_file(self, client):
        account(RoleName.ADMINISTRATOR)
        sign_in(client)
        TestSecondFactor().activate(client)
        self.check(client.get("/compte/2fa/"))
        code = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()[0]
        assert code in client.get("/compte/2fa/recovery-codes/").content.decode()
        assert code in client.get("/compte/2fa/recovery-codes/download/").content.decode()
