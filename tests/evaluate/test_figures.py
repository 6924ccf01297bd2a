"""A Figure: canonical, named by its content, recomputed for ever, and watched for readings that changed."""

import datetime as dt
import json
import math

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from mitoyen.cli.check import check
from mitoyen.evaluate import figures
from mitoyen.evaluate.fingerprint import fingerprint, name_from
from mitoyen.evaluate.models import Figure
from mitoyen.evaluate.periods import year
from mitoyen.evaluate.savings import evaluate_territory, evaluate_thing
from mitoyen.evaluate.seal import altered
from mitoyen.evaluate.series import Run, digest, kept, pack, unpack
from mitoyen.history import batches
from mitoyen.history.models import Datastream
from tests.evaluate import filling

amounts = st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), min_size=1, max_size=40)


def run_of(values, first="2024-03-01"):
    amount = np.array([np.nan if value is None else value for value in values])
    days = np.datetime64(first) + np.arange(len(values))
    return Run(days, amount, amount[::-1].copy(), np.arange(len(values)) % 3 == 0)


@given(amounts, amounts)
def test_a_kept_series_comes_back_as_it_was_kept(first, second):
    runs = [kept(run_of(first)), kept(run_of(second, "1969-12-20"))]
    again = unpack(pack(runs))
    assert digest(again) == digest(runs)
    for before, after in zip(runs, again, strict=True):
        assert np.array_equal(before.day, after.day)
        assert np.array_equal(before.amount, after.amount, equal_nan=True)
        assert np.array_equal(before.temperature, after.temperature, equal_nan=True)
        assert np.array_equal(before.closed, after.closed)


@given(amounts)
def test_keeping_twice_changes_nothing(values):
    once = kept(run_of(values))
    assert np.array_equal(kept(once).amount, once.amount, equal_nan=True)
    assert np.allclose(once.amount, run_of(values).amount, rtol=0, atol=5.1e-4, equal_nan=True)


def test_two_years_of_days_take_a_few_kilobytes():
    rng = np.random.default_rng(1)
    assert len(pack([run_of(rng.normal(800, 100, 365)), run_of(rng.normal(700, 100, 366))])) < 5000


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-20], lambda data: b"\x09" + data[1:]])
def test_a_damaged_series_is_told_from_a_sound_one(damage):
    with pytest.raises(ValueError, match="series"):
        unpack(damage(pack([run_of([1.0, 2.0])])))


def test_a_fingerprint_looks_at_nine_significant_digits_and_not_at_the_order_of_keys():
    content = {"b": 1 / 3, "a": [1.0, None, "é"], "day": dt.date(2024, 1, 1)}
    assert fingerprint(content) == fingerprint({"day": "2024-01-01", "a": (1, math.nan, "é"), "b": 0.3333333333})
    assert fingerprint(content) != fingerprint({**content, "b": 0.33333334})


def test_a_name_can_be_read_out_over_the_telephone():
    assert name_from("0" * 64) == "00000-00000"
    assert name_from("f" * 64) == "zzzzz-zzzzz"
    assert not set(name_from(fingerprint({"a": 1}))) & set("ilou")


def test_a_figure_recomputes_to_the_same_and_stands_while_readings_do(hall):
    for figure in evaluate_thing(hall, year(2022), year(2024)):
        found = figures.recompute(figures.get(figure.pk))
        assert found.same
        assert found.still
        assert found.value == figure.value
        assert found.changed == []


def test_every_sort_of_figure_recomputes(hall):
    evaluate_territory(processes=1)
    wanted = Figure.objects.filter(current=True, reporting_first="2024-01-01")
    assert {one.method for one in wanted} >= {"daily", "priced", "sum"}
    for figure in wanted:
        found = figures.recompute(figure)
        assert found.same, figure
        assert found.still, (figure, found.changed)


def test_a_correction_is_what_makes_a_figure_no_longer_still(hall):
    figure = evaluate_thing(hall, year(2022), year(2024))[0]
    evaluate_territory(processes=1)
    building = Figure.objects.get(subject="mairie", measure="cost_saved", reporting_first="2024-01-01", current=True,
                                  reporting_last="2024-12-31")  # fmt: skip
    stream = Datastream.objects.get(observed_property="electricity")
    ends = filling.hours(dt.date(2024, 6, 3), dt.date(2024, 6, 3))

    batch = filling.bring(stream, ends, np.full(len(ends), 99.0), correct=True, why="bad file")

    found = figures.recompute(figures.get(figure.pk))
    assert found.same
    assert not found.still
    days = next(one for one in found.changed if one["what"] == "days")
    assert (days["datastream"], days["first"]) == ("mairie/electricity", "2024-06-03")
    corrections = [one for one in found.changed if one["what"] == "correction"]
    assert corrections
    assert {(one["new"], one["why"], one["batch"]) for one in corrections} == {(99.0, "bad file", batch.pk)}
    assert not figures.recompute(building).still

    batches.undo(batch, "camille", "the file was wrong")

    for one in (figures.get(figure.pk), building):
        again = figures.recompute(one)
        assert (again.same, again.still, again.changed) == (True, True, [])


def test_a_correction_made_before_the_figure_is_not_told_as_its_change(hall):
    stream = Datastream.objects.get(observed_property="electricity")
    first = filling.hours(dt.date(2024, 6, 3), dt.date(2024, 6, 3))
    filling.bring(stream, first, np.full(len(first), 99.0), correct=True, why="before")
    figure = evaluate_thing(hall, year(2022), year(2024))[0]
    later = filling.hours(dt.date(2024, 6, 2), dt.date(2024, 6, 4))
    batch = filling.bring(stream, later, np.full(len(later), 98.0), correct=True, why="after")

    told = [one for one in figures.recompute(figures.get(figure.pk)).changed if one["what"] == "correction"]

    assert {(one["why"], one["batch"]) for one in told} == {("after", batch.pk)}


def test_an_altered_figure_is_found_out(hall):
    figure = evaluate_thing(hall, year(2022), year(2024))[0]
    Figure.objects.filter(pk=figure.pk).update(value=123456.0)
    # The number that is shown no longer is the one that its inputs give.
    found = figures.recompute(figures.get(figure.pk))
    assert not found.same


@pytest.mark.parametrize("change", [{"value": 123456.0}, {"verdict": "not_proven"}, {"reasons": [{}]}, {"low": None}])
def test_the_check_of_everything_names_an_altered_figure(hall, capsys, change):
    figure, other = evaluate_thing(hall, year(2022), year(2024))
    assert list(altered()) == []
    Figure.objects.filter(pk=figure.pk).update(**change)
    with pytest.raises(typer.Exit) as ended:
        check(as_json=True)
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert ended.value.exit_code == 1
    assert [(fault["code"], figure.pk in fault["message"]) for fault in faults] == [("figure_altered", True)]
    assert other.pk not in faults[0]["message"]


def test_a_sum_says_which_of_its_figures_was_replaced(hall):
    evaluate_territory(processes=1)
    total = Figure.objects.get(subject_kind="territory", measure="energy_saved", current=True,
                               reporting_first="2024-01-01", reporting_last="2024-12-31")  # fmt: skip
    part = Figure.objects.get(pk=total.inputs["figures"][0])
    Figure.objects.filter(pk=part.pk).update(current=False)

    found = figures.recompute(total)

    assert found.same
    assert {"what": "figure", "figure": part.pk, "subject": part.subject} in found.changed


def test_a_new_closure_is_told_as_a_change_of_calendar(hall):
    from mitoyen.evaluate.actions import record_closure

    figure = evaluate_thing(hall, year(2022), year(2024))[0]
    record_closure("camille", dt.date(2024, 8, 5), dt.date(2024, 8, 9), thing=hall)

    found = figures.recompute(figures.get(figure.pk))

    assert found.changed == [{"what": "calendar", "days": 5, "first": "2024-08-05", "last": "2024-08-09"}]
