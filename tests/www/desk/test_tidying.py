"""Files nobody came back to don't stay for ever."""

import os
from datetime import timedelta

from django.utils import timezone

from mitoyen.connect.models import Upload
from mitoyen.ledger.models import Job
from mitoyen.www.desk.tidying import tidy


def waiting(home, name, age_days):
    file = home / "staging" / f"upload-{name}.csv"
    file.write_text("a;b")
    upload = Upload.objects.create(name=name, path=str(file), sha256="", size=3, by="x", report={"status": "ready"})
    Upload.objects.filter(pk=upload.pk).update(at=timezone.now() - timedelta(days=age_days))
    return file


def test_a_month_old_upload_goes_and_a_recent_one_stays(db, home):
    old, recent = waiting(home, "old", 31), waiting(home, "recent", 29)
    assert tidy(Job(kind="desk.tidy")) == {"given_up": 1, "removed": 0}
    assert not old.exists()
    assert recent.exists()
    assert Upload.objects.get(name="old").report["given_up"]


def test_what_a_broken_sending_left_goes_after_a_day(db, home):
    fresh, stale = home / "staging" / "upload-1.csv", home / "staging" / "upload-2.csv"
    for file in (fresh, stale):
        file.write_text("half")
    yesterday = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(stale, (yesterday, yesterday))
    assert tidy(Job(kind="desk.tidy")) == {"given_up": 0, "removed": 1}
    assert fresh.exists()
    assert not stale.exists()
