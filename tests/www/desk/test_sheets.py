"""A workbook of several sheets at the desk: which one is asked first, and the answer is what comes in."""

import io
from datetime import datetime, timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from mitoyen.connect.models import Upload
from mitoyen.ledger.jobs import work_once

START = datetime(2024, 1, 1)


@pytest.fixture
def workbook() -> SimpleUploadedFile:
    made = openpyxl.Workbook()
    for name, count in (("Gaz 2023", 30), ("Gaz 2024", 50)):
        sheet = made.create_sheet(name)
        sheet.append(["Date", "Gaz (kWh)"])
        for n in range(count):
            sheet.append([START + timedelta(hours=n), n % 5 + 0.5])
    content = io.BytesIO()
    made.save(content)
    return SimpleUploadedFile("gaz.xlsx", content.getvalue())


def read_behind_the_page() -> Upload:
    while work_once():
        pass
    return Upload.objects.get()


def test_which_sheet_is_asked_and_the_answer_is_read(desk, sign_in, home, transactional_db, workbook):
    officer = sign_in(desk.officer)
    Upload.objects.all().delete()
    officer.post(reverse("desk:imports"), {"fichiers": workbook})
    upload = read_behind_the_page()
    assert [question["code"] for question in upload.report.get("questions", [])] == ["sheet"], upload.report
    page = officer.get(reverse("desk:upload", args=[upload.pk])).content.decode()
    assert "Plusieurs feuilles du classeur" in page
    assert page.count('name="sheet"') == 2
    assert "Nous avons pris ce fichier" not in page
    wrong = officer.post(reverse("desk:upload-answer", args=[upload.pk]), {"sheet": "Gaz 2022"})
    assert wrong.status_code == 422
    officer.post(reverse("desk:upload-answer", args=[upload.pk]), {"sheet": "Gaz 2024"})
    upload = read_behind_the_page()
    assert "sheet" not in [question["code"] for question in upload.report["questions"]]
    assert upload.report["rows"] == 50
