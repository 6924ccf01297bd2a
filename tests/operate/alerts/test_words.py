"""An alert in words, the list ranked and grouped, the public extract, tuning with a reason, and who may do what."""

import datetime as dt
import json

import pytest
from django.utils import timezone, translation
from typer.testing import CliRunner

import mitoyen.cli.alerts  # noqa: F401 - registers its commands
from mitoyen.cli.main import app
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.operate.alerts import listing, perms, ranking, tuning
from mitoyen.operate.alerts.keeping import settle
from mitoyen.operate.alerts.models import Alert, Tuning
from mitoyen.operate.alerts.wording import describe
from mitoyen.operate.detect import Sighting
from mitoyen.territory.models import Commune, Person, Role, Thing

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def now(db):
    return timezone.now()


@pytest.fixture
def flood(station, rule_of, now):
    sighting = Sighting(
        station.pk, now - 90 * MINUTE, now, 0.95, observed_property="level",
        facts={"value": 3125.4, "unit": "mm", "limit": 3000.0},
    )  # fmt: skip
    settle("streets", rule_of("flood"), [sighting], [station.pk], now)
    return Alert.objects.get()


def test_what_happened_since_when_how_sure_and_what_to_do(flood):
    with translation.override("fr"):
        words = describe(flood)
        told = words.sentence.replace("\xa0", " ")
        assert told.startswith("3 125 mm since ")
        assert told.endswith(": above 3 000. Certitude : 95 %."), "what the text leaves out is said"
        assert (words.title, words.action, words.certainty) == ("River high", "Call the island.", "presque sûr")
        flood.since = dt.datetime(2025, 3, 1, 13, 5, tzinfo=dt.UTC)
        assert "1er mars 2025 à 14:05" in describe(flood).sentence
    flood.sure = 0.4
    with translation.override("en"):
        assert describe(flood).certainty == "not known for sure yet"


def test_a_fact_that_is_missing_reads_as_a_dash_and_a_usage_that_is_gone_as_its_rule(flood, monkeypatch):
    flood.facts = {}
    assert "–" in describe(flood).sentence
    flood.usage = "gone"
    assert describe(flood).title == "flood"


def test_the_list_is_ranked_by_level_people_and_age(rule_of, station, lamps, cabinet, now):
    old = Sighting(lamps[0].pk, now - 600 * MINUTE, now)
    young = Sighting(lamps[1].pk, now - 5 * MINUTE, now)
    many = Sighting(cabinet.pk, now - 5 * MINUTE, now, mark="cabinet", facts={"people": 900})
    settle("streets", rule_of("lamp_out"), [young, old, many], [], now)
    settle("streets", rule_of("no2_high"), [Sighting(station.pk, now, now)], [], now)
    settle("streets", rule_of("silent"), [Sighting(lamps[2].pk, now - 900 * MINUTE, now, mark="power")], [], now)
    ranked = [line.alert.thing.slug for line in ranking.lines(ranking.open_alerts())]
    assert ranked == ["quai", "armoire", "lampe-0", "lampe-1", "lampe-2"]


def test_many_of_one_rule_in_one_commune_at_once_are_one_line(rule_of, commune, now):
    other = Commune.objects.create(insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47)
    things = [
        Thing.objects.create(slug=f"l{n}", name=f"L{n}", kind="lamp", commune=other if n == 9 else commune)
        for n in range(10)
    ]
    rule = rule_of("lamp_out")
    first = [Sighting(one.pk, now, now) for one in things[:8] + things[9:]]
    settle("streets", rule, first, [], now)
    settle("streets", rule, [*first, Sighting(things[8].pk, now, now)], [], now + 60 * MINUTE)
    assert sorted(line.count for line in ranking.lines(ranking.open_alerts())) == [1, 1, 8]


def test_what_a_cabinet_covers_is_told_with_it(rule_of, cabinet, lamps, now):
    rule = rule_of("lamp_out")
    settle("streets", rule, [Sighting(lamps[0].pk, now, now)], [], now)
    whole = Sighting(cabinet.pk, now, now, mark="cabinet", covers=tuple(one.pk for one in lamps))
    settle("streets", rule, [Sighting(lamps[0].pk, now, now), whole], [], now)
    (line,) = ranking.lines(ranking.open_alerts())
    assert (line.alert.thing, line.parts) == (cabinet, 4)


def test_the_public_extract_counts_places_and_leaves_out_what_stays_inside(rule_of, lamps, station, commune, now):
    settle("streets", rule_of("lamp_out"), [Sighting(one.pk, now, now) for one in lamps[:3]], [], now)
    settle("streets", rule_of("silent"), [Sighting(station.pk, now, now)], [], now)
    (told,) = listing.extract([commune])
    assert [one["sentence"] for one in told["alerts"]] == ["Street lighting: 3 places are dark in Béhuard."]


def test_the_command_lists_for_people_and_for_scripts(flood):
    done = CliRunner().invoke(app, ["alerts"])
    assert "Quai, Béhuard\xa0: River high" in done.stdout
    (one,) = json.loads(CliRunner().invoke(app, ["alerts", "--json"]).stdout)
    assert (one["thing"], one["datastream"], one["state"], one["level"]) == ("quai", None, "open", "warning")
    assert one["sentence"]
    (told,) = json.loads(CliRunner().invoke(app, ["alerts", "--public", "--json"]).stdout)
    assert told["alerts"][0]["sentence"] == "The river is high."
    assert json.loads(CliRunner().invoke(app, ["alerts", "--usage", "buildings", "--json"]).stdout) == []


def test_a_rule_is_tuned_by_commune_with_a_reason(streets, commune):
    asked = ["alerts", "tune", "streets", "flood", "--commune", "49028", "--why", "La digue est haute.", "--set"]
    assert CliRunner().invoke(app, [*asked, "above=3500"]).exit_code == 0
    tuned = Tuning.objects.get()
    assert (tuned.thresholds, tuned.minutes, tuned.off, tuned.why) == ({"above": 3500.0}, None, False, asked[-2])
    entry = AuditEntry.objects.get(action="alert_rule.tuned")
    assert entry.subject == "streets/flood"
    back = ["alerts", "tune", "streets", "flood", "--commune", "49028", "--why", "Fini.", "--reset"]
    assert CliRunner().invoke(app, back).exit_code == 0
    assert not Tuning.objects.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"why": " "}, "reason_missing"),
        ({"thresholds": {"sideways": 1.0}}, "unknown_threshold"),
        ({"thresholds": {"above": float("nan")}}, "bad_threshold"),
        ({"minutes": 99_999}, "bad_minutes"),
        ({"rule": "ghost"}, "unknown_rule"),
        ({"usage": "ghost"}, "unknown_usage"),
    ],
)
def test_what_can_t_be_tuned_is_refused(streets, commune, change, code):
    given = {"usage": "streets", "rule": "flood", "commune": commune, "by": "a", "why": "Digue.", **change}
    with pytest.raises(Refused) as refused:
        tuning.tune(**given)
    assert refused.value.code == code
    assert not Tuning.objects.exists()


ROLES = {
    "reader": (True, False, False), "energy_officer": (True, True, False), "counter_clerk": (True, False, False),
    "operator": (True, True, True), "moderator": (True, False, False), "contractor": (False, False, False),
    "partner": (False, False, False), "evaluator": (True, False, False),
    "data_protection_officer": (True, False, False), "administrator": (True, True, True),
}  # fmt: skip


@pytest.mark.parametrize("role", ROLES)
def test_who_may_see_decide_and_tune(role, flood, commune):
    other = Commune.objects.create(insee="49007", name="Angers", slug="angers", longitude=-0.55, latitude=47.47)
    here, elsewhere = (Person.objects.create(email=f"{n}@example.org") for n in "ab")
    Role.objects.create(person=here, name=role, commune=commune)
    Role.objects.create(person=elsewhere, name=role, commune=other)
    sees, decides, tunes = ROLES[role]
    assert perms.can_see_alerts(here) is sees
    assert perms.can_see_alert(here, flood) is sees
    assert perms.can_decide_alert(here, flood) is decides
    assert perms.can_tune(here, commune) is tunes
    assert perms.can_tune_somewhere(here) is tunes
    assert not any(
        (
            perms.can_see_alert(elsewhere, flood),
            perms.can_decide_alert(elsewhere, flood),
            perms.can_tune(elsewhere, commune),
        )
    )
