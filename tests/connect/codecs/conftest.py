"""A pool for the tests of one file."""

import pytest

from mitoyen.connect.codecs.pool import Pool


@pytest.fixture(scope="module")
def pool():
    with Pool(workers=1) as made:
        yield made
