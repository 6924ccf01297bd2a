"""Savings of meters and of what they add up to, from readings to published Figures."""

import datetime as dt
import json
import math

import pytest

from mitoyen.evaluate import figures
from mitoyen.evaluate.actions import record_action, record_closure
from mitoyen.evaluate.attribution import attributions
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import Period, default_periods, parse, year
from mitoyen.evaluate.savings import evaluate_datastream, evaluate_territory, evaluate_thing
from mitoyen.history.models import Datastream
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from tests.evaluate import filling
from tests.evaluate.filling import there


def current(kind, subject, measure="energy_saved", reporting=2024):
    return Figure.objects.get(
        subject_kind=kind, subject=subject, measure=measure, current=True,
        reporting_first=dt.date(reporting, 1, 1), reporting_last=dt.date(reporting, 12, 31),
    )  # fmt: skip


def test_a_planted_saving_is_proven_and_its_interval_holds_the_truth(hall):
    electricity = Datastream.objects.get(observed_property="electricity")

    figure = evaluate_datastream(electricity, year(2022), year(2024))

    assert figure.verdict == "proven", figure.reasons
    value, low, high = (there(number) for number in (figure.value, figure.low, figure.high))
    expected, observed = there(figure.expected), there(figure.observed)
    assert low < observed / 0.8 * 0.2 < high
    assert figure.unit == "kWh"
    assert figure.coverage == 1.0
    assert math.isclose(value, expected - observed)


def test_money_and_carbon_follow_the_saving_with_the_sourced_factors(hall):
    evaluate_thing(hall, year(2022), year(2024))

    saved = current("datastream", "mairie/electricity")
    carbon = current("datastream", "mairie/electricity", "carbon_saved")
    cost = current("datastream", "mairie/electricity", "cost_saved")

    assert carbon.value == pytest.approx(saved.value * 0.052)
    assert cost.value == pytest.approx(saved.value * 0.22)
    assert cost.inputs["figures"] == [saved.pk]
    assert cost.inputs["factors"][0]["source"]
    # The factor is less sure than the saving, so the interval is wider than the saving's own.
    assert (cost.high - cost.low) / cost.value > (saved.high - saved.low) / saved.value


def test_months_add_up_to_the_year(hall):
    figure = evaluate_thing(hall, year(2022), year(2024))[0]

    months = figure.result["months"]

    assert [row[0] for row in months] == [f"2024-{month:02d}" for month in range(1, 13)]
    assert sum(row[2] for row in months) == pytest.approx(figure.observed)
    assert sum(row[3] for row in months) == pytest.approx(figure.expected)


def test_the_same_computation_gives_the_same_figure(hall):
    first = evaluate_thing(hall, year(2022), year(2024))
    count = Figure.objects.count()

    second = evaluate_thing(hall, year(2022), year(2024))

    assert [one.pk for one in first] == [one.pk for one in second]
    assert Figure.objects.count() == count


def entries() -> list[tuple[str, str, dict[str, int]]]:
    found = AuditEntry.objects.filter(action="figures.publish").order_by("number")
    return [(entry.actor, entry.subject, json.loads(entry.detail)) for entry in found]


def test_each_run_that_publishes_is_in_the_audit_trail_once_with_its_counts(hall):
    evaluate_territory(processes=1, by="camille")
    count = Figure.objects.filter(current=True).count()
    assert entries() == [("camille", "territory", {"current": count, "put_out": count, "withdrawn": 0})]
    evaluate_territory(processes=1, by="camille")
    assert entries()[1:] == [("camille", "territory", {"current": count, "put_out": 0, "withdrawn": 0})]
    evaluate_thing(hall, year(2022), year(2024), "dominique")
    (actor, subject, counts) = entries()[-1]
    assert (actor, subject, counts["put_out"], counts["withdrawn"]) == ("dominique", hall.slug, 0, 0)
    evaluate_thing(hall, year(2023), year(2024))
    assert len(entries()) == 3, "a study publishes nothing"


def test_what_a_run_withdraws_is_counted(hall):
    evaluate_territory(processes=1)
    count = Figure.objects.filter(current=True).count()
    Datastream.objects.filter(observed_property="gas").update(unit="Cel")
    evaluate_territory(processes=1)
    left = Figure.objects.filter(current=True).count()
    _actor, _subject, counts = entries()[-1]
    assert left < count
    assert counts == {"current": left, "put_out": counts["put_out"], "withdrawn": count - left + counts["put_out"]}


def test_other_periods_than_the_meters_own_make_a_study_that_is_not_published(hall):
    evaluate_thing(hall, year(2022), year(2024))
    published = current("datastream", "mairie/electricity").pk

    study = evaluate_thing(hall, year(2023), year(2024))[0]

    assert not Figure.objects.get(pk=study.pk).current
    assert current("datastream", "mairie/electricity").pk == published


def test_a_baseline_named_by_the_building_is_its_own(hall):
    hall.attributes = {"baseline": "2023-01-01..2023-12-31"}
    hall.save()

    figure = evaluate_thing(hall, year(2023), year(2024))[0]

    assert Figure.objects.get(pk=figure.pk).current


def test_what_is_not_proven_claims_no_amount(hall):
    stream = Datastream.objects.get(observed_property="electricity")
    ends = filling.hours(dt.date(2024, 2, 1), dt.date(2024, 12, 31))
    values = filling.use(filling.hours(), filling.temperatures(filling.hours()))[-len(ends) :] / 1000
    filling.bring(stream, ends, values, correct=True, why="MWh instead of kWh")

    figure = evaluate_datastream(stream, year(2022), year(2024))

    assert figure.verdict == "not_proven"
    assert figure.reasons[0]["code"] == "unit_break"
    assert figure.reasons[0]["last"] == "2024-02-01"
    assert (figure.value, figure.low, figure.high, figure.expected) == (None, None, None, None)
    assert figure.result["estimate_not_claimed"]["savings"] > 0
    assert not Figure.objects.filter(measure="cost_saved", subject=figure.subject)


def test_a_thing_without_readings_in_a_period_is_refused_with_the_readings_it_has(hall):
    with pytest.raises(Refused) as refusal:
        evaluate_thing(hall, year(2015), year(2024))

    assert refusal.value.code == "no_readings"
    assert "2022-01-01" in refusal.value.next_step


def test_overlapping_periods_are_refused(hall):
    with pytest.raises(Refused):
        evaluate_thing(hall, year(2023), Period(dt.date(2023, 12, 1), dt.date(2024, 11, 30)))


def test_sums_hold_every_meter_whose_guards_pass_whatever_its_sign(hall):
    evaluate_territory(processes=1)

    parts = [current("datastream", f"mairie/{name}") for name in ("electricity", "gas")]
    for kind, subject in (("building", "mairie"), ("commune", "49028"), ("territory", "territory")):
        total = current(kind, subject)
        assert total.value == pytest.approx(sum(part.value for part in parts))
        halves = [(part.high - part.low) / 2 for part in parts]
        assert (there(total.high) - there(total.low)) / 2 == pytest.approx(math.hypot(*halves))
        assert total.inputs["figures"] == [part.pk for part in parts]
        assert sum(total.result["counts"].values()) == 2


def test_all_reporting_years_together_add_a_meters_errors_plainly(hall):
    evaluate_territory(processes=1)

    whole = Figure.objects.get(
        subject_kind="territory", measure="energy_saved", current=True,
        reporting_first=dt.date(2023, 1, 1), reporting_last=dt.date(2024, 12, 31),
    )  # fmt: skip
    years = [current("territory", "territory", reporting=number) for number in (2023, 2024)]
    by_meter = [
        sum((part.high - part.low) / 2 for part in (current("datastream", f"mairie/{name}", reporting=number)
            for number in (2023, 2024)))
        for name in ("electricity", "gas")
    ]  # fmt: skip
    assert whole.value == pytest.approx(sum(one.value for one in years))
    assert (there(whole.high) - there(whole.low)) / 2 == pytest.approx(math.hypot(*by_meter))


def test_what_lies_outside_the_territory_is_in_none_of_its_totals(hall):
    elsewhere = filling.building("cambridge")
    filling.meter(elsewhere, seed=9, factor_from="2024-01-01", factor=0.8)

    evaluate_territory(processes=1)

    assert current("building", "cambridge").value > 0
    assert "cambridge/electricity" not in [
        part.subject for part in Figure.objects.filter(pk__in=current("territory", "territory").inputs["figures"])
    ]


def test_two_processes_publish_what_one_does(hall):
    evaluate_territory(processes=1)
    alone = set(Figure.objects.filter(current=True).values_list("pk", flat=True))

    told = []
    meters = evaluate_territory(lambda done, total, message: told.append((done, total)), processes=2)

    assert meters == 2
    assert told[-1] == (2, 2)
    assert set(Figure.objects.filter(current=True).values_list("pk", flat=True)) == alone


def test_a_meter_part_of_a_building_counts_for_it(hall):
    part = filling.building("mairie-chaufferie", part_of=hall)
    part.kind = "meter"
    part.save()
    filling.meter(part, "heat", seed=5, factor_from="2024-01-01", factor=0.7)

    savings = evaluate_thing(hall, year(2022), year(2024))

    assert [one.subject for one in savings] == ["mairie/electricity", "mairie/gas", "mairie-chaufferie/heat"]
    assert len(current("building", "mairie").inputs["figures"]) == 3


def test_a_dated_action_is_what_a_saving_is_attributed_to(hall):
    figure = evaluate_thing(hall, year(2022), year(2024))[0]
    assert not attributions([figure])[figure.pk].known

    record_action("camille", hall, "Éclairage LED", dt.date(2024, 1, 10), observed_property="electricity")
    record_action("camille", hall, "Toiture", dt.date(2026, 1, 10))

    assert [title for _pk, title in attributions([figure])[figure.pk].actions] == ["Éclairage LED"]
    gas = evaluate_thing(hall, year(2022), year(2024))[1]
    assert not attributions([gas])[gas.pk].known


def test_generated_readings_are_flagged_all_the_way_up(hall):
    hall.origin = "generated"
    hall.save()

    evaluate_territory(processes=1)

    assert current("datastream", "mairie/gas").generated
    assert current("territory", "territory").generated


def test_a_meter_whose_readings_are_gone_is_published_no_more(hall):
    evaluate_territory(processes=1)
    from mitoyen.history import batches
    from mitoyen.history.models import Batch

    batches.undo(Batch.objects.get(source="mairie-gas.csv"), "camille", "wrong building")
    evaluate_territory(processes=1)

    assert not Figure.objects.filter(subject="mairie/gas", current=True).exists()
    assert Figure.objects.filter(subject="mairie/gas", current=False).exists()


def test_closed_days_are_an_input(hall):
    before = evaluate_thing(hall, year(2022), year(2024))[0]

    record_closure("camille", dt.date(2024, 8, 1), dt.date(2024, 8, 15), thing=hall)

    after = evaluate_thing(hall, year(2022), year(2024))[0]
    assert after.inputs["closures"] == [["2024-08-01", "2024-08-15"]]
    assert after.fingerprint != before.fingerprint
    assert not Figure.objects.get(pk=before.pk).current


def test_an_unknown_country_is_refused(hall):
    hall.attributes = {"country": "Atlantis"}
    hall.save()
    with pytest.raises(Refused) as refusal:
        evaluate_thing(hall, year(2022), year(2024))
    assert refusal.value.code == "unknown_country"


def test_the_own_periods_are_the_first_full_year_and_each_later_one():
    baseline, years = default_periods(dt.date(2022, 1, 3), dt.date(2024, 12, 30))
    assert (baseline, years) == (year(2022), [year(2023), year(2024)])
    assert default_periods(dt.date(2022, 2, 1), dt.date(2022, 12, 31)) == (None, [])


@pytest.mark.parametrize(
    "text", ["2017", "2017-01-01..2017-13-01", "2017-12-31..2017-01-01", "2017-01-01...2017-12-31"]
)
def test_a_wrong_period_says_so(text):
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)


def test_an_unknown_figure_is_refused(db):
    with pytest.raises(Refused):
        figures.get("00000-00000")


def test_gas_in_cubic_metres_is_never_added_to_kilowatt_hours_nor_counted_as_if_it_were(hall):
    filling.meter(hall, "gas_kitchen", "m3", factor_from="2024-01-01", factor=0.8)
    evaluate_territory(processes=1)

    kitchen = current("datastream", "mairie/gas_kitchen")
    assert (kitchen.verdict, kitchen.unit) == ("proven", "m3")
    others = [current("datastream", f"mairie/{name}") for name in ("electricity", "gas")]
    for kind, subject in (("building", "mairie"), ("commune", "49028"), ("territory", "territory")):
        total = current(kind, subject)
        assert total.value == pytest.approx(sum(there(one.value) for one in others))
        assert total.inputs["left_out"] == [kitchen.pk]
        assert total.result["reasons"] == {"other_unit": 1}
        assert sum(total.result["counts"].values()) - total.result["counts"]["not_proven"] == 2
