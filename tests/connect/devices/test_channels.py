"""A device whose channels serve several things: a row a channel, each goes to its own building; swap, factor, undo."""

from datetime import UTC, datetime

import pytest

from mitoyen.connect.devices import factors
from mitoyen.connect.devices.factors import Asked
from mitoyen.connect.devices.models import DeviceModel, Field, Registration
from mitoyen.connect.devices.register import import_devices
from mitoyen.connect.devices.replacing import replace_device, undo_replacement
from mitoyen.connect.devices.undoing import undo_import
from mitoyen.connect.uplinks.replaying import Choice, compare, write
from mitoyen.connect.uplinks.taking import take
from mitoyen.history.models import Datastream
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device, Thing
from tests.connect.uplinks.conftest import NOON, SECOND, afresh, forget, message, stored  # noqa: F401 - a fixture
from tests.connect.uplinks.samples import EUI

HEAD = "EUI;Modèle;Canal;Objet;Mesures;Unité;Coefficient;Date de pose\n"
ROWS = (
    f"{EUI};Pulse 4;ch1;ecole;water;m3;0,1;01/01/2025\n"
    f"{EUI};Pulse 4;ch2;mairie;water;m3;0,01;01/01/2025\n"
    f"{EUI};Pulse 4;ch3;gymnase;electricity;kWh;0,5;01/01/2025\n"
)


@pytest.fixture
def things(commune) -> list[Thing]:
    return [
        Thing.objects.create(slug=slug, name=slug.capitalize(), kind="building", commune=commune)
        for slug in ("ecole", "mairie", "gymnase")
    ]


@pytest.fixture
def pulse(db) -> DeviceModel:
    model = DeviceModel.objects.create(slug="pulse-4", name="Pulse 4")
    for number in range(1, 5):
        Field.objects.create(
            model=model, path=f"ch{number}", observed_property=f"pulses_{number}", unit="1", kind="counter",
            confirmed_by="camille",
        )  # fmt: skip
    return model


@pytest.fixture
def file(tmp_path):
    def write(text: str):
        path = tmp_path / "capteurs.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def served() -> set[tuple[str, str, str, float]]:
    columns = ("thing__slug", "observed_property", "channel", "factor")
    return set(Deployment.objects.filter(ends=None).values_list(*columns))


def results(report) -> list[tuple[str, str]]:
    return [(row["result"], row.get("code", "")) for row in report.results]


def test_each_channel_goes_to_its_own_building_in_its_own_unit(things, pulse, file, home) -> None:
    report = import_devices(file(HEAD + ROWS), "camille")
    assert results(report) == [("added", "")] * 3
    assert (Registration.objects.count(), report.deployments, report.added) == (1, 3, 1)
    assert served() == {
        ("ecole", "water", "ch1", 0.1), ("mairie", "water", "ch2", 0.01), ("gymnase", "electricity", "ch3", 0.5),
    }  # fmt: skip
    taken = take([message(1, data={"ch1": 100, "ch2": 200, "ch3": 300, "ch4": 400})])
    assert (taken.accepted, taken.undeployed, taken.misfits) == (3, 1, 0)
    units = set(Datastream.objects.values_list("thing__slug", "observed_property", "unit", "kind"))
    assert units == {
        ("ecole", "water", "m3", "counter"), ("mairie", "water", "m3", "counter"),
        ("gymnase", "electricity", "kWh", "counter"),
    }  # fmt: skip
    assert sorted(value for _time, value in stored()) == [100, 200, 300]


def test_the_same_file_again_changes_nothing_and_a_new_channel_is_added(things, pulse, file) -> None:
    import_devices(file(HEAD + ROWS), "camille")
    assert results(import_devices(file(HEAD + ROWS), "camille")) == [("unchanged", "")] * 3
    fourth = f"{EUI};Pulse 4;ch4;ecole;gas;m3;1;01/01/2025\n"
    assert results(import_devices(file(HEAD + ROWS + fourth), "camille"))[-1] == ("changed", "")
    assert len(served()) == 4


def test_what_a_channel_measures_may_come_from_the_confirmed_field(things, pulse, file) -> None:
    rows = f"{EUI};Pulse 4;ch1;ecole;;;;\n{EUI};Pulse 4;ch9;mairie;;;;\n"
    assert results(import_devices(file(HEAD + rows), "camille")) == [("added", ""), ("refused", "no_measure")]
    assert served() == {("ecole", "pulses_1", "ch1", 1.0)}


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (f"{EUI};Pulse 4;ch1;mairie;gas;;;", "twice_in_file"), (f"{EUI};Pulse 4;ch4;;gas;;;", "channel_nowhere"),
        (f"{EUI};Pulse 4;ch4;ecole;gas, water;;;", "channel_measures_one"),
        (f"{EUI};Pulse 4;;ecole;gas;m3;;", "unit_alone"), (f"{EUI};Pulse 4;ch4;ecole;gas;arpents;;", "bad_unit"),
        (f"{EUI};Pulse 4;ch4;ecole;water;;;", "already_deployed"),
    ],
)  # fmt: skip
def test_a_channel_that_cannot_be_is_refused_and_the_others_come_in(things, pulse, file, row, code) -> None:
    report = import_devices(file(HEAD + ROWS + row + "\n"), "camille")
    assert results(report) == [*[("added", "")] * 3, ("refused", code)]


def test_a_channel_is_not_moved_by_a_file(things, pulse, file) -> None:
    import_devices(file(HEAD + ROWS), "camille")
    moved = HEAD + f"{EUI};Pulse 4;ch1;gymnase;water;m3;0,1;\n"
    assert results(import_devices(file(moved), "camille")) == [("refused", "device_elsewhere")]


def test_an_import_of_channels_is_taken_back_as_one(things, pulse, file) -> None:
    first = import_devices(file(HEAD + ROWS.splitlines()[0] + "\n"), "camille")
    second = import_devices(file(HEAD + ROWS), "camille")
    assert undo_import(second.number or 0, "camille").restored == 1
    assert served() == {("ecole", "water", "ch1", 0.1)}
    assert undo_import(first.number or 0, "camille").removed == 1
    assert not Device.objects.exists()


def test_a_swap_moves_every_channel_and_indexes_are_given_by_place(things, pulse, file, home) -> None:
    import_devices(file(HEAD + ROWS), "camille")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    old = Device.objects.get()
    with pytest.raises(Refused) as refused:
        replace_device(old, at, "70b3d500000000bb", "camille", last={"water": 5})
    assert refused.value.code == "unknown_index"
    last, first = {"ecole/water": 90.0, "mairie/water": 180.0}, {"ecole/water": 0.0, "mairie/water": 7.0}
    new = replace_device(old, at, "70b3d500000000bb", "camille", last=last, first=first)
    assert {key[:3] for key in served()} == {
        ("ecole", "water", "ch1"), ("mairie", "water", "ch2"), ("gymnase", "electricity", "ch3")
    }  # fmt: skip
    assert set(new.deployments.values_list("unit", flat=True)) == {"m3", "kWh"}
    assert set(old.deployments.values_list("last_index", flat=True)) == {90.0, 180.0, None}
    taken = take([message(1, device="70b3d500000000bb", data={"ch1": 3, "ch2": 9})])
    assert taken.accepted == 2
    undo_replacement(new, "camille", "wrong one")
    assert set(Deployment.objects.values_list("device__serial", "ends")) == {(EUI, None)}


def test_one_channel_s_factor_is_put_right_alone(things, pulse, file) -> None:
    import_devices(file(HEAD + ROWS), "camille")
    factors.apply(Asked(device=Device.objects.get(), observed_property="mairie/water", factor=0.02), "camille", "plate")
    assert {key[0]: key[3] for key in served()} == {"ecole": 0.1, "mairie": 0.02, "gymnase": 0.5}


def test_replay_reads_what_came_before_the_channels_were_known(things, pulse, file, home) -> None:
    import_devices(file(f"EUI;Modèle\n{EUI};Pulse 4\n"), "camille")
    assert take([message(1, data={"ch1": 100}), message(2, at=NOON + 60 * SECOND, data={"ch1": 101})]).accepted == 0
    import_devices(file(HEAD + ROWS), "camille")
    forget()
    assert {name: change.new for name, change in compare(Choice()).datastreams.items()} == {"ecole/water": 2}
    write(Choice(), "camille", "channels")
    forget()
    assert {name: change.same for name, change in compare(Choice()).datastreams.items()} == {"ecole/water": 2}
