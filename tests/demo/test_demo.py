"""The small demo, whole: what was planted is found, what is healthy is left alone, the truth lies in the intervals."""

import datetime as dt
import json
import re

import pytest
from django.utils import timezone
from typer.testing import CliRunner

import mitoyen.cli.findings  # noqa: F401 - registers its command
from mitoyen.channels.paper.models import PaperForm
from mitoyen.cli.main import app
from mitoyen.demo import announce, paper, people, requests, staging
from mitoyen.demo.build import build
from mitoyen.evaluate.models import Figure
from mitoyen.history import read
from mitoyen.history.enums import BatchOrigin
from mitoyen.history.models import Batch, Datastream
from mitoyen.ledger import audit
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.operate import comparison, findings
from mitoyen.operate.models import Finding
from mitoyen.operate.wording import describe
from mitoyen.services.models import Contact, Request
from mitoyen.territory.enums import Origin
from mitoyen.territory.models import Commune, Person, Thing


def figures_of(names, measure=("energy_saved", "water_saved")):
    return Figure.objects.filter(current=True, subject_kind="datastream", measure__in=measure, subject__in=names)


def stream_of(name):
    slug, _slash, observed_property = name.rpartition("/")
    return Datastream.objects.get(thing__slug=slug, observed_property=observed_property)


def test_every_planted_fault_is_found_by_its_guard_and_its_rule(demo):
    missed = []
    for fault in demo.planted:
        if fault["reason"]:
            codes = {reason["code"] for figure in figures_of([fault["datastream"]]) for reason in figure.reasons}
            if fault["reason"] not in codes:
                missed.append((fault["datastream"], fault["reason"]))
        if fault["rule"]:
            rules = {finding.rule for finding in Finding.objects.filter(datastream=stream_of(fault["datastream"]))}
            if fault["rule"] not in rules:
                missed.append((fault["datastream"], fault["rule"]))
    assert missed == []
    assert len(demo.planted) >= 10


def test_a_guarded_fault_is_never_published_as_a_saving(demo):
    guarded = [fault["datastream"] for fault in demo.planted if fault["reason"]]
    published = figures_of(guarded).filter(reporting_first__year=2025)
    assert len(published) == len(guarded)
    assert {figure.verdict for figure in published} == {"not_proven"}
    assert {figure.value for figure in published} == {None}


def test_healthy_meters_are_silent(demo):
    healthy = [stream_of(name).pk for name in demo.healthy]
    noisy = [finding.key for finding in findings.ranked().filter(datastream__in=healthy)]
    assert noisy == []


def test_healthy_meters_are_rarely_called_proven(demo):
    proven = figures_of(demo.healthy).filter(verdict="proven").count()
    assert figures_of(demo.healthy).count() >= 30
    assert proven <= 3


def test_the_true_saving_lies_in_the_interval(demo):
    outside, counted = [], 0
    for figure in figures_of(demo.saved):
        true = demo.saved[figure.subject][str(figure.reporting_first.year)]
        counted += 1
        if not figure.low <= true <= figure.high:
            outside.append((figure.subject, true, figure.low, figure.high))
    assert counted == 10
    assert len(outside) <= 2, outside
    large = figures_of(demo.saved).filter(reporting_first__year=2025)
    assert {figure.verdict for figure in large} == {"proven"}


def test_everything_generated_says_so(demo):
    assert set(Thing.objects.values_list("origin", flat=True)) == {Origin.GENERATED}
    assert set(Batch.objects.values_list("origin", flat=True)) == {BatchOrigin.GENERATED}
    assert not Figure.objects.filter(generated=False).exists()


def test_days_when_clocks_change_are_whole(demo):
    stream = stream_of("angers-ecole-du-lac-gaz/gas")
    spring = read.daily([stream], *[read_day("2024-03-31")] * 2)[stream.pk]
    autumn = read.daily([stream], *[read_day("2024-10-27")] * 2)[stream.pk]
    assert spring.covered_s[0] == 23 * 3600
    assert autumn.covered_s[0] == 25 * 3600
    assert (spring.count[0], autumn.count[0]) == (23, 25)


def read_day(text):
    return dt.date.fromisoformat(text)


def test_a_declared_swap_loses_nothing_and_is_not_a_finding(demo):
    stream = stream_of("angers-hotel-de-ville-electricite/electricity")
    swapped, day_after = read.daily([stream], read_day("2024-06-18"), read_day("2024-06-19"))[stream.pk].amount
    assert swapped == pytest.approx(day_after, rel=0.25)
    assert not Finding.objects.filter(datastream=stream).exists()


def test_findings_are_ranked_by_euros_then_by_amount_and_described(demo):
    ranked = list(findings.ranked())
    euros = [finding.eur for finding in ranked]
    known = [eur for eur in euros if eur is not None]
    assert known == sorted(known, reverse=True)
    assert euros[len(known) :] == [None] * (len(euros) - len(known))
    for finding in ranked:
        words = describe(finding)
        assert words.title
        assert words.action
        assert words.certainty
        assert not re.search(r"[{}]|–", words.sentence), words.sentence


def test_looking_again_changes_nothing(demo):
    before = list(Finding.objects.order_by("key").values_list("key", "amount", "eur", "state", "first", "last"))
    again = findings.refresh()
    assert (again.new, again.closed) == (0, 0)
    assert before == list(Finding.objects.order_by("key").values_list("key", "amount", "eur", "state", "first", "last"))


def test_buildings_are_compared_with_those_of_the_same_use_and_small_groups_are_not(demo):
    school = comparison.similar(Thing.objects.get(slug="angers-ecole-du-lac"))
    gas = next(one for one in school if one.indicator == "gas_per_m2")
    assert gas.value == pytest.approx(70, rel=0.4)
    assert not gas.enough
    assert gas.rank is None
    assert gas.median is None
    assert gas.group == 4


def test_a_second_start_is_quick_and_doubles_nothing(demo):
    before = (Thing.objects.count(), Batch.objects.count(), Person.objects.count(), Figure.objects.count())
    summary = build(small=True)
    assert summary.observations == 0
    assert before == (Thing.objects.count(), Batch.objects.count(), Person.objects.count(), Figure.objects.count())
    assert summary.seconds < 5


@pytest.fixture
def published(demo_home):
    """The heads published before a test: what it publishes is rolled back with the trail."""
    heads = {file: file.read_bytes() for file in (demo_home / "published").iterdir()}
    yield
    for file, content in heads.items():
        file.write_bytes(content)


def test_a_start_that_was_cut_short_is_completed(demo, published):
    looked = AuditEntry.objects.filter(action="findings.refresh").count()
    Batch.objects.update(live_at=timezone.now())
    Figure.objects.all().delete()
    Finding.objects.all().delete()
    build(small=True)
    assert AuditEntry.objects.filter(action="findings.refresh").count() == looked + 1
    assert Figure.objects.exists()
    assert Finding.objects.exists()


def test_another_demo_is_refused_and_so_are_generated_readings_beside_real_ones(demo):
    with pytest.raises(Refused, match="seed 49"):
        build(seed=7, small=True)
    Batch.objects.update(origin=BatchOrigin.FILE)
    with pytest.raises(Refused):
        build(small=True)


def test_the_accounts_open_and_their_file_is_private(demo, demo_home):
    accounts = people.make("49353")
    assert [account.role for account in accounts] == ["energy_officer", "counter_clerk", "administrator"]
    for account in accounts:
        assert Person.objects.get(email=account.email).check_password(account.password)
    assert (demo_home / people.FILE).stat().st_mode & 0o077 == 0


def test_what_is_printed_names_addresses_that_exist_and_says_that_readings_are_generated(demo, client):
    printed = list(announce.lines(build(small=True), ""))
    paths = [line.strip() for line in printed if line.strip().startswith("/batiments/")]
    assert len(paths) == 3
    for path in paths:
        assert Thing.objects.filter(slug=path.split("/")[2]).exists()


def test_the_audit_trail_holds_after_all_this(demo):
    assert audit.verify() == []


def test_findings_are_listed_for_people_and_for_scripts(demo):
    result = CliRunner().invoke(app, ["findings", "--commune", "49353", "--json"])
    listed = json.loads(result.stdout)
    assert {item["commune"] for item in listed} == {"49353"}
    assert {"key", "eur", "amount", "unit", "sentence", "action"} <= set(listed[0])
    assert "Trélazé" in CliRunner().invoke(app, ["findings", "--commune", "Trélazé"]).stdout


def test_the_demo_names_its_batch_after_its_seed(demo):
    known = staging.live_demo()
    assert known is not None
    assert known.source == staging.source_of(49, small=True)
    assert Commune.objects.count() == 29


def test_the_demo_s_batches_name_their_datastreams_so_that_an_agent_of_a_commune_sees_it(demo):
    known = staging.live_demo()
    assert known is not None
    named = [set(batch.summary["datastreams"]) for batch in Batch.objects.all()]
    assert set.union(*named) == {stream.name for stream in Datastream.objects.all()}
    assert len(known.summary["datastreams"]) > 30


def test_contacts_are_examples_and_settings_already_there_are_left_alone(demo, demo_home):
    file = demo_home / "mitoyen.toml"
    assert "02 61 91" in file.read_text(encoding="utf-8")
    file.write_text('contact_phone = "02 41 00 00 00"\n', encoding="utf-8")
    people.reachable()
    assert "02 61 91" not in file.read_text(encoding="utf-8")


def test_requests_are_generated_on_every_channel_once_and_marked(demo):
    made = Request.objects.filter(source=requests.SOURCE)
    assert {str(channel) for channel in requests.SHARES} == set(made.values_list("channel", flat=True))
    assert set(made.values_list("origin", flat=True)) == {"generated"}
    assert not Contact.objects.exists()
    count = made.count()
    assert requests.make(49) == count == Request.objects.count()


def test_a_filled_form_was_scanned_and_waits_for_a_clerk(demo):
    form = PaperForm.objects.get()
    read = {(box["question"], box["choice"]) for sheet in form.sheets.all() for box in sheet.reading["boxes"]
            if box["verdict"] == "ticked"}  # fmt: skip
    assert read == paper.TICKED
    assert form.request is None
    assert not paper.make(49, "49353")
