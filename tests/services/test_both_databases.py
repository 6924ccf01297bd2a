"""A request's whole life on each of the two databases: what their SQL has to agree on."""

from tests.ledger.conftest import Installation, installation, postgresql  # noqa: F401 - fixtures

LIFE = """
import datetime as dt, json
from django.utils import timezone
from mitoyen.ledger.models import Notice
from mitoyen.manifests.registry import services
from mitoyen.services import nearby, subscriptions, tasks, timeline
from mitoyen.services.contacts import Reach
from mitoyen.services.enums import Channel, Way
from mitoyen.services.erasing import acts, terms
from mitoyen.services.models import Request, Support
from mitoyen.services.receiving import Submission, receive
from mitoyen.territory.finding import Spot, spots
from mitoyen.territory.models import Commune, Street
from mitoyen.territory.register import load_communes

load_communes()
installed = services.installed()
marie = Reach(Way.MAIL, "Marie@exemple.fr", "Marie")

def ask(channel=Channel.COUNTER, name="report_problem", raw=None, reach=marie):
    raw = raw or {"category": "road", "words": "Un trou."}
    return receive(Submission(installed[name], channel, raw, spot=Spot("Rue", "49007", -0.55, 47.47), reach=reach))

head, one, held = ask(), ask(), ask(Channel.WEB)
assert held.state == "held"
assert set(nearby.likely_same("report_problem", "road", -0.55, 47.47)) == {one, head}
timeline.join(one, head, "a@e.org")
timeline.join(held, head, "")
timeline.answer(head, "Jeudi.", "a@e.org")
timeline.move(head, Commune.objects.get(pk="49353"), "", "a@e.org")
timeline.close(head, "Fait.", "a@e.org")
timeline.release(held, "b@e.org")
timeline.reopen(head, "Non.")
timeline.refuse(head, "insult", "Non.", "a@e.org")
timeline.appeal(head, "Si.", Channel.WEB)
assert list(Request.objects.filter(timeline.CONTESTED)) == [head]
assert Request.objects.get(pk=held.pk).joined_to_id == one.pk
timeline.release(head, "b@e.org")

assert ask(Channel.WEB, reach=Reach(Way.MAIL, "marie@exemple.fr")).state == "open"
told = ask(name="be_told", raw={"topics": ["flood", "works"]})
assert subscriptions.stop(Way.MAIL, "marie@exemple.fr") == 2
idea = ask(name="propose_idea", raw={"title": "Un banc", "words": "Oui."})
Support.objects.create(request=idea, by="x", channel="web", at=timezone.now())
timeline.close(idea, "Fait.", "a@e.org")
assert tasks.forget_unneeded(None)["supports"] == 1

Street.objects.create(commune_id="49007", name="Rue de la Gare", key="rue gare", longitude=0, latitude=0)
assert [spot.exact for spot in spots("rue de la gare, angers")] == [True]

for request in Request.objects.exclude(state="closed"):
    if request.state in ("open", "answered"):
        timeline.close(request, "Fait.", "a@e.org")
Request.objects.update(closed_at=timezone.now() - dt.timedelta(days=4000))
long_ago = timezone.now() - dt.timedelta(days=4000)
told.subscriptions.update(since=long_ago, ended_at=long_ago)
due = {(term.service, term.part): count for term, count in acts.waiting()}
assert due[("report_problem", "contact")] == 4, due
done = acts.erase_due("tests")
assert acts.waiting() == []
from mitoyen.ledger.models import AuditEntry
assert all(acts.is_proven(entry) for entry in AuditEntry.objects.filter(action=acts.ACTION))
left = json.dumps([list(Request.objects.values()), list(Notice.objects.values())], default=str)
assert "arie" not in left and "trou" not in left
print(done.requests)
"""


def test_joined_contested_opened_again_told_and_erased(installation: Installation) -> None:  # noqa: F811
    assert installation.run(LIFE) == "6"
