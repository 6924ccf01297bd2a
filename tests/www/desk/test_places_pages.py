"""Places at the desk: recorded and changed in one's own communes, with what stands there."""

import pytest
from django.urls import reverse

from mitoyen.ledger.models import AuditEntry
from mitoyen.territory.models import Place, Thing

NEW = {
    "name": "Groupe scolaire",
    "commune": "49007",
    "address": "2 rue des Ponts",
    "latitude": "47,4711",
    "longitude": "-0.5518",
}


def acts():
    return list(AuditEntry.objects.order_by("number").values_list("action", "actor", "subject"))


def test_a_place_is_recorded_and_changed_and_the_trail_says_who(desk, sign_in):
    client, before = sign_in(desk.officer), len(acts())
    answer = client.post(reverse("desk:place-new"), NEW)
    made = Place.objects.get(slug="groupe-scolaire-angers")
    assert answer.url == reverse("desk:place", args=[made.pk])
    assert (made.latitude, made.longitude, made.address) == (47.4711, -0.5518, "2 rue des Ponts")
    assert "47,4711" in client.get(answer.url).content.decode()
    said = {"name": "École des Ponts", "address": "4 rue des Ponts", "latitude": "", "longitude": ""}
    client.post(reverse("desk:place-edit", args=[made.pk]), said)
    made.refresh_from_db()
    assert (made.slug, made.name, made.commune) == ("groupe-scolaire-angers", "École des Ponts", desk.angers)
    assert (made.address, made.latitude) == ("4 rue des Ponts", None)
    by = desk.officer.email
    assert acts()[before:] == [("place.recorded", by, made.slug), ("place.changed", by, made.slug)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "PARC"}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"commune": ""}, "commune"),
        ({"commune": "75056"}, "commune"),
        ({"latitude": ""}, "latitude"),
        ({"longitude": ""}, "longitude"),
        ({"latitude": "91"}, "latitude"),
        ({"longitude": "nan"}, "longitude"),
    ],
)
def test_a_wrong_place_is_explained_beside_the_field_and_changes_no_other(desk, sign_in, wrong, field):
    before = acts()
    page = sign_in(desk.admin).post(reverse("desk:place-new"), {**NEW, **wrong})
    assert list(page.context["form"].errors) == [field]
    assert 'id="errors"' in page.content.decode()
    assert acts() == before
    desk.place.refresh_from_db()
    assert (desk.place.name, desk.place.address) == ("Parc", "1 rue du Parc")


def test_nobody_records_a_place_beyond_their_communes(desk, sign_in):
    page = sign_in(desk.elsewhere).post(reverse("desk:place-new"), NEW)
    assert list(page.context["form"].errors) == ["commune"]
    assert Place.objects.count() == 1


def test_the_list_holds_the_places_of_one_s_communes(desk, sign_in):
    there = Place.objects.create(slug="stade-trelaze", name="Stade", commune=desk.trelaze)
    Thing.objects.filter(pk__in=(desk.school.pk, desk.meter.pk)).update(place=desk.place)
    rows = {who: sign_in(getattr(desk, who)).get(reverse("desk:places")).context["rows"]
            for who in ("reader", "elsewhere", "admin")}  # fmt: skip
    assert [list(rows[who]) for who in rows] == [[desk.place], [there], [desk.place, there]]
    assert rows["reader"][0].standing == 1
    client = sign_in(desk.admin)
    assert list(client.get(reverse("desk:places"), {"nom": "rue du parc"}).context["rows"]) == [desk.place]
    assert "Rien ne correspond" in client.get(reverse("desk:places"), {"nom": "zzz"}).content.decode()


def test_a_building_is_put_there_and_then_no_longer_offered(desk, sign_in):
    client = sign_in(desk.officer)
    shown = reverse("desk:place", args=[desk.place.pk])
    assert '<option value="ecole">' in client.get(shown).content.decode()
    client.post(reverse("desk:place-put", args=[desk.place.pk]), {"thing": "ecole"})
    desk.school.refresh_from_db()
    assert desk.school.place == desk.place
    assert acts()[-1] == ("thing.placed", desk.officer.email, "ecole")
    page = client.get(shown).content.decode()
    assert reverse("desk:building", args=["ecole"]) in page
    assert '<option value="ecole">' not in page
    assert "1 rue du Parc" in client.get(reverse("desk:building", args=["ecole"])).content.decode()


@pytest.mark.parametrize("slug", ["gymnase-trelaze", "nulle-part", "sans-commune", "ecole-gaz", ""])
def test_only_a_building_of_the_place_s_commune_is_put_there(desk, sign_in, slug):
    Thing.objects.create(slug="gymnase-trelaze", name="Gymnase", kind="building", commune=desk.trelaze)
    Thing.objects.create(slug="sans-commune", name="Ailleurs", kind="building")
    page = sign_in(desk.officer).post(reverse("desk:place-put", args=[desk.place.pk]), {"thing": slug})
    assert list(page.context["form"].errors) == ["thing"]
    assert not Thing.objects.exclude(place=None).exists()


def test_who_only_reads_sees_no_form(desk, sign_in):
    page = sign_in(desk.reader).get(reverse("desk:place", args=[desk.place.pk])).content.decode()
    assert "1 rue du Parc" in page
    assert "L’installer ici" not in page
    assert reverse("desk:place-edit", args=[desk.place.pk]) not in page
    assert 'class="button"' not in sign_in(desk.reader).get(reverse("desk:places")).content.decode()
