"""The built-in buildings usage: what the programme asks of it, and the command that checks any usage."""

import datetime as dt
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

import mitoyen.cli.usages  # noqa: F401 - registers its commands
from mitoyen.cli.main import app
from mitoyen.evaluate.enums import ReasonCode
from mitoyen.manifests.registry import installed
from mitoyen.manifests.switches import communes_with
from mitoyen.territory.register import load_communes

USAGE = installed()["buildings"]


def test_heat_electricity_gas_and_water_are_observed_per_m2_and_per_user():
    units = {stream.property: stream.unit for stream in USAGE.manifest.datastreams}
    assert units == {"electricity": "kWh", "gas": "kWh", "heat": "kWh", "water": "m3", "temperature": "Cel"}
    pairs = {(indicator.property, indicator.per) for indicator in USAGE.manifest.indicators}
    assert pairs == {
        (name, per) for name in ("electricity", "gas", "heat", "water") for per in ("floor_area_m2", "users")
    }


def test_its_rules_need_no_code_of_its_own():
    assert {rule.method for rule in USAGE.manifest.rules} <= {"closed_hours", "out_of_season", "night_floor", "guard"}
    assert [file.name for file in USAGE.folder.glob("*.py")] == ["__init__.py"]


def test_each_reason_that_makes_a_finding_is_a_documented_one():
    named = {reason for rule in USAGE.manifest.rules for reason in rule.reasons}
    assert named <= set(ReasonCode.values)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_each_action_says_what_to_do_on_monday_in_one_line(language):
    for rule in USAGE.manifest.rules:
        action = USAGE.text(f"rules.{rule.name}.action", language)
        assert action.startswith({"fr": "Lundi", "en": "Monday"}[language])
        assert "\n" not in action
        assert len(action) < 160


def test_the_check_command_exits_1_and_tells_the_fault(tmp_path):
    spec = find_spec("mitoyen.usages.buildings")
    assert spec is not None
    assert spec.origin is not None
    fine = CliRunner().invoke(app, ["usages", "check", str(Path(spec.origin).parent)])
    assert fine.exit_code == 0
    (tmp_path / "manifest.toml").write_text("name = 'x'")
    faulty = CliRunner().invoke(app, ["usages", "check", str(tmp_path), "--json"])
    assert faulty.exit_code == 1
    assert json.loads(faulty.stdout)[0]["file"] == "manifest.toml"
    assert CliRunner().invoke(app, ["usages", "check"]).exit_code == 2


@pytest.mark.django_db
def test_a_usage_is_switched_on_and_off_by_command():
    load_communes()
    CliRunner().invoke(app, ["usages", "on", "buildings", "--commune", "Béhuard", "--since", "2025-01-01"])
    assert communes_with("buildings", dt.date(2025, 1, 1)) == {"49028"}
    CliRunner().invoke(app, ["usages", "on", "buildings", "--since", "2025-01-01"])
    assert len(communes_with("buildings", dt.date(2025, 1, 1))) == 29
    CliRunner().invoke(app, ["usages", "off", "buildings", "--commune", "49028"])
    assert len(communes_with("buildings", dt.date(2025, 1, 1))) == 28
    assert "buildings 1.0" in CliRunner().invoke(app, ["usages", "list"]).stdout
