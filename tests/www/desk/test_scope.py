"""What a batch fell in, as its summary names it: nobody of one commune takes back another's readings."""

import pytest
from django.urls import reverse

from mitoyen.history.datastreams import datastream_for
from mitoyen.history.enums import BatchState
from mitoyen.territory.models import Thing
from mitoyen.www.desk import scope


def test_a_batch_is_its_commune_s_however_many_meters_it_names(desk):
    assert scope.communes_of_batch(desk.batch) == {"49007"}
    things = [Thing(slug=f"m{n}", name=f"m{n}", kind="meter", commune=desk.angers) for n in range(1_100)]
    Thing.objects.bulk_create(things)
    streams = [datastream_for(thing, "gas", "kWh", "delta") for thing in Thing.objects.filter(slug__startswith="m")]
    desk.batch.summary = {"datastreams": [stream.name for stream in streams]}
    assert scope.communes_of_batch(desk.batch) == {"49007"}


@pytest.mark.parametrize("unplaced", ["gone", "all"])
def test_a_batch_that_holds_what_can_t_be_placed_is_taken_back_by_the_whole_territory_alone(desk, sign_in, unplaced):
    desk.batch.summary = {"datastreams": [desk.stream.name, "bibliotheque/gas"] if unplaced == "gone" else []}
    desk.batch.save()
    address = reverse("desk:batch-undo", args=[desk.batch.pk])
    assert sign_in(desk.officer).post(address, {"why": "Mauvais fichier"}).status_code == 403
    assert sign_in(desk.admin).post(address, {"why": "Mauvais fichier"}).status_code == 302
    desk.batch.refresh_from_db()
    assert desk.batch.state == BatchState.UNDONE
