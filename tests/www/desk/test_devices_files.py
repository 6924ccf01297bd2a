"""A file of devices at the desk: each row's result before anything is written, the yes, taken back; keys unread."""

import datetime as dt
import io
import os

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mitoyen.connect.devices import sealed, waiting
from mitoyen.connect.devices.models import RegisterImport, Registration
from mitoyen.territory.models import Deployment
from tests.www.desk.test_importing import HOSTILE

KEY = "00112233445566778899aabbccddeeff"
FILE = (
    "EUI;Modèle;Objet;Mesures;Date de pose;Clé d'application\n"
    f"70b3d5000000a001;Level;ecole;level;01/10/2026;{KEY}\n"
    "70b3d5000000a002;Level;nulle-part;level;;\n"
    ";Level;ecole;humidity;;\n"
)


@pytest.fixture
def operator(desk, sign_in, home):
    RegisterImport.objects.all().delete()
    return sign_in(desk.operator)


def send(client, content, name="capteurs.csv"):
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return client.post(reverse("desk:devices-files"), {"fichier": file})


def page(client, done) -> str:
    answer = client.get(reverse("desk:devices-file", args=[done.pk]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def staged(home):
    return list((home / "staging").iterdir())


def test_rows_are_told_then_taken_in_then_taken_back(desk, operator, home):
    before = Registration.objects.count()
    assert send(operator, FILE).status_code == 302
    done = RegisterImport.objects.get()
    told = page(operator, done)
    assert "1 nouveau capteur entrerait" in told
    assert "2 lignes restent de côté" in told
    assert "École des Ponts" in told
    for line, wrong in (("3", "nulle-part"), ("4", "Écrivez l’EUI qui figure sur le capteur")):
        assert f'<th scope="row" class="n">{line}</th>' in told
        assert wrong in told
    assert Registration.objects.count() == before
    operator.post(reverse("desk:devices-file-confirm", args=[done.pk]))
    done.refresh_from_db()
    assert (done.path, Registration.objects.count(), staged(home)) == ("", before + 1, [])
    assert Registration.objects.get(address="70b3d5000000a001").brought_by == done
    assert "1 nouveau capteur est entré" in page(operator, done)
    undo = reverse("desk:devices-file-undo", args=[done.pk])
    assert operator.post(undo, {"why": ""}).status_code == 422
    operator.post(undo, {"why": "mauvais fichier"})
    assert "Repris le" in page(operator, done)
    assert Registration.objects.count() == before
    assert not Deployment.objects.filter(observed_property="level").exists()


def test_the_same_file_again_has_nothing_to_bring_in(operator):
    send(operator, FILE)
    operator.post(reverse("desk:devices-file-confirm", args=[RegisterImport.objects.get().pk]))
    send(operator, FILE)
    again = RegisterImport.objects.latest("pk")
    told = page(operator, again)
    assert "Rien à faire entrer" in told
    assert "1 ligne est déjà dans le registre" in told
    assert reverse("desk:devices-file-confirm", args=[again.pk]) not in told


def test_keys_are_never_shown_nor_left_in_the_clear(operator, home):
    send(operator, FILE.replace("nulle-part;level;;", f"nulle-part;level;;{KEY}0"))
    done = RegisterImport.objects.get()
    (kept,) = staged(home)
    assert (kept.name, kept.stat().st_mode & 0o777) == (done.path, 0o600)
    for clear in (KEY.encode(), b"70b3d5000000a001"):
        assert clear not in kept.read_bytes()
    assert KEY not in page(operator, done)
    operator.post(reverse("desk:devices-file-confirm", args=[done.pk]))
    assert KEY not in page(operator, done)
    taken = Registration.objects.get(address="70b3d5000000a001")
    assert sealed.holds(bytes(taken.application_key), bytes.fromhex(KEY), taken.address)


def test_given_up_or_left_for_two_days_nothing_stays(operator, home):
    send(operator, FILE)
    operator.post(reverse("desk:devices-file-give-up", args=[RegisterImport.objects.get().pk]))
    assert (RegisterImport.objects.count(), staged(home)) == (0, [])
    send(operator, FILE)
    assert waiting.forget_old() == 0
    RegisterImport.objects.update(at=timezone.now() - dt.timedelta(days=3))
    assert waiting.forget_old() == 1
    assert (RegisterImport.objects.count(), staged(home)) == (0, [])


def test_what_a_killed_process_left_is_removed(operator, home):
    send(operator, FILE)
    (kept,) = staged(home)
    sealed_alone, clear = home / "staging" / "register-alone", home / "staging" / "register-open"
    sealed_alone.touch()
    clear.mkdir()
    (clear / "register").write_text(KEY)
    fresh = home / "staging" / "register-now"
    fresh.touch()
    before = (timezone.now() - dt.timedelta(hours=2)).timestamp()
    for left in (kept, sealed_alone, clear):
        os.utime(left, (before, before))
    waiting.forget_old()
    assert set(staged(home)) == {kept, fresh}


def test_a_yes_to_what_is_in_or_gone_writes_nothing(operator, home):
    send(operator, FILE)
    done = RegisterImport.objects.get()
    (home / "staging" / done.path).unlink()
    confirm = reverse("desk:devices-file-confirm", args=[done.pk])
    assert "ne peut plus être lu" in operator.post(confirm, follow=True).content.decode()
    RegisterImport.objects.update(path="")
    assert "n’attend plus" in operator.post(confirm, follow=True).content.decode()
    assert not Registration.objects.filter(address="70b3d5000000a001").exists()


def test_a_workbook_is_read_as_a_table_is(operator):
    book, content = openpyxl.Workbook(), io.BytesIO()
    book.active.append(["DevEUI", "Modèle"])
    book.active.append(["70B3D5000000A009", "Level"])
    book.save(content)
    send(operator, content.getvalue(), "capteurs.xlsx")
    assert "70b3d5000000a009" in page(operator, RegisterImport.objects.get())


@pytest.mark.parametrize(("name", "content"), HOSTILE, ids=[name for name, _content in HOSTILE])
def test_a_hostile_file_gets_words_and_leaves_nothing(operator, home, name, content):
    answer = send(operator, content, name)
    assert answer.status_code == 422
    told = answer.content.decode()
    assert "pas été pris" in told
    assert "<script>alert" not in told
    assert (RegisterImport.objects.count(), staged(home)) == (0, [])


def test_a_file_of_too_many_lines_is_for_the_command(operator, home, monkeypatch):
    monkeypatch.setattr(waiting, "MOST_ROWS", 2)
    with CaptureQueriesContext(connection) as queries:
        assert "plus de 2 lignes" in send(operator, FILE).content.decode()
    assert not any('FROM "devices_devicemodel"' in query["sql"] for query in queries), "counted before it is compared"
    assert (RegisterImport.objects.count(), staged(home)) == (0, [])


def test_a_file_too_large_or_none_is_refused(operator, home, settings):
    settings.MITOYEN = {**settings.MITOYEN, "upload_limit_mb": 1}
    assert "plus grand que 1" in send(operator, b"x" * (2 * 1024 * 1024)).content.decode()
    assert "Choisissez" in operator.post(reverse("desk:devices-files")).content.decode()
    assert staged(home) == []
