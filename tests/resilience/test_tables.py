"""Tables go to CSV and come back exactly."""

import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mitoyen.evaluate.models import Action, Figure
from mitoyen.ledger.refusal import Refused
from mitoyen.resilience.tables import OPEN_TABLES, TABLES, file_name, model_of, read_tables, write_tables
from mitoyen.territory.models import Commune, Thing

pytestmark = pytest.mark.django_db


def test_every_stored_table_is_in_a_backup_or_named_as_left_out():
    from django.apps import apps

    left_out = {
        "auth.Permission", "auth.Group", "contenttypes.ContentType", "sessions.Session", "account.EmailConfirmation",
        "services.Tries",
        "axes.AccessAttempt", "axes.AccessAttemptExpiration", "axes.AccessLog", "axes.AccessFailureLog",
    }  # fmt: skip
    stored = {model._meta.label for model in apps.get_models(include_auto_created=False)}
    assert stored == {label for label, _kind in TABLES} | left_out


def test_personal_and_secret_tables_are_not_open():
    assert not {"territory.Person", "territory.Role", "mfa.Authenticator", "account.EmailAddress"} & set(OPEN_TABLES)


def _empty():
    Thing.objects.filter(part_of__isnull=False).delete()
    Thing.objects.all().delete()
    Commune.objects.all().delete()


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=60)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=text.filter(bool), value=st.floats(allow_nan=False, allow_infinity=False), note=text)
def test_values_come_back_to_the_last_bit(tmp_path, name, value, note):
    _empty()
    commune = Commune.objects.create(
        insee="49007", name=name, slug="x", population=3, longitude=value, latitude=-0.1, postcodes=["49000", note]
    )
    parent = Thing.objects.create(slug="a", name=name, kind="building", commune=commune, attributes={"note": note})
    Thing.objects.create(slug="b", name="meter", kind="meter", part_of=parent, longitude=value)
    labels = ("territory.Commune", "territory.Thing")
    before = [list(model_of(label)._default_manager.values()) for label in labels]
    assert sum(write_tables(tmp_path, labels).values()) == 3
    _empty()
    read_tables(tmp_path, labels)
    assert [list(model_of(label)._default_manager.values()) for label in labels] == before


def test_binary_series_times_and_missing_values_come_back(tmp_path):
    thing = Thing.objects.create(slug="a", name="A", kind="building")
    Action.objects.create(thing=thing, title="LED", starts=date(2024, 5, 1), cost_eur="1234.50")
    Figure.objects.create(
        id="abc", measure="energy_saved", subject_kind="building", subject="a", thing=thing, unit="kWh",
        baseline_first=date(2023, 1, 1), baseline_last=date(2023, 12, 31), value=None, low=-math.pi, high=1e-300,
        reporting_first=date(2024, 1, 1), reporting_last=date(2024, 12, 31), verdict="not_proven",
        method="daily", method_version="1", series=bytes(range(256)), fingerprint="f" * 64,
    )  # fmt: skip
    labels = ("territory.Thing", "evaluate.Action", "evaluate.Figure")
    before = [list(model_of(label)._default_manager.values()) for label in labels]
    write_tables(tmp_path, labels)
    for label in reversed(labels):
        model_of(label)._default_manager.all().delete()
    read_tables(tmp_path, labels)
    assert [list(model_of(label)._default_manager.values()) for label in labels] == before
    recorded = Action.objects.get().recorded_at
    assert recorded.tzinfo is not None
    assert recorded < datetime.now(UTC)


def test_new_rows_take_numbers_after_the_ones_fed(tmp_path):
    thing = Thing.objects.create(id=70, slug="a", name="A", kind="building")
    write_tables(tmp_path, ("territory.Thing",))
    thing.delete()
    read_tables(tmp_path, ("territory.Thing",))
    assert Thing.objects.create(slug="b", name="B", kind="building").pk > 70


def test_a_table_that_holds_rows_is_never_fed(tmp_path):
    Thing.objects.create(slug="a", name="A", kind="building")
    write_tables(tmp_path, ("territory.Thing",))
    with pytest.raises(Refused, match=r"territory\.Thing"):
        read_tables(tmp_path, ("territory.Thing",))
    assert Thing.objects.count() == 1


def test_a_damaged_line_is_named_and_nothing_is_fed(tmp_path):
    (tmp_path / file_name("territory.Commune")).write_text(
        "insee,name,slug,population,longitude,latitude\n49007,Angers,angers,5,0,47\n49008,B,b,many,0,47\n"
    )
    with pytest.raises(Refused, match=r"\b3\b"):
        read_tables(tmp_path, ("territory.Commune",))
    assert not Commune.objects.exists()
