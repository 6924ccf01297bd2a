"""Groups of rows that come in together: one transaction, counts of each, whatever their sizes."""

import pytest

from mitoyen.history import journal, watch
from tests.history.test_postgresql import postgresql, server  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)


def rows(count, value=1.0, first=0):
    return [(1 + i % 7, 1_600_000_000_000_000 + i * 60_000_000, 60, value, 0) for i in range(first, first + count)]


def told():
    first = journal.append_all([(rows(10), 3), (rows(6, first=8), 4), ([], 5), (rows(1, 2.0), 3)])
    again = journal.append_all([(rows(10), 3), (rows(2, first=14), 3)])
    return first, again


EXPECTED = ([(10, 0, 0), (4, 2, 0), (0, 0, 0), (0, 0, 1)], [(0, 10, 0), (2, 0, 0)])


def test_each_group_is_counted_and_the_first_one_has_the_reading(home):
    assert told() == EXPECTED
    held = journal.columns_of(journal._store().rows_between(0, 1 << 62, None))
    assert held["batch"].tolist() == [3] * 10 + [4] * 4 + [3] * 2
    assert [row[3:6] for row in journal.aside()] == [(2.0, 0, 3)]
    assert watch.differences() == []


@pytest.mark.postgresql
def test_postgresql_counts_alike(postgresql):  # noqa: F811
    assert told() == EXPECTED
    assert [row[3:6] for row in journal.aside()] == [(2.0, 0, 3)]
    assert watch.differences() == []


@pytest.mark.parametrize("count", [1, 255, 256, 257, 511, 1000])
def test_any_number_of_rows_is_inserted_whole(home, count):
    assert journal.append(rows(count), 1) == (count, 0, 0)
    assert journal.count() == count


def test_a_value_that_is_not_finite_keeps_all_groups_out(home):
    with pytest.raises(ValueError, match="not a finite number"):
        journal.append_all([(rows(5), 1), (rows(1, float("inf"), first=9), 2)])
    assert journal.count() == 0
