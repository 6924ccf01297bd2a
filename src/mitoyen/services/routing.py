"""Who handles a request: the team that the manifest names for its category and commune, and how this installation
reaches that team."""

from django.db import transaction

from mitoyen.ledger import audit
from mitoyen.manifests.service_schema import ServiceManifest, Team
from mitoyen.services.models import Handler
from mitoyen.territory.models import Commune


def team_for(manifest: ServiceManifest, category: str, commune: str) -> Team:
    """The first team that serves both; the manifest's check makes sure that a last one takes everything."""
    for team in manifest.teams:
        if (not team.categories or category in team.categories) and (not team.communes or commune in team.communes):
            return team
    raise LookupError(f"{manifest.name} has no team for everything else")


def handler_of(service: str, team: str, commune: str | None) -> Handler | None:
    """How the team is reached: the commune's own entry before the one for everywhere, the service's own before any."""
    found = Handler.objects.filter(team=team, service__in=("", service))
    ranked = [handler for handler in found if handler.commune_id in (None, commune)]
    return max(ranked, key=lambda h: (h.commune_id is not None, h.service != ""), default=None)


def record_handler(service: str, team: str, commune: Commune | None, *, by: str, email: str, phone: str) -> Handler:
    """Say how a team is reached in a commune (None: everywhere), in place of what was said before."""
    with transaction.atomic():
        told = {"email": email, "phone": phone}
        handler, _created = Handler.objects.update_or_create(service=service, team=team, commune=commune, defaults=told)
        audit.record(by, "team.reached", f"{service}.{team}", commune=commune.insee if commune else "", **told)
    return handler
