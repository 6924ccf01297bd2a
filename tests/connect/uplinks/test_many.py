"""The same properties over many more messages."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.connect.uplinks import test_keeping, test_reading

many = settings(max_examples=4000, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.long
@pytest.mark.parametrize(
    "held",
    [
        test_reading.test_any_bytes_are_read_or_refused,
        test_reading.test_any_value_anywhere_is_read_or_refused,
        test_reading.test_damaged_messages_are_read_or_refused,
        test_reading.test_a_payload_comes_back_from_either_encoding,
    ],
    ids=lambda held: held.__name__,
)
def test_any_message_is_read_or_refused(held):
    many(held)()


@pytest.mark.long
@pytest.mark.usefixtures("home")
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(test_keeping.several, st.randoms())
def test_any_order_keeps_the_same_frames(given, random):
    test_keeping.check_order(given, random)
