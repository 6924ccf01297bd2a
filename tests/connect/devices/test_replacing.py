"""A device is replaced in one action, taken back in one; a wrong factor is put right over the past."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from mitoyen.connect.devices import factors
from mitoyen.connect.devices.factors import Asked
from mitoyen.connect.devices.models import Registration
from mitoyen.connect.devices.replacing import replace_device, replaced_by, undo_replacement
from mitoyen.history import read
from mitoyen.history.datastreams import datastream_for
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device, Thing
from tests.history.conftest import brought, hours

T0 = datetime(2026, 9, 1, tzinfo=UTC)
SWAP = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture
def old(model, lamp) -> Device:
    device = Device.objects.create(serial="OLD")
    Registration.objects.create(device=device, address="70b3d50000000001", model=model)
    for name in ("temperature", "humidity"):
        Deployment.objects.create(device=device, thing=lamp, observed_property=name, starts=T0, factor=0.1)
    return device


def test_all_that_it_serves_goes_on_with_the_new_one_and_back(old, lamp) -> None:
    beside = Device.objects.create(serial="OTHER")
    Deployment.objects.create(device=beside, thing=lamp, observed_property="light", starts=T0)
    new = replace_device(old, SWAP, "70-B3-D5-00-00-00-00-02", "camille", serial="NEW")
    assert set(new.deployments.filter(ends=None).values_list("observed_property", "starts", "factor")) == {
        ("temperature", SWAP, 0.1), ("humidity", SWAP, 0.1),
    }  # fmt: skip
    assert not old.deployments.filter(ends=None).exists()
    assert beside.deployments.filter(ends=None).count() == 1
    assert Registration.objects.get(device=new).address == "70b3d50000000002"
    assert Registration.objects.get(device=old).retired_at == SWAP
    assert json.loads(AuditEntry.objects.get(action="devices.replaced").detail)["new"] == "NEW"
    assert replaced_by(new) == old
    assert replaced_by(beside) is None
    assert undo_replacement(new, "camille", "wrong one") == old
    assert old.deployments.filter(ends=None).count() == 2
    assert Registration.objects.get().device == old
    assert Registration.objects.get().retired_at is None
    with pytest.raises(Refused):
        undo_replacement(new, "camille", "again")


@pytest.mark.parametrize(
    ("address", "serial", "at", "code"),
    [
        ("", "", SWAP, "no_address"), ("70b3d50000000001", "", SWAP, "known_address"),
        ("new", "OLD", SWAP, "other_address"),
        ("new", "", T0 - timedelta(days=1), "swap_before_start"),
    ],
)  # fmt: skip
def test_what_cannot_be_replaced_changes_nothing(old, address, serial, at, code) -> None:
    with pytest.raises(Refused) as refused:
        replace_device(old, at, address, "camille", serial=serial)
    assert refused.value.code == code
    assert old.deployments.filter(ends=None).count() == 2
    assert Registration.objects.count() == 1


@pytest.fixture
def energy(home, old, lamp):
    """Four days of 100 a hour where it should be 1, and a mean of 200 where it should be 20."""
    electricity = datastream_for(lamp, "electricity", "kWh", "delta")
    temperature = datastream_for(lamp, "temperature", "Cel", "gauge")
    Deployment.objects.filter(observed_property="temperature").update(factor=1.0)
    Deployment.objects.create(device=old, thing=lamp, observed_property="electricity", starts=T0)
    brought(hours(electricity, datetime(2026, 9, 9, 22, tzinfo=UTC), [100.0] * 96))
    brought((temperature.pk, datetime(2026, 9, 9, 22, tzinfo=UTC) + timedelta(hours=i), 0, 200.0, 0) for i in range(96))
    return electricity


def day(stream, at: date) -> float:
    found = read.daily([stream], at, at)[stream.pk]
    return float(found.mean[0] if stream.kind == "gauge" else found.amount[0])


def test_an_energy_a_hundred_times_too_high_is_put_right_over_the_past(old, energy) -> None:
    assert day(energy, date(2026, 9, 11)) == pytest.approx(2400)
    asked = Asked(device=old, observed_property="electricity", times=0.01)
    seen = factors.preview(asked)
    assert (seen.samples[-2].before, seen.samples[-2].after) == pytest.approx((2400, 24))
    assert seen.samples[0].unit == "kWh"
    assert day(energy, date(2026, 9, 11)) == pytest.approx(2400)
    done = factors.apply(asked, "camille", "pulse weight")
    assert (done.deployments, done.datastreams, done.factors) == (1, ["lampe-1/electricity"], [(1.0, 0.01)])
    assert day(energy, date(2026, 9, 11)) == pytest.approx(24)
    factors.refresh()
    assert day(energy, date(2026, 9, 11)) == pytest.approx(24)
    detail = json.loads(AuditEntry.objects.get(action="devices.factor_set").detail)
    assert (detail["why"], detail["factors_before"]) == ("pulse weight", [1.0])


def test_all_devices_of_a_model_and_only_a_period_of_them(old, energy, model) -> None:
    asked = Asked(
        model=model, observed_property="electricity", factor=0.5, first=datetime(2026, 9, 11, 22, tzinfo=UTC),
        last=datetime(2026, 9, 12, 22, tzinfo=UTC),
    )  # fmt: skip
    done = factors.apply(asked, "camille", "that day only")
    assert (done.deployments, done.split) == (1, 1)
    assert [day(energy, date(2026, 9, n)) for n in (11, 12, 13)] == pytest.approx([2400, 1200, 2400])
    assert Deployment.objects.filter(observed_property="electricity").count() == 3
    assert Deployment.objects.filter(observed_property="electricity", ends=None).count() == 1


def test_a_gauge_too(old, energy, lamp) -> None:
    factors.apply(Asked(device=old, observed_property="temperature", factor=0.1), "camille", "tenths")
    assert day(datastream_for(lamp, "temperature", "Cel", "gauge"), date(2026, 9, 11)) == pytest.approx(20)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "nothing"), ({"factor": 0.0}, "bad_factor"), ({"times": float("nan")}, "bad_factor"),
        ({"factor": 2.0, "observed_property": "nothing"}, "none"),
        ({"factor": 2.0, "first": SWAP, "last": T0}, "bad_period"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(old, more, code) -> None:
    with pytest.raises(Refused) as refused:
        factors.preview(Asked(device=old, **more))
    assert refused.value.code == code


def test_a_device_nobody_deployed_cannot_be_replaced(db) -> None:
    with pytest.raises(Refused) as refused:
        replace_device(Device.objects.create(serial="X"), SWAP, "new", "camille")
    assert refused.value.code == "serves_nothing"
    assert Thing.objects.count() == 0
