"""A fingerprint is the same whatever the order of the rows, and however many are looked at together."""

import numpy as np

from mitoyen.history import fingerprint


def test_it_adds_up_over_any_pieces_in_any_order():
    noise, count = np.random.default_rng(7), 50_000
    rows = {
        "datastream": noise.integers(1, 5000, count, np.int32),
        "time": noise.integers(0, 1 << 50, count),
        "length": noise.integers(0, 3600, count, np.int32),
        "value": noise.random(count),
        "quality": noise.integers(0, 3, count, np.int8),
    }
    order = noise.permutation(count)
    pieces = [{name: column[order[at : at + 999]] for name, column in rows.items()} for at in range(0, count, 999)]
    whole = fingerprint.of_rows(rows)
    assert whole.rows == count
    assert sum(map(fingerprint.of_rows, pieces), fingerprint.Fingerprint()) == whole
    rows["value"][order[0]] += 1e-9
    assert fingerprint.of_rows(rows) != whole
