"""`mitoyen erase --due`, on both databases; what was erased isn't in the database's file either."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures

SECRETS = (b"+33698765432", b"Philomene Quatrebarbes", b"tourterelle")
OLD = """
import datetime as dt
from django.utils import timezone
from mitoyen.manifests.registry import services
from mitoyen.services import timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Way
from mitoyen.services.models import Fact, Request
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot
from mitoyen.territory.register import load_communes
load_communes()
service = services.installed()["report_problem"]
for n in range(30):
    raw = {"category": "road", "words": "Une tourterelle. " * 50}
    reach = Reach(Way.SMS, "+33698765432", "Philomene Quatrebarbes")
    spot = Spot("Angers", "49007")
    request = receive(Submission(service, "counter", raw, spot=spot, reach=reach, taken_by="c@e.org"))
    timeline.close(request, "La tourterelle va bien.", "c@e.org")
ago = timezone.now() - dt.timedelta(days=4000)
Request.objects.update(closed_at=ago)
"""


def erase(installation: Installation, *flags: str) -> "subprocess.CompletedProcess[str]":  # noqa: F811
    environment = {**os.environ, **installation.environment, "MITOYEN_HOME": str(installation.home)}
    command = [str(Path(sys.executable).with_name("mitoyen")), "erase", *flags]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


def test_what_was_due_is_erased_and_not_in_the_file_either(installation: Installation) -> None:  # noqa: F811
    installation.run(OLD)
    due = json.loads(erase(installation, "--json").stdout)["due"]
    assert {(line["part"], line["requests"]) for line in due} == {("contact", 30), ("answers", 30)}
    told = json.loads(erase(installation, "--due", "--json").stdout)
    assert told["requests"] == 30
    assert told["erased"]["contacts"] == 30
    assert json.loads(erase(installation, "--json").stdout)["due"] == []
    assert json.loads(erase(installation, "--due", "--json").stdout)["requests"] == 0
    for file in installation.home.glob("state.sqlite3*"):
        content = file.read_bytes()
        assert [secret for secret in SECRETS if secret in content] == []
