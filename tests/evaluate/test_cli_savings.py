"""The whole way by command, on real files: init, import, savings, figure, recompute, a correction."""

import csv
import json

import pytest

from tests.installation import Installation

PERIODS = ("--baseline", "2017-01-01..2017-12-31", "--reporting", "2018-01-01..2018-12-31")
# What OpenDSM 1.2.7 (daily) gives on the same files, 2018, ± its 90 % interval in kWh.
REFERENCE = {"b0": (27_314, 14_856, 0.125), "b4": (19_561, 4_521, 0.124), "b22": (78_275, 49_724, 0.159)}


@pytest.fixture(scope="module")
def installation(tmp_path_factory, real_data) -> Installation:
    """Three buildings and the weather of Cambridge, 2017 and 2018, imported by command."""
    made = Installation(tmp_path_factory.mktemp("cambridge") / "home")
    made.run("init")
    folder = real_data / "energy" / "cambridge"
    weather = [folder / f"weather_bedford_{year}.csv" for year in (2017, 2018)]
    made.run("import", *weather, "--thing", "weather", "--tz", "UTC")
    for thing in ("b0", "b4", "b22"):
        for kind in ("electricity", "gas"):
            files = [folder / f"{thing}_{kind}_{year}.csv" for year in (2017, 2018)]
            made.run(
                "import", *files, "--thing", thing, "--property", kind,
                "--unit", "kWh", "--kind", "delta", "--tz", "UTC", "--stamps", "start",
            )  # fmt: skip
    return made


def saving_of(installation, thing, observed):
    """What `mitoyen savings THING` says of one of its meters."""
    told = installation.json("savings", thing, *PERIODS)["datastreams"]
    return next(one for one in told if one["property"] == observed)


@pytest.mark.parametrize("thing", ["b0", "b4", "b22"])
def test_electricity_is_proven_within_the_references_interval(installation, thing):
    value, half, cvrmse = REFERENCE[thing]

    told = installation.json("savings", thing, *PERIODS)

    assert told["thing"] == thing
    assert [one["name"] for one in told["datastreams"]] == [f"{thing}/electricity", f"{thing}/gas"]
    found = told["datastreams"][0]
    assert (found["property"], found["unit"], found["verdict"], found["reasons"]) == (
        "electricity",
        "kWh",
        "proven",
        [],
    )
    assert abs(found["savings"] - value) <= half
    low, high = found["interval_90"]
    assert low <= value <= high
    assert 0 < low < found["savings"] < high
    assert found["savings"] == pytest.approx(found["expected"] - found["observed"])
    assert found["cvrmse"] <= cvrmse
    assert found["coverage"] > 0.98
    assert found["method"] == "daily"
    assert found["attribution"]["text"] == "cause inconnue"
    assert found["also"]["cost_saved"]["unit"] == "EUR"


def test_a_change_of_unit_is_said_and_no_saving_claimed(installation):
    gas = saving_of(installation, "b0", "gas")

    assert gas["verdict"] == "not_proven"
    assert gas["savings"] is None
    assert gas["interval_90"] is None
    reasons = {reason["code"]: reason for reason in gas["reasons"]}
    assert (reasons["unit_break"]["first"], reasons["unit_break"]["last"]) == ("2018-01-19", "2018-01-20")
    assert reasons["clipped"]["last"] < "2018-01-20"
    assert all(reason["mends"] for reason in gas["reasons"])
    assert gas["estimate_not_claimed"]["savings"] > 500_000


@pytest.mark.parametrize("thing", ["b4", "b22"])
def test_zeros_for_missing_readings_prove_nothing(installation, thing):
    gas = saving_of(installation, thing, "gas")
    assert gas["verdict"] == "not_proven"
    assert "zeros_for_missing" in [reason["code"] for reason in gas["reasons"]]


def test_a_figure_tells_all_of_its_provenance(installation):
    name = saving_of(installation, "b4", "electricity")["figure"]

    told = installation.json("figure", name)

    assert told["fingerprint"]
    assert told["inputs"]["weather"] == "weather/temperature"
    assert {batch["source"].rpartition("/")[2] for batch in told["batches"]} >= {
        "b4_electricity_2017.csv", "b4_electricity_2018.csv", "weather_bedford_2018.csv",
    }  # fmt: skip
    assert [run["days"] for run in told["series"]] == [365, 365]
    assert told["result"]["model"]["coefficients"]


def test_a_corrected_reading_shows_in_the_recomputation(installation, tmp_path):
    name = saving_of(installation, "b22", "electricity")["figure"]
    before = installation.json("figure", name, "--recompute")
    assert (before["same"], before["still"], before["changed"]) == (True, True, [])
    assert before["recomputed"]["savings"] == before["savings"]

    corrected = tmp_path / "corrected.csv"
    with corrected.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["datetime", "equipment load [kWh]"])
        rows.writerows([f"2018-05-03 {hour:02d}:00:00", 500 + hour / 10] for hour in range(24))
    installation.run(
        "import", corrected, "--thing", "b22", "--property", "electricity", "--unit", "kWh", "--kind", "delta",
        "--tz", "UTC", "--stamps", "start", "--correct", "--why", "meter read wrongly",
    )  # fmt: skip

    after = installation.json("figure", name, "--recompute")
    assert after["same"]
    assert not after["still"]
    assert {(one["what"]) for one in after["changed"]} >= {"days", "correction"}
    assert "meter read wrongly" in json.dumps(after["changed"])

    again = saving_of(installation, "b22", "electricity")
    assert again["figure"] != name
    assert not installation.json("figure", name)["current"]


def test_evaluate_publishes_what_savings_does(installation):
    name = saving_of(installation, "b4", "electricity")["figure"]

    told = installation.json("evaluate")

    assert told["meters"] == 6
    assert told["counted"] == 0, "things without a commune are in no total of the territory"
    assert installation.json("figure", name)["current"]


def test_what_cannot_be_done_is_refused_with_the_next_step(installation):
    refused = installation.json("savings", "b0", "--baseline", "2007-01-01..2007-12-31", *PERIODS[2:], expect=1)
    assert refused["refused"] == "no_readings"
    assert "2017" in refused["next_step"]
    assert installation.json("savings", "b5", *PERIODS, expect=1)["refused"] == "no_such_thing"
    assert installation.json("savings", "weather", *PERIODS, expect=1)["refused"] == "no_readings"
    assert installation.json("figure", "nothing", expect=1)["refused"] == "no_such_figure"


@pytest.mark.parametrize(
    "periods",
    [
        ("--baseline", "2017", "--reporting", "2018-01-01..2018-12-31"),
        ("--baseline", "2017-02-30..2017-12-31", "--reporting", "2018-01-01..2018-12-31"),
        ("--baseline", "2017-12-31..2017-01-01", "--reporting", "2018-01-01..2018-12-31"),
        ("--baseline", "2017-01-01..2017-12-31", "--reporting", "2017-12-01..2018-12-31"),
        ("--baseline", "2017-01-01..2017-12-31"),
    ],
)
def test_wrong_periods_are_wrong_usage(installation, periods):
    installation.run("savings", "b0", *periods, expect=2)


def test_people_are_told_in_plain_words(installation):
    said = installation.run("savings", "b4", *PERIODS).stdout
    assert "de moins qu’attendu à météo égale" in said
    assert "presque sûr" in said
