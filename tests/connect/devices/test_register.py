"""A file of devices into the register: a result a row, safe to repeat, keys never told, undo."""

import json

import openpyxl
import pytest

from mitoyen.connect.devices import factors, sealed
from mitoyen.connect.devices.entries import address_of, moment_of
from mitoyen.connect.devices.enums import FieldRole
from mitoyen.connect.devices.factors import Asked
from mitoyen.connect.devices.models import Codec, DeviceModel, Field, RegisterImport, Registration
from mitoyen.connect.devices.register import import_devices
from mitoyen.connect.devices.undoing import undo_import
from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Deployment, Device, Thing

KEY = "00112233445566778899aabbccddeeff"
HEAD = "EUI;N° de série;Fabricant;Modèle;Objet;Mesures;Date de pose;Coefficient;Clé d'application\n"
ROWS = (
    f"70-B3-D5-00-00-00-00-01;A-1;Acme;Level;lampe-1;temperature, humidity;01/10/2026;0,1;{KEY}\n"
    "70b3d50000000002;A-2;Acme;Level;;;;;\n"
)


@pytest.fixture
def file(tmp_path):
    def write(text: str, name: str = "capteurs.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def results(report) -> list[tuple[str, str]]:
    return [(row["result"], row.get("code", "")) for row in report.results]


def test_a_french_file_is_taken_in_and_again_changes_nothing(lamp, file) -> None:
    report = import_devices(file(HEAD + ROWS), "camille")
    assert results(report) == [("added", ""), ("added", "")]
    assert (report.deployments, report.models) == (2, ["Acme Level"])
    first = Deployment.objects.get(observed_property="humidity")
    assert (first.thing, first.factor, first.device.serial) == (lamp, 0.1, "A-1")
    assert first.starts.isoformat() == "2026-09-30T22:00:00+00:00"
    assert Registration.objects.get(address="70b3d50000000001").model.maker == "Acme"
    again = import_devices(file(HEAD + ROWS), "camille")
    assert results(again) == [("unchanged", ""), ("unchanged", "")]
    assert again.number is None
    assert RegisterImport.objects.count() == 1


def test_a_dry_run_says_the_same_and_writes_nothing(lamp, file) -> None:
    report = import_devices(file(HEAD + ROWS), "camille", dry_run=True)
    assert results(report) == [("added", ""), ("added", "")]
    assert not Device.objects.exists()
    assert not DeviceModel.objects.exists()


def test_a_workbook_and_columns_of_other_names(lamp, tmp_path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Radio", "Sorte", "Où"])
    book.active.append(["70B3D50000000001", "Level", "lampe-1"])
    path = tmp_path / "capteurs.xlsx"
    book.save(path)
    with pytest.raises(Refused) as refused:
        import_devices(path, "camille")
    assert refused.value.code == "no_column"
    report = import_devices(path, "camille", columns={"address": "Radio", "model": "Sorte", "thing": "Où"})
    assert results(report) == [("added", "")]
    assert report.waiting_for_fields == 1
    assert Registration.objects.get().thing == lamp


def test_each_bad_row_is_refused_with_its_line_and_the_others_are_taken(lamp, commune, file) -> None:
    other = Thing.objects.create(slug="lampe-2", name="Lampe 2", kind="street_lamp", commune=commune)
    elsewhere = Device.objects.create(serial="B-1")
    Deployment.objects.create(device=elsewhere, thing=other, observed_property="level", starts=moment_of("2026-01-01"))
    lines = [
        "70b3d50000000001;;Acme;Level;;;;;",
        "70b3d50000000001;;Acme;Level;;;;;",
        ";;Acme;Level;;;;;",
        "70b3d50000000003;;Acme;;;;;;",
        "70b3d50000000004;;Acme;Level;nowhere;level;;;",
        "70b3d50000000005;;Acme;Level;lampe-2;level;;;",
        "70b3d50000000006;;Acme;Level;lampe-1;level;31/02/2026;;",
        "70b3d50000000007;;Acme;Level;lampe-1;level;;zero;",
        "70b3d50000000008;;Acme;Level;;;;;deadbeef",
        "70b3d50000000009;B-1;Acme;Level;lampe-1;level;;;",
        "70b3d5000000000a;;Acme;Level;lampe-1;level;01/01/2040;;",
        "70b3d5000000000b;;Acme;Level;lampe-1;le vel?;;;",
        "70b3d5000000000c;;Acme;Level;lampe-1;level;;0;",
    ]
    report = import_devices(file(HEAD + "\n".join(lines) + "\n"), "camille")
    told = {row["line"]: row.get("code") for row in report.results}
    assert told == {
        2: None, 3: "twice_in_file", 4: "no_address", 5: "no_model", 6: "no_thing", 7: "already_deployed",
        8: "bad_date", 9: "bad_factor", 10: "bad_key", 11: "device_elsewhere", 12: "future", 13: "bad_property",
        14: "bad_factor",
    }  # fmt: skip
    assert (report.added, report.refused, report.rows) == (1, 12, 13)


def test_two_rows_for_one_place_and_property_are_not_both_taken(lamp, file) -> None:
    rows = "70b3d50000000001;;Acme;Level;lampe-1;level;;;\n70b3d50000000002;;Acme;Level;lampe-1;level;;;\n"
    assert results(import_devices(file(HEAD + rows), "camille")) == [("added", ""), ("refused", "already_deployed")]


def test_two_devices_on_one_thing_do_not_erase_each_other(lamp, file) -> None:
    rows = "70b3d50000000001;;Acme;Level;lampe-1;level;;;\n70b3d50000000002;;Other;Air;lampe-1;temperature;;;\n"
    report = import_devices(file(HEAD + rows), "camille")
    assert report.added == 2
    again = import_devices(file(HEAD + rows), "camille")
    assert again.unchanged == 2
    served = Deployment.objects.filter(thing=lamp, ends=None).values_list("observed_property", "device__serial")
    assert set(served) == {("level", "70b3d50000000001"), ("temperature", "70b3d50000000002")}


def test_without_properties_a_device_serves_every_confirmed_field_of_its_model(lamp, file) -> None:
    model = DeviceModel.objects.create(slug="acme-level", maker="Acme", name="Level")
    for path, role, confirmed in (
        ("t", FieldRole.OBSERVATION, "camille"), ("h", FieldRole.OBSERVATION, ""), ("b", FieldRole.IGNORED, "camille"),
    ):  # fmt: skip
        Field.objects.create(
            model=model, path=path, role=role, observed_property=f"about_{path}", confirmed_by=confirmed
        )
    report = import_devices(file(HEAD + "70b3d50000000001;;Acme;Level;lampe-1;;;;\n"), "camille")
    assert report.results[0]["deployed"] == ["about_t"]


def test_a_codec_is_given_to_its_model_or_refused(lamp, file) -> None:
    head = "address,model,codec\n"
    assert results(import_devices(file(head + "one,Level,acme level\n"), "camille")) == [("refused", "no_codec")]
    assert not DeviceModel.objects.exists()
    codec = Codec.objects.create(name="Acme level", sha256="a" * 64, script="")
    other = Codec.objects.create(name="Other", sha256="b" * 64, script="")
    assert results(import_devices(file(head + "one,Level,acme level\n"), "camille")) == [("added", "")]
    assert DeviceModel.objects.get().codec == codec
    assert results(import_devices(file(head + f"two,Level,{other.sha256}\n"), "camille")) == [
        ("refused", "other_codec")
    ]


def test_keys_are_encrypted_and_never_told(lamp, file) -> None:
    report = import_devices(file(HEAD + ROWS), "camille")
    stored = bytes(Registration.objects.get(address="70b3d50000000001").application_key)
    key = bytes.fromhex(KEY)
    assert key not in stored
    assert KEY.encode() not in stored
    assert sealed.holds(stored, key, "70b3d50000000001")
    assert not sealed.holds(stored, key, "70b3d50000000002")
    assert not sealed.holds(stored, bytes(16), "70b3d50000000001")
    told = json.dumps(report.to_json()) + json.dumps([row for one in RegisterImport.objects.all() for row in one.rows])
    told += json.dumps([entry.detail for entry in AuditEntry.objects.all()])
    assert KEY not in told.lower()
    bad = import_devices(file(HEAD + f"70b3d50000000009;;Acme;Level;;;;;{KEY}00\n"), "camille")
    assert KEY not in json.dumps(bad.to_json())
    # Another key for a known device is a change; the same one is none.
    other = HEAD + f"70b3d50000000001;A-1;Acme;Level;;;;;{KEY[::-1]}\n"
    assert results(import_devices(file(other), "camille")) == [("changed", "")]
    assert results(import_devices(file(other), "camille")) == [("unchanged", "")]


def test_an_import_is_taken_back_and_what_changed_since_stays(lamp, commune, file) -> None:
    from mitoyen.territory.swaps import swap_device

    first = import_devices(file(HEAD + ROWS), "camille")
    key = bytes(Registration.objects.get(address="70b3d50000000001").application_key)
    rows = (
        f"70b3d50000000001;A-1;Acme;Level;;;;;{KEY[::-1]}\n70b3d50000000003;A-3;Acme;Level;lampe-1;level;01/10/2026;;\n"
        "70b3d50000000004;A-4;Acme;Level;lampe-1;light;01/10/2026;;\n"
    )
    second = import_devices(file(HEAD + rows), "camille")
    assert results(second) == [("changed", ""), ("added", ""), ("added", "")]
    swap_device(lamp, "light", moment_of("2026-10-20"), "A-9", None, None, "camille")
    undone = undo_import(second.number or 0, "camille", "wrong file")
    assert (undone.restored, undone.removed) == (1, 1)
    assert [row["address"] for row in undone.kept] == ["70b3d50000000004"]
    assert bytes(Registration.objects.get(address="70b3d50000000001").application_key) == key
    assert not Device.objects.filter(serial="A-3").exists()
    assert Deployment.objects.filter(observed_property="light").count() == 2
    with pytest.raises(Refused) as refused:
        undo_import(second.number or 0, "camille")
    assert refused.value.code == "already_undone"
    assert undo_import(first.number or 0, "camille").removed == 2
    assert set(Registration.objects.values_list("address", flat=True)) == {"70b3d50000000004"}


def test_an_import_is_taken_back_after_a_factor_cut_its_deployment(lamp, file) -> None:
    done = import_devices(file(HEAD + ROWS), "camille")
    device = Device.objects.get(serial="A-1")
    factors.apply(Asked(device=device, times=10.0, first=moment_of("2026-10-10")), "camille", "wrong factor")
    assert Deployment.objects.filter(device=device).count() == 4
    assert undo_import(done.number or 0, "camille", "wrong file").removed == 2
    assert not Deployment.objects.exists()


def test_thousands_are_a_matter_of_seconds(commune, file, django_assert_max_num_queries) -> None:
    things = [Thing(slug=f"lamp-{i}", name=f"Lamp {i}", kind="street_lamp", commune=commune) for i in range(2000)]
    Thing.objects.bulk_create(things)
    rows = "".join(f"{i:016x};;Acme;Level;lamp-{i};level,light;01/10/2026;;{i:032x}\n" for i in range(2000))
    with django_assert_max_num_queries(120):
        report = import_devices(file(HEAD + rows), "camille")
    assert (report.added, report.deployments) == (2000, 4000)
    with django_assert_max_num_queries(60):
        assert import_devices(file(HEAD + rows), "camille").unchanged == 2000


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("70-B3-D5-7E-D0-00-00-01", "70b3d57ed0000001"), ("70B3D57ED0000001", "70b3d57ed0000001"),
        ("70:b3:d5:7e:d0:00:00:01", "70b3d57ed0000001"), ("  Compteur-7.A ", "Compteur-7.A"),
    ],
)  # fmt: skip
def test_an_eui_is_one_however_it_is_written(text: str, address: str) -> None:
    assert address_of(text) == address


def test_the_command(installation, tmp_path) -> None:
    file = tmp_path / "capteurs.csv"
    file.write_text(HEAD + "70b3d50000000002;A-2;Acme;Level;;;;;\n;;;;;;;;x\n", encoding="utf-8")
    said = installation.json("devices", "import", file)
    assert (said["added"], said["refused"], said["results"][1]["line"]) == (1, 1, 3)
    assert installation.json("devices", "undo", 1)["removed"] == 1
    assert "déjà" in installation.run("devices", "undo", 1, expect=1).stderr
