"""What a batch fell in, where its summary can't name it all: nobody of one commune takes back another's readings."""

import pytest
from django.urls import reverse

from mitoyen.history.datastreams import datastream_for
from mitoyen.history.enums import BatchState
from mitoyen.territory.models import Thing
from mitoyen.www.desk import scope


def test_a_batch_is_its_commune_s_when_all_of_it_is_named(desk):
    assert scope.communes_of_batch(desk.batch) == {"49007"}


@pytest.mark.parametrize("unnamed", ["very many", "gone"])
def test_a_batch_that_may_hold_more_than_it_names_is_taken_back_by_the_whole_territory_alone(desk, sign_in, unnamed):
    names = [desk.stream.name]
    if unnamed == "gone":
        names.append("bibliotheque/gas")
    else:
        things = [Thing(slug=f"m{n}", name=f"m{n}", kind="meter", commune=desk.angers) for n in range(999)]
        Thing.objects.bulk_create(things)
        names += [
            datastream_for(thing, "gas", "kWh", "delta").name for thing in Thing.objects.filter(slug__startswith="m")
        ]
    desk.batch.summary = {"datastreams": names}
    desk.batch.save()
    address = reverse("desk:batch-undo", args=[desk.batch.pk])
    assert sign_in(desk.officer).post(address, {"why": "Mauvais fichier"}).status_code == 403
    assert sign_in(desk.admin).post(address, {"why": "Mauvais fichier"}).status_code == 302
    desk.batch.refresh_from_db()
    assert desk.batch.state == BatchState.UNDONE
