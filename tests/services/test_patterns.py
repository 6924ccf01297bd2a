"""What happens where and when: counts by month, hour, category and place."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from mitoyen.services import codes
from mitoyen.services.enums import Channel, State
from mitoyen.services.models import Request
from mitoyen.services.patterns import of_territory, patterns
from mitoyen.territory.enums import Origin

PARIS = ZoneInfo("Europe/Paris")
pytestmark = pytest.mark.django_db


def ask(count, at, *, category="lighting", point=(-0.55, 47.47), **more):
    """`count` requests at one local moment and place."""
    fields = {"service": "report_problem", "version": "1.0", "channel": Channel.WEB, "team": "town_hall", **more}
    return Request.objects.bulk_create(
        Request(
            code=codes.new_code(),
            received_at=at.replace(tzinfo=PARIS),
            promised_for=at.date(),
            category=category,
            longitude=point[0] if point else None,
            latitude=point[1] if point else None,
            **fields,
        )
        for _n in range(count)
    )


def test_counts_are_of_local_months_and_hours():
    ask(7, dt.datetime(2026, 2, 1, 0, 30))
    ask(9, dt.datetime(2026, 4, 6, 8, 0), category="road")
    found = patterns(of_territory("report_problem"))
    assert found.total == 16
    assert found.months == ((dt.date(2026, 2, 1), 7), (dt.date(2026, 3, 1), 0), (dt.date(2026, 4, 1), 9))
    assert (found.week[6][0], found.week[0][8]) == (7, 9)
    assert dict(found.categories) == {"road": 9, "lighting": 7}


def test_without_hours_only_days_are_counted():
    ask(7, dt.datetime(2026, 2, 1, 12, 0))
    found = patterns(of_territory("report_problem"), has_hours=False)
    assert found.week == ((0,), (0,), (0,), (0,), (0,), (0,), (7,))


def test_places_are_squares_north_up():
    ask(6, dt.datetime(2026, 2, 2), point=(-0.55, 47.47))
    ask(8, dt.datetime(2026, 2, 2), point=(-0.51, 47.50))
    ask(9, dt.datetime(2026, 2, 2), point=None)
    grid = patterns(of_territory("report_problem")).grid
    assert grid is not None
    assert grid.side_m == 500
    south, north = sorted(grid.cells, key=lambda cell: cell.latitude)
    assert (south.count, north.count) == (6, 8)
    assert north.row < south.row
    assert north.column > south.column
    # 0.03 degrees of latitude are 3.34 km; 0.04 of longitude 3.01 km there.
    assert south.row - north.row in (6, 7)
    assert north.column - south.column in (5, 6, 7)


def test_one_far_away_does_not_stretch_the_frame():
    ask(600, dt.datetime(2026, 2, 2), point=(-0.55, 47.47))
    ask(600, dt.datetime(2026, 2, 2), point=(-0.50, 47.47))
    ask(1, dt.datetime(2026, 2, 2), point=(5.0, 43.0))
    grid = patterns(of_territory("report_problem")).grid
    assert grid is not None
    assert grid.beyond
    assert grid.side_m == 500


def test_what_waits_was_set_aside_or_comes_from_elsewhere_is_not_counted():
    ask(6, dt.datetime(2026, 2, 2))
    ask(5, dt.datetime(2026, 2, 2), state=State.HELD)
    ask(5, dt.datetime(2026, 2, 2), state=State.REFUSED)
    ask(5, dt.datetime(2026, 2, 2), origin=Origin.SAMPLE)
    ask(5, dt.datetime(2026, 2, 2), service="propose_idea")
    assert patterns(of_territory("report_problem")).total == 6


def test_few_are_not_shown_at_all():
    ask(3, dt.datetime(2026, 2, 2))
    found = patterns(of_territory("report_problem"))
    assert found.total is None
    assert [count for _month, count in found.months] == [None]


def test_nothing_is_nothing():
    found = patterns(of_territory("report_problem"))
    assert (found.total, found.months, found.grid) == (0, (), None)
