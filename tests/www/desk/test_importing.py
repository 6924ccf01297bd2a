"""Import at the desk: hostile files, what is asked, the yes, progress, the same file twice, taking it back."""

import gzip
import html
import io
import json
import stat
from datetime import datetime, timedelta

import duckdb
import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from mitoyen.connect.models import Upload
from mitoyen.history.models import Batch
from mitoyen.history.read import readings as read
from mitoyen.ledger.jobs import MAX_ATTEMPTS, work_once
from mitoyen.ledger.models import Job
from mitoyen.territory.models import Thing
from mitoyen.www.desk import looking, uploads

GOOD = "Date;Gaz (kWh)\n" + "".join(
    f"{day:02d}/01/2024 {hour:02d}:00;{10 + hour},5\n" for day in range(1, 20) for hour in range(24)
)
ANSWERS = {"thing": "ecole-gaz", "tz": "Europe/Paris", "stamps": "start", "kind": "delta", "property": "gas"}


def drop(client, *files, **more):
    """Send files as a browser does, under whatever names: Django's test client would clean them."""
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="fichiers"; filename="{name}"\r\n'
        "Content-Type: text/csv\r\n\r\n".encode()
        + (content if isinstance(content, bytes) else content.encode())
        for name, content in files
    ]
    parts += [
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
        for name, value in more.items()
    ]
    body = b"\r\n".join([*parts, b"--limit--\r\n"])
    return client.generic("POST", reverse("desk:imports"), body, content_type="multipart/form-data; boundary=limit")


def staged(home):
    return [file for file in (home / "staging").iterdir() if file.name.startswith("upload-")]


def answer(client, upload, **said):
    """Reply to whatever is asked, and only to that."""
    for _round in range(4):
        upload.refresh_from_db()
        asked = [question["code"] for question in upload.report.get("questions", [])]
        if not asked:
            return
        replies = {**ANSWERS, **said}
        client.post(
            reverse("desk:upload-answer", args=[upload.pk]), {code: replies.get(code, "") for code in {*asked, *said}}
        )


def bring_in(client, upload, home):
    """Say yes and let the worker work until it has nothing left of this import."""
    client.post(reverse("desk:upload-confirm", args=[upload.pk]))
    upload.refresh_from_db()
    while upload.job and upload.job.state in ("queued", "running"):
        assert work_once()
        upload.refresh_from_db()


@pytest.fixture
def officer(desk, sign_in, transactional_db):
    Upload.objects.all().delete()
    return sign_in(desk.officer)


def test_a_file_is_told_asked_about_confirmed_and_live(desk, officer, home):
    assert drop(officer, ("janvier.csv", GOOD)).status_code == 302
    upload = Upload.objects.get()
    assert (upload.path, upload.file.exists()) == (upload.file.name, True)
    page = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert "Nous avons pris ce fichier pour un tableau en texte (CSV)" in page
    assert "456 lignes" in page
    assert len(read(desk.stream).time) == 0
    answer(officer, upload)
    ready = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert "456 nouveaux relevés entreraient" in ready
    bring_in(officer, upload, home)
    assert len(read(desk.stream).time) == 456
    assert upload.batch is not None
    assert upload.batch.by == desk.officer.email
    done = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert "456 relevés sont entrés" in done
    assert reverse("desk:batch", args=[upload.batch.pk]) in done
    assert staged(home) == []


def test_the_page_follows_the_job_without_a_script(desk, officer, home):
    drop(officer, ("janvier.csv", GOOD))
    upload = Upload.objects.get()
    answer(officer, upload)
    officer.post(reverse("desk:upload-confirm", args=[upload.pk]))
    page = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "Il attend son tour." in page
    assert "<progress" in page


def test_the_same_file_twice_says_so_and_changes_nothing(desk, officer, home):
    drop(officer, ("janvier.csv", GOOD))
    first = Upload.objects.get()
    answer(officer, first)
    bring_in(officer, first, home)
    drop(officer, ("copie.csv", GOOD))
    second = Upload.objects.latest("pk")
    assert "déjà entré" in officer.get(reverse("desk:upload", args=[second.pk])).content.decode()
    answer(officer, second)
    bring_in(officer, second, home)
    assert "Rien de nouveau" in officer.get(reverse("desk:upload", args=[second.pk])).content.decode()
    assert len(read(desk.stream).time) == 456
    assert Batch.objects.filter(origin="file", sha256=second.sha256).count() == 1


def test_the_answers_are_proposed_for_the_next_file_of_its_sort(desk, officer, home):
    drop(officer, ("janvier.csv", GOOD))
    first = Upload.objects.get()
    answer(officer, first, stamps="end")
    bring_in(officer, first, home)
    drop(officer, ("fevrier.csv", GOOD.replace("/01/2024", "/02/2024")))
    second = Upload.objects.latest("pk")
    form = officer.get(reverse("desk:upload", args=[second.pk])).context["form"]
    assert form["stamps"].initial == "end"
    assert second.report["status"] == "questions"


def test_another_value_for_a_known_time_needs_a_reason(desk, officer, home):
    drop(officer, ("janvier.csv", GOOD))
    first = Upload.objects.get()
    answer(officer, first)
    bring_in(officer, first, home)
    drop(officer, ("corrige.csv", GOOD.replace(";10,5", ";11,5")))
    second = Upload.objects.latest("pk")
    answer(officer, second)
    page = officer.get(reverse("desk:upload", args=[second.pk])).content.decode()
    assert "Le fichier dit autre chose que ce qui est connu" in page
    address = reverse("desk:upload-confirm", args=[second.pk])
    assert officer.post(address, {"why": ""}).status_code == 422
    officer.post(address, {"why": "Le fournisseur a rectifié"})
    while work_once():
        pass
    second.refresh_from_db()
    assert second.batch is not None
    assert second.batch.why == "Le fournisseur a rectifié"
    assert float(read(desk.stream).value.min()) == 11.5


def test_a_new_building_is_made_under_the_name_typed(desk, officer, home):
    drop(officer, ("mairie.csv", GOOD))
    upload = Upload.objects.get()
    answer(officer, upload, thing="+", new_thing="Mairie de quartier", commune="49007")
    bring_in(officer, upload, home)
    made = Thing.objects.get(slug="mairie-de-quartier")
    assert (made.name, made.commune_id) == ("Mairie de quartier", "49007")


def test_nobody_imports_for_a_commune_that_is_not_theirs(desk, sign_in, officer, home):
    drop(officer, ("janvier.csv", GOOD))
    upload = Upload.objects.get()
    client = sign_in(desk.elsewhere)
    assert client.get(reverse("desk:upload", args=[upload.pk])).status_code == 403
    drop(client, ("janvier.csv", GOOD))
    theirs = Upload.objects.latest("pk")
    form = client.get(reverse("desk:upload", args=[theirs.pk])).context["form"]
    assert "ecole-gaz" not in json.dumps(form.fields["thing"].choices, default=str)
    theirs.answers = {"thing": "ecole-gaz", **{k: v for k, v in ANSWERS.items() if k != "thing"}}
    theirs.save()
    looking.look(theirs)
    assert theirs.report["status"] == "ready"
    refused = client.post(reverse("desk:upload-confirm", args=[theirs.pk]))
    assert refused.status_code == 403
    assert "Angers" in refused.content.decode()
    assert len(read(desk.stream).time) == 0


HOSTILE = [
    ("vide.csv", b""),
    ("zeros.csv", b"\0" * 4096),
    ("image.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
    ("bombe.xlsx", b"PK\x03\x04" + b"\xff" * 500),
    ("page.csv", b"<html><script>alert(1)</script></html>"),
    ("sql.csv", b"date;valeur\n'); DROP TABLE thing;--;1\n"),
    ("nan.csv", b"date;kWh\n01/01/2024 00:00;NaN\n01/01/2024 01:00;1e308\n01/01/2024 02:00;inf\n"),
    ("latin.csv", "Date;Énergie (kWh)\n01/01/2024 00:00;1,5\n".encode("latin-1")),
    ("profond.json", b"[" * 5000),
]


@pytest.mark.parametrize(("name", "content"), HOSTILE, ids=[name for name, _content in HOSTILE])
def test_a_hostile_file_gets_words_and_brings_nothing_in(desk, officer, home, name, content):
    before = Batch.objects.count()
    assert drop(officer, (name, content)).status_code in (302, 422)
    while work_once():
        pass
    for upload in Upload.objects.all():
        page = officer.get(reverse("desk:upload", args=[upload.pk]))
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert upload.report
    assert Batch.objects.count() == before


@pytest.mark.parametrize(
    "name", ["../../secret.key", "/etc/passwd", "a\x00b.csv", "x" * 900 + ".csv", "<b>.csv", "..", "rapport.php"]
)
def test_a_file_never_chooses_where_it_lies(desk, officer, home, name):
    drop(officer, (name, GOOD))
    for file in staged(home):
        assert file.parent == home / "staging"
        assert file.suffix in (".csv", "")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for upload in Upload.objects.all():
        assert len(upload.name) <= 200
        assert "/" not in upload.name


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(desk, officer, home, settings):
    settings.MITOYEN = {**settings.MITOYEN, "upload_limit_mb": 1}
    answer = drop(officer, ("gros.csv", b"x" * (2 * 1024 * 1024)), ("petit.csv", GOOD))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "gros.csv" in page
    assert "plus grand que 1" in page
    assert [upload.name for upload in Upload.objects.all()] == ["petit.csv"]
    assert len(staged(home)) == 1


def test_files_that_are_too_much_together_are_refused_from_there_on(desk, officer, home, settings):
    settings.MITOYEN = {**settings.MITOYEN, "upload_limit_mb": 1}
    third = b"date;kWh\n" + b"2024-01-01 00:00;1,5\n" * 17_000
    assert 3 * len(third) > 1024 * 1024 > 2 * len(third)
    answer = drop(officer, ("a.csv", third), ("b.csv", third), ("c.csv", third), ("petit.csv", GOOD))
    assert answer.status_code == 422
    (fault,) = answer.context["faults"]
    assert fault.startswith("c.csv\u00a0: avec les fichiers précédents, plus de 1 Mo")
    assert fault in html.unescape(answer.content.decode())
    assert sorted(upload.name for upload in Upload.objects.all()) == ["a.csv", "b.csv", "petit.csv"]
    assert len(staged(home)) == 3
    assert sum(file.stat().st_size for file in staged(home)) < 1024 * 1024
    assert drop(officer, ("c.csv", third)).status_code == 302


def test_nothing_chosen_says_so(desk, officer):
    answer = officer.post(reverse("desk:imports"), {})
    assert answer.status_code == 422
    assert "Choisissez d’abord un fichier" in answer.content.decode()


def test_who_may_not_import_cannot_make_the_desk_store_a_file(desk, sign_in, home):
    assert drop(sign_in(desk.reader), ("a.csv", GOOD)).status_code == 403
    assert staged(home) == []


def test_a_file_given_up_is_removed(desk, officer, home):
    drop(officer, ("janvier.csv", GOOD))
    upload = Upload.objects.get()
    assert len(staged(home)) == 1
    officer.post(reverse("desk:upload-give-up", args=[upload.pk]))
    assert staged(home) == []
    assert "Abandonné" in officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()


def test_a_large_file_is_read_behind_the_page(desk, officer, home, monkeypatch):
    monkeypatch.setattr(uploads, "AT_ONCE", 100)
    drop(officer, ("janvier.csv", GOOD))
    upload = Upload.objects.get()
    assert "en cours de lecture" in officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert work_once()
    upload.refresh_from_db()
    assert upload.report["status"] == "questions"


def workbook():
    book = openpyxl.Workbook()
    header, *lines = (line.split(";") for line in GOOD.splitlines())
    book.active.append(header)
    for at, value in lines:
        book.active.append([datetime.strptime(at, "%d/%m/%Y %H:%M"), float(value.replace(",", "."))])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(tmp_path):
    file = tmp_path / "t.parquet"
    rows = "SELECT TIMESTAMP '2024-01-01' + INTERVAL 1 HOUR * i AS date, 1.5 AS kWh FROM range(48) t(i)"
    duckdb.sql(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")
    return file.read_bytes()


PACKED = {
    "a.csv.gz": lambda _folder: gzip.compress(GOOD.encode()),
    "gzip-inside.csv": lambda _folder: gzip.compress(GOOD.encode()),
    "a.xlsx": lambda _folder: workbook(),
    "zip-inside.csv": lambda _folder: workbook(),
    "a.parquet": parquet,
    "a.xls": lambda _folder: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504,
    "bomb.csv.gz": lambda _folder: gzip.compress(b"1;2;3;4\n" * 12_000_000, 9),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_file_is_unpacked_by_the_worker_never_by_a_page(desk, officer, home, tmp_path, name):
    assert drop(officer, (name, PACKED[name](tmp_path))).status_code == 302
    upload = Upload.objects.select_related("job").get()
    assert upload.size < uploads.AT_ONCE
    assert upload.report == {}
    assert upload.job is not None
    assert (upload.job.kind, upload.job.state) == (uploads.EXAMINE, "queued")
    page = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert "en cours de lecture" in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert work_once()
    upload.refresh_from_db()
    assert upload.report["status"] == ("refused" if name in ("a.xls", "bomb.csv.gz") else "questions")
    assert "http-equiv" not in officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()


def test_a_workbook_is_asked_about_confirmed_and_live(desk, officer, home):
    drop(officer, ("janvier.xlsx", workbook()))
    upload = Upload.objects.get()
    for _round in range(4):
        work_once()
        answer(officer, upload)
    upload.refresh_from_db()
    assert upload.report["status"] == "ready"
    bring_in(officer, upload, home)
    assert len(read(desk.stream).time) == 456


def test_a_file_whose_reading_stopped_is_read_again(desk, officer, home):
    drop(officer, ("janvier.csv.gz", gzip.compress(GOOD.encode())))
    upload = Upload.objects.get()
    assert upload.job is not None
    killed = {"state": "running", "attempts": MAX_ATTEMPTS, "lease_until": timezone.now() - timedelta(minutes=1)}
    Job.objects.filter(pk=upload.job.pk).update(**killed)
    assert not work_once()
    page = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert "n’a pas pu être lu jusqu’au bout" in page
    officer.post(reverse("desk:upload-confirm", args=[upload.pk]))
    upload.refresh_from_db()
    assert upload.job is not None
    assert (upload.job.kind, upload.job.state) == (uploads.EXAMINE, "queued")


def test_bad_lines_are_shown_with_number_and_reason_and_can_be_left_out(desk, officer, home):
    drop(officer, ("abime.csv", GOOD.replace("03/01/2024 05:00;15,5", "03/01/2024 05:00;n'importe quoi")))
    upload = Upload.objects.get()
    answer(officer, upload)
    upload.refresh_from_db()
    page = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert "Lignes qui ne peuvent pas entrer" in page
    assert ">55<" in page
    officer.post(reverse("desk:upload-confirm", args=[upload.pk]), {"skip": "1"})
    answer(officer, upload)
    bring_in(officer, upload, home)
    assert len(read(desk.stream).time) == 455


def test_the_distributor_s_load_curve_is_understood(desk, officer, home, real_data):
    content = (real_data / "energy" / "enedis" / "load-curve-hourly-and-half-hourly.csv").read_bytes()
    drop(officer, ("courbe.csv", content), batiment="ecole")
    page = officer.get(reverse("desk:upload", args=[Upload.objects.get().pk])).content.decode()
    assert "la courbe de charge du distributeur" in page
    assert "12 novembre 2022\u00a0: 1 heure" in page
    assert "puissance" in page or "moyenne" in page


def test_what_was_confirmed_cannot_be_answered_otherwise_before_it_comes_in(desk, officer, home):
    drop(officer, ("janvier.csv", GOOD))
    upload = Upload.objects.get()
    answer(officer, upload)
    officer.post(reverse("desk:upload-confirm", args=[upload.pk]))
    upload.refresh_from_db()
    asked, said = upload.job, dict(upload.answers)
    for change in ({"again": "1"}, {"otherwise": "1", "unit": "MWh"}, {"columns": "meters"}):
        officer.post(reverse("desk:upload-answer", args=[upload.pk]), change)
    upload.refresh_from_db()
    assert (upload.job, upload.answers) == (asked, said)
    bring_in(officer, upload, home)
    officer.post(reverse("desk:upload-answer", args=[upload.pk]), {"again": "1"})
    upload.refresh_from_db()
    assert upload.report["status"] == "imported"
