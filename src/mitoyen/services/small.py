"""Small counts are never shown in a way that tells who: neither as such, nor by subtraction from a total.

A table of counts is published with its total. Counts of 1 to 4 are hidden; when the rest would give one away (it is the
only one, or the hidden ones can only add up in one way), the next smallest is hidden too. Primary and secondary cell
suppression, after Willenborg & de Waal, *Elements of Statistical Disclosure Control* (2001).
"""

from collections.abc import Sequence

LEAST = 5


def shown(counts: Sequence[int], least: int = LEAST) -> list[int | None]:
    """The counts as they may be published beside their total; None stands for one that is hidden. 0 tells nobody."""
    hidden = {at for at, count in enumerate(counts) if 0 < count < least}
    others = sorted((count, at) for at, count in enumerate(counts) if count >= least)
    while hidden and _tells(counts, hidden, least):
        if not others:
            hidden = {at for at, count in enumerate(counts) if count}
            break
        hidden.add(others.pop(0)[1])
    return [None if at in hidden else count for at, count in enumerate(counts)]


def total(counts: Sequence[int], least: int = LEAST) -> int | None:
    """The total beside them; None when it would give the hidden ones away."""
    whole = sum(counts)
    hidden = {
        at for at, (count, kept) in enumerate(zip(counts, shown(counts, least), strict=True)) if kept is None and count
    }
    return None if hidden and (whole < least or _tells(counts, hidden, least)) else whole


def share_tells(part: int, whole: int, least: int = LEAST) -> bool:
    """Whether a share of a group tells of fewer than `least` people, on either side of it."""
    return 0 < part < least or 0 < whole - part < least


def _tells(counts: Sequence[int], hidden: set[int], least: int) -> bool:
    """Whether one of the hidden counts follows from their sum, known by subtraction."""
    added, number = sum(counts[at] for at in hidden), len(hidden)
    if number < 2 or added < least or added == number:
        return True
    # All of them small: their sum mustn't force each to its largest.
    return max(counts[at] for at in hidden) < least and added == number * (least - 1)
