"""The national address base's file: what of it is kept, and what is no such file."""

import gzip

import pytest

from mitoyen.ledger.models import AuditEntry
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.addresses import load_addresses
from mitoyen.territory.models import Address, Street

HEADER = (
    "id;id_fantoir;numero;rep;nom_voie;code_postal;code_insee;nom_commune;code_insee_ancienne_commune;"
    "nom_ancienne_commune;x;y;lon;lat;type_position"
)


def line(number="3", rep="", street="Rue des Ponts", insee="49007", at=("-0.55", "47.47"), **more):
    told = {"code_postal": "49000", "nom_commune": "Angers", "old": "", **more}
    return (
        f"x;;{number};{rep};{street};{told['code_postal']};{insee};{told['nom_commune']};;{told['old']};1;2;"
        f"{at[0]};{at[1]};entrée"
    )


@pytest.fixture
def file(tmp_path):
    def write(*rows, name="adresses-49.csv", encoding="utf-8", header=HEADER):
        content = "\n".join([header, *rows, ""]).encode(encoding)
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


def streets():
    return sorted(Street.objects.values_list("commune", "name", "key", "postcode"))


def numbers():
    return sorted(Address.objects.values_list("street__name", "number"))


def test_streets_and_numbers_of_the_territory_are_kept_and_the_rest_is_counted(communes, file):
    loaded = load_addresses(
        file(
            line(), line("12", "BIS"), line("007"), line("3"), line(insee="75056"), line(at=("", "")), line(street=" ")
        ),
        "tests",
    )
    assert streets() == [("49007", "Rue des Ponts", "rue ponts", "49000")]
    assert numbers() == [("Rue des Ponts", "12 bis"), ("Rue des Ponts", "3"), ("Rue des Ponts", "7")]
    assert (loaded.streets, loaded.numbers, loaded.elsewhere, loaded.repeated) == (1, 3, 1, 1)
    assert [ground.line for ground in loaded.refused] == [7, 8]
    assert AuditEntry.objects.get(action="addresses.loaded").actor == "tests"


def test_a_hamlet_without_number_is_a_street_with_a_point(communes, file):
    load_addresses(file(line("0", street="La Baumette"), line("99999", street="Le Bois")), "tests")
    assert [row[1] for row in streets()] == ["La Baumette", "Le Bois"]
    assert numbers() == []


def test_it_may_be_run_again_and_replaces_what_a_commune_had(communes, file):
    load_addresses(file(line(), line("5"), line(street="Rue Neuve", insee="49353")), "tests")
    before = streets(), numbers()
    load_addresses(file(line(), line("5"), line(street="Rue Neuve", insee="49353")), "tests")
    assert (streets(), numbers()) == before
    load_addresses(file(line(street="Rue Autre")), "tests")
    assert [row[:2] for row in streets()] == [("49007", "Rue Autre"), ("49353", "Rue Neuve")]


def test_a_former_code_is_the_commune_that_it_merged_into(communes, file):
    load_addresses(file(line(insee="49289", nom_commune="Saint-Jean-de-Linières")), "tests")
    assert [row[0] for row in streets()] == ["49298"]


def test_two_streets_of_one_name_in_a_commune_that_merged_stay_two(communes, file):
    andard = line("12", street="Rue de la Mairie", insee="49307", nom_commune="Loire-Authion", old="Andard")
    brain = line("12", street="Rue de la Mairie", insee="49307", nom_commune="Loire-Authion", old="Brain-sur-l'Authion")
    loaded = load_addresses(file(andard, brain), "tests")
    assert loaded.repeated == 0
    assert [row[1] for row in streets()] == ["Rue de la Mairie (Andard)", "Rue de la Mairie (Brain-sur-l'Authion)"]


def test_packed_or_with_a_byte_order_mark_it_is_the_same(communes, file):
    load_addresses(file(line(), name="adresses-49.csv.gz"), "tests")
    load_addresses(file(line(), encoding="utf-8-sig"), "tests")
    assert len(streets()) == 1


@pytest.mark.parametrize("point", [("nan", "47.4"), ("inf", "47"), ("-0.5", "91"), ("200", "47"), ("-0,5", "47,4")])
def test_a_point_that_is_none_refuses_the_row(communes, file, point):
    loaded = load_addresses(file(line(), line("5", at=point)), "tests")
    assert [ground.line for ground in loaded.refused] == [3]


def test_another_file_is_refused_with_the_columns_that_it_lacks(communes, file):
    for header in ("id;numero;rep;nom_voie", HEADER.replace(";", ","), ""):
        with pytest.raises(Refused) as refusal:
            load_addresses(file(line(), header=header), "tests")
        assert refusal.value.code == "not_addresses"
        assert "lon" in str(refusal.value)


def test_another_encoding_is_refused_and_nothing_is_changed(communes, file):
    load_addresses(file(line()), "tests")
    with pytest.raises(Refused) as refusal:
        load_addresses(file(line(street="Allée des Chênes"), encoding="cp1252"), "tests")
    assert refusal.value.code == "unreadable"
    assert len(streets()) == 1


def test_a_download_that_stopped_halfway_or_was_damaged_is_refused(communes, file, tmp_path):
    whole = file(*(line(str(number)) for number in range(1, 3000)), name="adresses-49.csv.gz").read_bytes()
    path = tmp_path / "half.csv.gz"
    damaged = whole[:2000] + bytes(200) + whole[2200:]
    for content in (whole[: len(whole) // 2], damaged, b"no gzip", b""):
        path.write_bytes(content)
        with pytest.raises(Refused):
            load_addresses(path, "tests")
    assert not Street.objects.exists()


def test_a_file_that_is_not_there_is_refused_in_words(communes, tmp_path):
    for path in (tmp_path / "nowhere.csv", tmp_path / "nowhere.csv.gz", tmp_path):
        with pytest.raises(Refused) as refusal:
            load_addresses(path, "tests")
        assert refusal.value.next_step


def test_the_wrong_departement_is_refused(communes, file):
    with pytest.raises(Refused) as refusal:
        load_addresses(file(line(insee="75056")), "tests")
    assert refusal.value.code == "no_address"
