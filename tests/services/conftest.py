"""Communes, services and submissions that the tests of this room share."""

from pathlib import Path

import pytest

from mitoyen.manifests.load import Declared
from mitoyen.manifests.registry import services
from mitoyen.manifests.service_schema import Data, Question, ServiceManifest, Team
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, Way
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot
from mitoyen.territory.models import Commune
from mitoyen.territory.register import load_communes

MARIE = Reach(Way.SMS, "+33612345678", "Marie Dupont")


def asked(kind, **more):
    """One question of a type."""
    return Question(name="asked", type=kind, **more)


def service_of(*questions, **more):
    """A service that asks these questions."""
    fields = {
        "name": "made_up", "version": "1.0", "licence": "MIT", "core_from": "0.1", "core_below": "1.0",
        "answer_days": 5, "questions": list(questions), "teams": [Team(name="all")],
        "data": [Data(what="answers", basis="consent", months=1)], **more,
    }  # fmt: skip
    return Declared(ServiceManifest(**fields), Path())


def submission(channel=Channel.COUNTER, reach=None, words="Un trou devant le 3.", commune="49007", **more):
    """A report about a street of Angers."""
    raw = more.pop("raw", {"category": "road", "words": words})
    spot = more.pop("spot", Spot("3 rue des Ponts, Angers", commune, -0.55, 47.47))
    taken_by = more.pop("taken_by", "clerk@example.org" if channel in ("counter", "phone") else "")
    service = services.installed()[more.pop("service", "report_problem")]
    return Submission(service, channel, raw, spot=spot, reach=reach or Reach(), taken_by=taken_by, **more)


def report(channel=Channel.COUNTER, reach=None, **more):
    """Such a report, received."""
    return receive(submission(channel, reach, **more))


@pytest.fixture
def communes(db, home):
    load_communes()
    return {commune.insee: commune for commune in Commune.objects.all()}


@pytest.fixture
def angers(communes):
    return communes["49007"]


@pytest.fixture
def avrille(communes):
    return communes["49015"]
