"""An installation in a temporary folder, for benchmarks."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def temporary() -> Iterator[Path]:
    """Make one, set Django up on it, remove it at the end. TMPDIR says where."""
    with tempfile.TemporaryDirectory(prefix="mitoyen-bench-") as folder:
        os.environ["MITOYEN_HOME"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
        import django

        django.setup()
        from mitoyen.cli.init import prepare

        prepare()
        yield Path(folder)


def datastreams(count: int) -> list[int]:
    """Numbers of `count` electricity datastreams (kWh, deltas), spread over 29 communes."""
    from mitoyen.history.models import Datastream
    from mitoyen.territory.models import Commune, Thing

    communes = Commune.objects.bulk_create(
        Commune(insee=f"49{i:03}", name=f"C{i}", slug=f"c{i}", longitude=0, latitude=47) for i in range(29)
    )
    things = Thing.objects.bulk_create(
        Thing(slug=f"t{i}", name=f"T{i}", kind="meter", commune=communes[i % 29]) for i in range(count)
    )
    made = Datastream.objects.bulk_create(
        Datastream(thing=thing, observed_property="electricity", unit="kWh", kind="delta") for thing in things
    )
    return [stream.pk for stream in made]
