"""Who handles, how they are reached, and what is likely about the same thing."""

import datetime as dt

import pytest
from django.utils import timezone

from mitoyen.manifests.service_schema import Team
from mitoyen.services import nearby, routing, timeline
from mitoyen.services.enums import Channel
from mitoyen.services.models import Handler
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Thing
from tests.services.conftest import asked, report, service_of

TEAMS = [
    Team(name="lamps_angers", categories=["lamp"], communes=["49007"]),
    Team(name="lamps", categories=["lamp"]),
    Team(name="angers", communes=["49007"]),
    Team(name="rest"),
]


@pytest.mark.parametrize(("category", "commune", "team"), [
    ("lamp", "49007", "lamps_angers"), ("lamp", "49353", "lamps"), ("road", "49007", "angers"), ("", "", "rest"),
    ("lamp", "", "lamps"),
])  # fmt: skip
def test_the_first_team_that_serves_both_takes_it(category, commune, team):
    assert routing.team_for(service_of(asked("words"), teams=TEAMS).manifest, category, commune).name == team


def test_without_a_team_for_everything_else_it_says_so():
    with pytest.raises(LookupError):
        routing.team_for(service_of(asked("words"), teams=TEAMS[:1]).manifest, "road", "49007")


def test_the_communes_own_and_the_services_own_entry_come_first(communes):
    def entry(service, commune):
        return Handler.objects.create(service=service, team="roads", commune=commune and communes[commune])

    assert routing.handler_of("report_problem", "roads", "49007") is None
    anywhere = entry("", None)
    assert routing.handler_of("report_problem", "roads", "49007") == anywhere
    service = entry("report_problem", None)
    assert routing.handler_of("report_problem", "roads", "49007") == service
    commune = entry("", "49007")
    assert routing.handler_of("report_problem", "roads", "49007") == commune
    both = entry("report_problem", "49007")
    assert routing.handler_of("report_problem", "roads", "49007") == both
    assert routing.handler_of("report_problem", "roads", "49353") == service
    assert routing.handler_of("other", "roads", None) == anywhere


def near(metres, **more):
    """A request that far north of the point that the tests ask about."""
    return report(spot=Spot("Rue", "49007", -0.55, 47.47 + metres / 111_320), **more)


def likely(category="road", thing=""):
    return nearby.likely_same("report_problem", category, -0.55, 47.47, thing)


def test_open_requests_of_the_category_within_sixty_metres_nearest_first(communes):
    far, close = near(50), near(5)
    near(70), near(5, raw={"category": "water", "words": "Une fuite."}), near(5, channel=Channel.WEB)
    timeline.close(near(5), "C’est fait.", "c@example.org")
    near(5, received_at=timezone.now() - dt.timedelta(days=61))
    assert likely() == [close, far]
    timeline.join(far, close, "c@example.org")
    assert likely() == [close]
    assert nearby.likely_same("report_problem", "road", None, None) == []


def test_five_at_most(communes):
    for _n in range(7):
        near(1)
    assert len(likely()) == 5


def test_about_the_same_lamp_wherever_the_point_is(communes):
    Thing.objects.create(slug="lampe", name="L-204", kind="lamp", commune=communes["49007"])
    other = report(spot=Spot("L-204", "49007", 0.0, 45.0, "lampe"))
    near(1)
    assert likely(thing="lampe") == [other]


def test_at_the_edges_of_the_map_nothing_breaks(db):
    for latitude in (90.0, -90.0, 0.0):
        assert nearby.likely_same("report_problem", "road", 180.0, latitude) == []
