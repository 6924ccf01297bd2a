"""The datastreams that everyone may see: all but those of kinds of thing that tell about people."""

from django.db.models import QuerySet

from mitoyen.history.models import Datastream
from mitoyen.manifests.personal import personal_kinds


def open_streams() -> QuerySet[Datastream]:
    """Not one home's meter among them, whoever guesses its address."""
    return Datastream.objects.exclude(thing__kind__in=personal_kinds())
