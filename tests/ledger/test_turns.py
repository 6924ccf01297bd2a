"""Writers stand in line: the next one goes as soon as the one before is done, and nobody waits inside a transaction."""

import threading
import time

import pytest
from django.db import connection, transaction

from mitoyen.ledger.turns import in_turn
from tests.ledger.conftest import Installation

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_next_writer_waits_for_the_one_before_and_no_longer(home):
    went: list[str] = []

    def second():
        with in_turn():
            went.append("second")
        connection.close()

    with in_turn():
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.2)
        went.append("first")
    other.join(2)
    assert went == ["first", "second"]


def test_inside_a_transaction_nobody_waits(home):
    with in_turn():
        done = threading.Event()

        def inside():
            with transaction.atomic(), in_turn():
                done.set()
            connection.close()

        other = threading.Thread(target=inside)
        other.start()
        other.join(5)
        assert done.is_set()


STAYS = """
from django.db import close_old_connections, connection
connection.ensure_connection()
opened = connection.connection
close_old_connections()
print(connection.connection is opened)
"""


def test_the_database_stays_open_from_one_request_to_the_next(installation: Installation):
    assert installation.run(STAYS) == "True"
