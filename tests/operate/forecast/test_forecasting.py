"""The forecasts that are kept: of every hourly datastream, made again when readings come, told in words and numbers."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.utils import timezone, translation

from mitoyen.history.datastreams import datastream_for
from mitoyen.ledger.models import Job
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.forecast import forecasting, tasks
from mitoyen.operate.forecast.models import Forecast
from mitoyen.operate.forecast.wording import accuracy, basis
from mitoyen.territory.models import Thing

FIRST = "2025-01-01T00"
HOURS = 24 * 120


@pytest.fixture
def river(school):
    gauge = Thing.objects.create(slug="maine", name="La Maine", kind="gauge", commune=school.commune)
    return datastream_for(gauge, "temperature", "Cel", "gauge")


def walk(seed=0):
    return 12 + np.cumsum(np.random.default_rng(seed).normal(0, 0.1, HOURS))


def test_an_hourly_series_gets_48_hours_from_its_last_one_on(river, tell):
    values = walk()
    tell(river, FIRST, values)
    made = forecasting.forecast(river)
    assert made.starts == datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=HOURS)
    assert len(made.values) == len(made.low) == len(made.high) == 48
    assert made.unit == "Cel"
    # A level that drifts is best foretold from where it stands now, not from last week.
    assert made.method == "linear"
    assert abs(made.values[0] - values[-1]) < 0.5
    assert made.error is not None
    assert made.naive_error is not None
    assert made.error < made.naive_error
    assert all(low <= value <= high for low, value, high in zip(made.low, made.values, made.high, strict=True))


def test_a_meter_read_once_a_day_is_no_hourly_series(water, home):
    from mitoyen.history import batches, staging
    from mitoyen.history.engine import connected

    batch = batches.open_batch("file", "test.csv", "someone@example.org")
    columns = {
        "datastream": np.full(120, water.pk, np.int32),
        "time": np.datetime64(FIRST, "us") + (np.arange(120) + 1) * np.timedelta64(24, "h"),
        "value": np.ones(120),
    }
    with connected() as con:
        con.register("told", columns)
        batches.commit(
            staging.stage(con, "SELECT datastream, time, 86400 AS length, value, 0 AS quality FROM told", batch)
        )
    with pytest.raises(Refused, match="eau"):
        forecasting.forecast(water)
    assert forecasting.refresh() == forecasting.Summary(made=0, none=1, left=0)


def test_a_run_makes_what_is_due_and_no_more_and_goes_on_where_it_stopped(river, water, tell):
    tell(river, FIRST, walk())
    tell(water, FIRST, np.abs(walk(1)))
    assert forecasting.refresh(budget_s=0) == forecasting.Summary(made=1, none=0, left=1)
    assert forecasting.refresh() == forecasting.Summary(made=1, none=0, left=0)
    assert forecasting.refresh() == forecasting.Summary(made=0, none=0, left=0)
    before = Forecast.objects.get(datastream=river).starts
    tell(river, "2025-05-01T00", walk(2)[:6])
    assert forecasting.refresh() == forecasting.Summary(made=1, none=0, left=0)
    assert Forecast.objects.get(datastream=river).starts == before + timedelta(hours=6)


def test_each_hour_the_worker_asks_for_it_once(db, monkeypatch):
    from mitoyen.ledger import jobs

    assert any(entry.kind == "forecast" and entry.hour is None for entry in jobs._regulars)
    now = timezone.now()
    for moment in (now, now + timedelta(minutes=1), now + timedelta(hours=1)):
        jobs.enqueue_due(moment)
    hours = len(
        {timezone.localtime(moment).hour for moment in (now, now + timedelta(minutes=1), now + timedelta(hours=1))}
    )
    assert Job.objects.filter(kind="forecast").count() == hours


def test_the_task_tells_what_it_did(river, tell):
    tell(river, FIRST, walk())
    assert tasks.forecast(Job.objects.create(kind="forecast", asked_by="x")) == {"made": 1, "none": 0, "left": 0}


def test_it_is_told_in_words_which_method_and_how_good(river, tell):
    tell(river, FIRST, walk())
    made = forecasting.forecast(river)
    with translation.override("fr"):
        assert "quatre dernières semaines" in basis(made)
        assert "Ces trois dernières semaines" in accuracy(made)
        assert "valeurs sur dix" in accuracy(made)
        made.method = "naive"
        assert "rien de plus savant" in basis(made)


def test_the_command_prints_it(river, tell, capsys):
    from mitoyen.cli.forecast import forecast

    tell(river, FIRST, walk())
    forecast("maine/temperature", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["datastream"] == "maine/temperature"
    assert len(told["values"]) == 48
    assert told["values"][0][0] == "2025-05-01T00:00:00+00:00"
    forecast("", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"made": 0, "none": 0}
