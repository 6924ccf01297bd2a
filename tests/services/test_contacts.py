"""How a person is reached: the same number or address however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.services.answers import BadAnswer
from mitoyen.services.contacts import Reach, phone, phone_shown, read_contact, read_value
from mitoyen.services.enums import Way
from mitoyen.services.models import Contact
from tests.services.conftest import asked, service_of


@pytest.mark.parametrize(
    "written",
    [
        "0612345678",
        "06 12 34 56 78",
        "06.12.34.56.78",
        "06-12-34-56-78",
        "06/12/34/56/78",
        "+33612345678",
        "+33 6 12 34 56 78",
        "+33 (0)6 12 34 56 78",
        "0033612345678",
        "06\u202f12\u00a034 56\u201178",
    ],
)
def test_a_french_number_is_one_number_however_it_is_written(written):
    assert phone(written) == "+33612345678"
    assert read_value(Way.SMS, written) == "+33612345678"
    assert phone_shown("+33612345678") == "06 12 34 56 78"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "12",
        "061234567",
        "06123456789",
        "+0612345678",
        "000612345678",
        "٠٦١٢٣٤٥٦٧٨",
        "+33123",
        "+" + "9" * 16,
        "06 12 34 56 7O",
        "+1",
        "0612345678\n0698765432",
    ],
)
def test_what_is_no_number_is_refused(written):
    assert phone(written) is None
    with pytest.raises(BadAnswer):
        read_value(Way.PHONE, written)


def test_a_number_abroad_keeps_its_country_and_an_sms_needs_a_mobile():
    assert phone("+44 7700 900123") == phone("0044 7700 900123") == "+447700900123"
    assert phone_shown("+447700900123") == "+447700900123"
    with pytest.raises(BadAnswer):
        read_value(Way.SMS, "02 41 00 00 00")
    assert read_value(Way.PHONE, "02 41 00 00 00") == "+33241000000"


@pytest.mark.parametrize(
    "address",
    [
        "marie",
        "marie@",
        "@exemple.fr",
        "marie@exemple",
        "root@localhost",
        "marie@exemple.fr\nBcc: x@y.fr",
        "m" * 250 + "@exemple.fr",
        "a@b..fr",
    ],
)
def test_what_no_mail_reaches_is_refused(address):
    with pytest.raises(BadAnswer):
        read_value(Way.MAIL, address)


def test_a_mail_address_is_kept_in_one_form_that_the_table_holds():
    assert read_value(Way.MAIL, " Marie@Exemple.FR ") == "Marie@exemple.fr"
    longest = Contact._meta.get_field("value").max_length or 0
    assert len(read_value(Way.MAIL, "m" * 60 + "@" + ".".join(["e" * 60] * 3) + ".fr")) <= longest


def test_a_postal_address_keeps_its_lines():
    assert read_value(Way.LETTER, " 3  rue des Ponts\r\n\r\n49000   Angers ") == "3 rue des Ponts\n49000 Angers"
    for bad in ("Angers", "x" * 301):
        with pytest.raises(BadAnswer):
            read_value(Way.LETTER, bad)


def test_a_name_is_one_line_that_no_header_can_be_made_of():
    service = service_of(asked("words"))
    reach = read_contact(service, "mail", "marie@exemple.fr", "Marie\r\nBcc: a@b.fr" + " x" * 100)
    assert "\n" not in reach.name
    assert len(reach.name) <= 120


def test_the_service_says_whether_a_contact_is_needed():
    none, must = service_of(asked("words"), contact="none"), service_of(asked("words"), contact="required")
    assert read_contact(none, "sms", "0612345678", "Marie") == Reach()
    assert read_contact(service_of(asked("words")), "fax", "123", " Marie ") == Reach(name="Marie")
    with pytest.raises(BadAnswer):
        read_contact(must, "none", "")
    assert read_contact(must, "sms", "06 12 34 56 78").value == "+33612345678"


@given(st.sampled_from([Way.SMS, Way.MAIL, Way.PHONE, Way.LETTER]), st.text(max_size=400))
def test_whatever_is_written_fits_the_table_or_is_refused(way, text):
    try:
        value = read_value(way, text)
    except BadAnswer:
        return
    assert value
    assert len(value) <= 300
    assert way == Way.LETTER or "\n" not in value
