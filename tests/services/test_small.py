"""Small counts: none can be told, neither as shown nor by subtraction."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from mitoyen.services import small


def test_a_small_count_takes_the_next_smallest_with_it():
    assert small.shown([40, 3, 7, 0, 12]) == [40, None, None, 0, 12]
    assert small.shown([40, 3, 2, 0, 12]) == [40, None, None, 0, 12]
    assert small.shown([40, 30, 20]) == [40, 30, 20]


def test_two_small_ones_that_can_add_up_in_one_way_only_take_a_third():
    assert small.shown([40, 1, 1, 9]) == [40, None, None, None]
    assert small.shown([40, 4, 4, 9]) == [40, None, None, None]


def test_a_total_that_gives_them_away_is_held_back():
    assert small.total([1, 1, 1, 1, 1, 1]) is None
    assert small.total([3]) is None
    assert small.total([2, 3, 4, 4]) == 13
    assert small.total([]) == 0


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=4))
def test_every_hidden_small_count_could_be_another(counts):
    """Whoever knows the total, the rule and what is shown still finds two values for each hidden one."""
    shown, total = small.shown(counts), small.total(counts)
    assert all(kept == count for kept, count in zip(shown, counts, strict=True) if kept is not None)
    hidden = [at for at, kept in enumerate(shown) if kept is None]
    if not hidden or total is None:
        return
    added = total - sum(kept for kept in shown if kept is not None)
    # Which of them are small isn't known, but when all are, it would be: then each is 1 to 4.
    most = small.LEAST - 1 if all(counts[at] < small.LEAST for at in hidden) else added
    ways = [way for way in itertools.product(range(1, min(most, added) + 1), repeat=len(hidden)) if sum(way) == added]
    for position in range(len(hidden)):
        assert len({way[position] for way in ways}) > 1


def test_a_share_tells_of_the_few_on_either_side():
    assert small.share_tells(2, 100)
    assert small.share_tells(98, 100)
    assert not small.share_tells(0, 100)
    assert not small.share_tells(100, 100)
    assert not small.share_tells(50, 100)
