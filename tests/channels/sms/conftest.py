"""A message centre for each test that asks for one."""

import pytest

from tests.channels.sms import message_centre


@pytest.fixture
def centre(tmp_path):
    with message_centre.running(tmp_path) as found:
        yield found
