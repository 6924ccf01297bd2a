"""What to do Monday: ranked, decided, undone; each decision in the audit trail."""

import json

from django.urls import reverse

from mitoyen.ledger.models import AuditEntry
from mitoyen.operate.models import Finding


def decide(client, finding, **said):
    return client.post(reverse("desk:finding-decide", args=[finding.pk]), said)


def test_the_list_is_ranked_by_euros_and_says_the_action(desk, sign_in):
    Finding.objects.create(
        key="buildings/night_water/x", rule="night_water", thing=desk.school, commune=desk.angers,
        first=desk.finding.first, last=desk.finding.last, amount=80, unit="m3", eur=9999.0,
        evidence={"facts": {}, "sure": False},
    )  # fmt: skip
    page = sign_in(desk.reader).get(reverse("desk:findings")).content.decode()
    assert page.index("De l’eau coule la nuit") < page.index("Chauffage maintenu")
    assert "vérifier l’horloge de la chaudière" in page or "vérifier l'horloge de la chaudière" in page


def test_findings_of_other_communes_are_not_shown(desk, sign_in):
    assert "École des Ponts" not in sign_in(desk.elsewhere).get(reverse("desk:findings")).content.decode()
    assert "École des Ponts" in sign_in(desk.officer).get(reverse("desk:findings")).content.decode()


def test_the_filter_keeps_one_commune(desk, sign_in):
    client = sign_in(desk.admin)
    assert "École des Ponts" in client.get(reverse("desk:findings"), {"commune": desk.angers.insee}).content.decode()
    elsewhere = client.get(reverse("desk:findings"), {"commune": desk.trelaze.insee}).content.decode()
    assert "École des Ponts" not in elsewhere


def test_a_decision_is_kept_audited_and_undone(desk, sign_in):
    client = sign_in(desk.officer)
    assert decide(client, desk.finding, state="planned", reason="Mardi avec le chauffagiste").status_code == 302
    desk.finding.refresh_from_db()
    assert (desk.finding.state, desk.finding.reason) == ("planned", "Mardi avec le chauffagiste")
    entry = AuditEntry.objects.get(action="finding.decide")
    assert entry.actor == desk.officer.email
    assert json.loads(entry.detail)["before"] == "new"
    client.post(reverse("desk:finding-undo", args=[desk.finding.pk]))
    desk.finding.refresh_from_db()
    assert desk.finding.state == "new"
    assert AuditEntry.objects.filter(action="finding.decide").count() == 2


def test_setting_aside_needs_a_reason_and_the_form_says_so(desk, sign_in):
    answer = decide(sign_in(desk.officer), desk.finding, state="dismissed", reason="")
    assert answer.status_code == 422
    assert "qui la reverra le demandera" in answer.content.decode()
    desk.finding.refresh_from_db()
    assert desk.finding.state == "new"


def test_an_unknown_state_changes_nothing(desk, sign_in):
    assert decide(sign_in(desk.officer), desk.finding, state="burnt").status_code == 422
    desk.finding.refresh_from_db()
    assert desk.finding.state == "new"


def test_undoing_nothing_says_so(desk, sign_in):
    answer = sign_in(desk.officer).post(reverse("desk:finding-undo", args=[desk.finding.pk]), follow=True)
    assert "rien à annuler" in answer.content.decode()
