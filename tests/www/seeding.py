"""A small account to look at: the 29 communes, five buildings, their meters' figures computed by the real chain.

Amounts and temperatures are made from a seed; what is done with them is the product's own: model, checks, interval,
prices, sums. Verdicts of each sort are among them.
"""

import datetime as dt
import functools
import json

import numpy as np

SEED = 20240101
BASELINE, REPORTING = 2023, 2024


def _days(year):
    return np.arange(np.datetime64(f"{year}-01-01"), np.datetime64(f"{year + 1}-01-01"))


def _temperature(days, rng):
    season = 12 - 8 * np.cos(2 * np.pi * ((days - days[0]).astype(int) - 15) / 365.25)
    return np.round(season + rng.normal(0, 2.5, len(days)), 2)


def run(year, rng, *, base, slope, factor=1.0, unit_break=None):
    """A year of a heated building: `base` a day, `slope` a degree under 16, times `factor`."""
    from mitoyen.evaluate.series import Run

    days = _days(year)
    temperature = _temperature(days, rng)
    weekday = (days.astype("datetime64[D]").view("int64") - 4) % 7
    amount = (base + slope * np.maximum(16 - temperature, 0)) * np.where(weekday >= 5, 0.55, 1.0)
    amount = amount * factor * rng.normal(1, 0.06, len(days))
    if unit_break is not None:
        amount[np.datetime64(unit_break) <= days] /= 1000
    return Run(days, np.round(amount, 3), temperature, np.zeros(len(days), bool))


# commune, slug, name, floor area, then meters: property, base, slope, factor of the reporting year, unit break
BUILDINGS = (
    ("angers", "angers-ecole-des-ponts", "École des Ponts", 2400, [
        ("electricity", 180.0, 4.0, 0.86, None),
        ("gas", 60.0, 55.0, 0.82, None),
    ]),
    ("angers", "angers-mediatheque", "Médiathèque du Quai", 3100, [("heat", 80.0, 60.0, 1.16, None)]),
    ("trelaze", "trelaze-gymnase", "Gymnase de la Guérinière", 1800, [
        ("electricity", 150.0, 3.0, 1.0, None),
        ("gas", 40.0, 45.0, 1.0, f"{REPORTING}-02-10"),
    ]),
    ("avrille", "avrille-mairie", "Mairie d’Avrillé", 1500, [("electricity", 210.0, 6.0, 0.93, None)]),
    ("behuard", "behuard-salle", "Salle commune <b>& co</b>", 220, [
        ("electricity", 12.0, 2.0, 0.9, None),
        ("water", 0.9, 0.0, 0.8, None),
    ]),
)  # fmt: skip


def seed(*, read=False):
    """Fill the current home's state database; `read`: one meter's readings go into the archive. Returns the
    ids of the current figures by subject."""
    from mitoyen.evaluate import figures
    from mitoyen.evaluate.models import Action, Figure
    from mitoyen.evaluate.sums import sum_figures
    from mitoyen.territory.models import Commune, Thing
    from mitoyen.territory.register import load_communes

    load_communes()
    parts = []
    for commune_slug, slug, name, area, meters in BUILDINGS:
        commune = Commune.objects.get(slug=commune_slug)
        building = Thing.objects.create(
            slug=slug,
            name=name,
            kind="building",
            commune=commune,
            origin="generated",
            attributes={"floor_area_m2": area, "use": "school"},
        )
        for meter in meters:
            parts += _meter_figures(building, meter, read=read)
    figures.publish([*parts, *sum_figures(parts)], "camille")
    school = Thing.objects.get(slug=BUILDINGS[0][1])
    Action.objects.create(
        thing=school,
        title="Isolation des combles",
        kind="insulation",
        starts=dt.date(REPORTING, 3, 15),
        cost_eur=48000,
    )
    _add_objects()
    return {
        (f.subject_kind, f.subject, f.measure): f.pk
        for f in Figure.objects.filter(current=True).order_by("reporting_first")
    }


def _add_objects():
    """A street lamp with what it measures, and what two usages show of Angers."""
    from mitoyen.history.datastreams import datastream_for
    from mitoyen.operate.models import ShownFigures
    from mitoyen.territory.models import Commune, Thing

    angers = Commune.objects.get(slug="angers")
    lamp = Thing.objects.create(
        slug="angers-lampe-12", name="L-012, rue des Ponts", kind="street_lamp", commune=angers, origin="generated"
    )
    datastream_for(lamp, "power", "W", "gauge")
    made_at = dt.datetime(2024, 11, 10, 12, tzinfo=dt.UTC)
    days = {"first": "2024-10-11", "last": "2024-11-10", "numbers": []}
    rows = [[f"Station {name}", "no2", 26.3, 25.0, 4.6, 30.0] for name in ("des Beaux-Arts", "de Trélazé", "du Lac")]
    ShownFigures.objects.create(
        usage="air", show="days_above", commune=angers, made_at=made_at, generated=True,
        content={**days, "facts": {"percent": 5.0}, "rows": rows, "heard": 0.97},
    )  # fmt: skip
    saved = [
        {"name": name, "value": value, "unit": "kWh", "low": value * 0.8, "high": value * 1.2}
        for name, value in (("saved", 1284.2), ("dimmed", 300.1), ("switched_off", 984.1))
    ]
    rows = [[f"Armoire {number}", 12.0, 321.0, 18.5] for number in range(1, 5)]
    content = {**days, "numbers": saved, "rows": rows, "heard": 0.99, "datastreams": ["angers-lampe-12/power"]}
    ShownFigures.objects.create(
        usage="lighting", show="saved", commune=angers, made_at=made_at, content={**content, "facts": {}}
    )


@functools.cache
def _assessed(name, base, slope, factor, unit_break):
    """Both years and what the model makes of them: the same each time, so found once a process."""
    from mitoyen.evaluate.compute import Task, assess

    rng = np.random.default_rng([SEED, *name.encode()])
    baseline = run(BASELINE, rng, base=base, slope=slope)
    reporting = run(REPORTING, rng, base=base, slope=slope, factor=factor, unit_break=unit_break)
    (outcome,) = assess(Task(name, baseline, [reporting]))
    return baseline, reporting, outcome


def _meter_figures(building, described, *, read):
    from mitoyen.evaluate.priced import priced_figures
    from mitoyen.evaluate.savings_figures import Basis, saving_figure
    from mitoyen.history.datastreams import datastream_for
    from mitoyen.territory.models import Thing

    observed_property, base, slope, factor, unit_break = described
    meter = Thing.objects.create(
        slug=f"{building.slug}-{observed_property}",
        name=f"{building.name}, {observed_property}",
        kind="meter",
        commune=building.commune,
        part_of=building,
        origin="generated",
    )
    unit = "m3" if observed_property == "water" else "kWh"
    stream = datastream_for(meter, observed_property, unit, "delta")
    baseline, reporting, outcome = _assessed(stream.name, base, slope, factor, unit_break)
    batches = (bring_in(stream, [baseline, reporting]).pk,) if read and stream.name == READ else ()
    basis = Basis("station-angers/temperature", "FR", batches=batches)
    figure = saving_figure(stream, basis, baseline, reporting, outcome)
    return [figure, *priced_figures(figure)]


READ = "angers-ecole-des-ponts-gas/gas"


def bring_in(stream, runs):
    """The days of `runs` as readings in the archive. Returns their batch."""
    from mitoyen.history import batches, staging
    from mitoyen.history.engine import connected
    from mitoyen.history.times import paris_day_bounds

    batch = batches.open_batch("generated", "releves-2023-2024.csv", "agent@example.org")
    rows: dict[str, list[np.ndarray]] = {"time": [], "length": [], "value": []}
    for kept in runs:
        bounds = paris_day_bounds(kept.day[0].item(), kept.day[-1].item())
        rows["time"].append(bounds[1:])
        rows["length"].append(np.diff(bounds).astype("timedelta64[s]").astype(np.int32))
        rows["value"].append(kept.amount)
    with connected() as con:
        con.register("made", {column: np.concatenate(parts) for column, parts in rows.items()})
        sql = f"SELECT {stream.pk} AS datastream, time, length, value, 0 AS quality FROM made"
        batches.commit(staging.stage(con, sql, batch))
    return batch


AGENT = ("agent@example.org", "une phrase de passe 49")


def add_people():
    """An administrator of the whole territory, who may do everything at the desk."""
    from mitoyen.territory.models import Person, Role

    person = Person.objects.create_user(AGENT[0], AGENT[1], name="Camille Durand")
    Role.objects.create(person=person, name="administrator")
    Role.objects.create(person=person, name="energy_officer")


if __name__ == "__main__":
    import django

    django.setup()
    from mitoyen.cli.init import prepare

    prepare()
    print(json.dumps([[*what, figure] for what, figure in seed(read=True).items()]))
    add_people()
