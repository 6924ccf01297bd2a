"""Buildings, meters and weather with readings made from a seed, brought into the history as a file's would be."""

import datetime as dt
from typing import TypeVar

import numpy as np

from mitoyen.history import batches, engine
from mitoyen.history.datastreams import datastream_for
from mitoyen.history.staging import stage
from mitoyen.territory.models import Commune, Thing

FIRST, LAST = dt.date(2022, 1, 1), dt.date(2024, 12, 31)
HOUR_US = 3_600_000_000
T = TypeVar("T")


def there(found: T | None) -> T:
    """What must be there for the test to make sense."""
    assert found is not None
    return found


def bring(datastream, ends, values, *, length=3600, correct=False, why="", source="test.csv"):
    """Commit readings: `ends` datetime64 UTC, `values` floats. Returns the batch."""
    batch = batches.open_batch("file", source, "camille")
    con = engine.connect()
    try:
        count = len(values)
        con.register(
            "given",
            {
                "datastream": np.full(count, datastream.pk, np.int32),
                "time": np.asarray(ends, "datetime64[us]").astype(np.int64),
                "length": np.full(count, length, np.int32),
                "value": np.asarray(values, float),
                "quality": np.zeros(count, np.int8),
            },
        )
        sql = "SELECT datastream, make_timestamp(time) AS time, length, value, quality FROM given"
        batches.commit(stage(con, sql, batch), correct=correct, why=why)
    finally:
        con.close()
    batch.refresh_from_db()
    return batch


def hours(first=FIRST, last=LAST):
    """The ends of all UTC hours of the days first..last, the last day's included."""
    start = np.datetime64(first, "us")
    count = 24 * ((last - first).days + 1)
    return start + (np.arange(count) + 1) * np.timedelta64(HOUR_US, "us")


def temperatures(ends, seed=1):
    """A season, a day's round and some weather."""
    rng = np.random.default_rng(seed)
    day = ends.astype("datetime64[D]").astype(int)
    hour = (ends - ends.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    weather = rng.normal(0, 2.5, day.max() - day.min() + 1)[day - day.min()]
    return np.round(12 - 8 * np.cos(2 * np.pi * (day - 15) / 365.25) + weather + 3 * np.sin(hour / 24 * 6.28), 2)


def use(ends, temperature, *, factor_from=None, factor=1.0, seed=2, base=20.0, slope=2.0):
    """Hourly kWh of a heated building, less at night and at weekends; `factor` applies from a day on."""
    rng = np.random.default_rng(seed)
    begins = ends - np.timedelta64(HOUR_US, "us")
    day = begins.astype("datetime64[D]")
    hour = (begins - day).astype("timedelta64[h]").astype(int)
    weekend = (day.astype(int) + 3) % 7 >= 5
    shape = np.where((hour >= 7) & (hour < 19), 1.3, 0.7) * np.where(weekend, 0.5, 1.0)
    drift = rng.normal(1, 0.05, day.astype(int).max() - day.astype(int).min() + 1)[
        day.astype(int) - day.astype(int).min()
    ]
    amount = (base + slope * np.maximum(16 - temperature, 0)) * shape * drift * rng.normal(1, 0.05, len(ends))
    if factor_from is not None:
        amount = np.where(day >= np.datetime64(factor_from), amount * factor, amount)
    return np.round(amount, 3)


def station(slug="meteo", longitude=None, latitude=None):
    """A weather station with three years of hours."""
    thing = Thing.objects.create(
        slug=slug, name="Météo", kind="weather_station", longitude=longitude, latitude=latitude
    )
    stream = datastream_for(thing, "temperature", "Cel", "gauge")
    ends = hours()
    bring(stream, ends, temperatures(ends), length=0, source="meteo.csv")
    return stream


def building(slug, commune=None, **fields):
    return Thing.objects.create(slug=slug, name=slug.title(), kind="building", commune=commune, **fields)


def meter(thing, observed_property="electricity", unit="kWh", **how):
    """A meter's three years of hours."""
    stream = datastream_for(thing, observed_property, unit, "delta")
    ends = hours()
    bring(stream, ends, use(ends, temperatures(ends), **how), source=f"{thing.slug}-{observed_property}.csv")
    return stream


def commune(insee="49028", name="Béhuard"):
    return Commune.objects.create(insee=insee, name=name, slug=name.lower(), longitude=-0.64, latitude=47.38)
