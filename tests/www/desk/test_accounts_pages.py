"""Accounts: invited within one's reach, roles given and taken, closed and opened again."""

from django.urls import reverse

from mitoyen.territory.models import Person

NEW = {"email": "nouvelle@example.org", "name": "Nour Elle", "role": "energy_officer", "place": "49007"}


def test_someone_is_invited_and_the_password_is_shown_once(desk, sign_in):
    client = sign_in(desk.admin)
    page = client.post(reverse("desk:account-new"), NEW)
    made = Person.objects.get(email="nouvelle@example.org")
    password = page.context["password"]
    assert made.check_password(password)
    assert password in page.content.decode()
    assert password not in client.get(reverse("desk:account", args=[made.pk])).content.decode()


def test_nobody_invites_beyond_their_communes(desk, sign_in):
    client = sign_in(desk.admin_trelaze)
    for place in ("49007", "*"):
        page = client.post(reverse("desk:account-new"), {**NEW, "place": place})
        assert page.context["form"].errors["place"]
    assert not Person.objects.filter(email="nouvelle@example.org").exists()
    client.post(reverse("desk:account-new"), {**NEW, "place": desk.trelaze.insee})
    assert Person.objects.get(email="nouvelle@example.org").roles.get().commune == desk.trelaze


def test_an_address_with_an_account_is_said_beside_its_field(desk, sign_in):
    page = sign_in(desk.admin).post(reverse("desk:account-new"), {**NEW, "email": desk.reader.email})
    assert page.context["form"].errors["email"]
    assert "Nour Elle" in page.content.decode()


def test_a_role_is_given_and_taken_away(desk, sign_in):
    client = sign_in(desk.admin)
    client.post(reverse("desk:account-role-add", args=[desk.reader.pk]), {"role": "operator", "place": "49007"})
    role = desk.reader.roles.get(name="operator")
    client.post(reverse("desk:account-role-remove", args=[desk.reader.pk]), {"role": role.pk})
    assert not desk.reader.roles.filter(name="operator").exists()


def test_another_s_role_is_not_taken_through_one_s_own_page(desk, sign_in):
    other = desk.officer.roles.get()
    sign_in(desk.admin).post(reverse("desk:account-role-remove", args=[desk.reader.pk]), {"role": other.pk})
    assert desk.officer.roles.filter(pk=other.pk).exists()


def test_an_account_is_closed_and_opened_again_but_never_one_s_own(desk, sign_in):
    client = sign_in(desk.admin)
    address = reverse("desk:account-close", args=[desk.reader.pk])
    client.post(address)
    desk.reader.refresh_from_db()
    assert not desk.reader.is_active
    client.post(address)
    desk.reader.refresh_from_db()
    assert desk.reader.is_active
    assert client.post(reverse("desk:account-close", args=[desk.admin.pk])).status_code == 403


def test_the_last_administrator_s_role_stays(desk, sign_in):
    role = desk.admin.roles.get()
    page = sign_in(desk.admin).post(
        reverse("desk:account-role-remove", args=[desk.admin.pk]), {"role": role.pk}, follow=True
    )
    assert desk.admin.roles.filter(pk=role.pk).exists()
    assert "message--error" in page.content.decode()
