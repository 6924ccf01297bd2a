"""How each team is reached: the address that is told when a request becomes its own, here or in every commune."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mitoyen.manifests.registry import services
from mitoyen.services import perms, routing
from mitoyen.services.models import Handler
from mitoyen.services.wording import language
from mitoyen.territory.models import Commune, Person
from mitoyen.www.desk import rules
from mitoyen.www.desk.fields import DeskForm
from mitoyen.www.desk.page import email_of, page, to


class TeamForm(DeskForm):
    """A team of a service, in one of one's communes or (for whoever has the whole territory) in all."""

    team = forms.ChoiceField(label=gettext_lazy("Team"))
    commune = forms.ChoiceField(label=gettext_lazy("Commune"), required=False)
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        required=False,
        help_text=gettext_lazy("It is told what becomes the team’s own, never who asked. Empty: nobody is told."),
    )
    phone = forms.CharField(label=gettext_lazy("Telephone between agents"), required=False, max_length=20)

    def __init__(self, *arguments: Any, person: Person, **options: Any) -> None:
        super().__init__(*arguments, **options)
        scope = perms.arranges(person)
        communes = scope.restrict(Commune.objects.order_by("slug"), "pk").values_list("insee", "name")
        everywhere = [("", _("every commune"))] if scope.whole else []
        for name, choices in (("team", _teams()), ("commune", [*everywhere, *communes])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = list(choices)
        self.fields["commune"].required = not scope.whole


def listed(request: HttpRequest, _nothing: None) -> HttpResponse:
    """How the teams of one's communes are reached, and the form to say it."""
    return _page(request, TeamForm(person=rules.person_of(request)))


def record(request: HttpRequest, _nothing: None) -> HttpResponse:
    """Say how a team is reached; said again, it replaces what was said."""
    form = TeamForm(request.POST, person=rules.person_of(request))
    if not form.is_valid():
        return _page(request, form, status=422)
    service, _dot, team = form.cleaned_data["team"].partition(".")
    commune = Commune.objects.filter(insee=form.cleaned_data["commune"]).first()
    told = {"email": form.cleaned_data["email"], "phone": form.cleaned_data["phone"]}
    routing.record_handler(service, team, commune, by=email_of(request), **told)
    return to(request, "teams", said=_("It is recorded. To undo it, say it again."))


def _page(request: HttpRequest, form: TeamForm, status: int = 200) -> HttpResponse:
    names = dict(_teams())
    seen = perms.arranges(rules.person_of(request))
    found = Handler.objects.select_related("commune").order_by("service", "team", "commune__slug")
    rows = [
        (one, names.get(f"{one.service}.{one.team}", one.team))
        for one in found
        if one.commune_id is None or seen.covers(one.commune_id)
    ]
    context = {"form": form, "rows": rows, "action": reverse("desk:team-record")}
    return page(request, "teams.html", "teams", context, status=status)


def _teams() -> list[tuple[str, str]]:
    """Every team of every service as `service.team`, with both names."""
    spoken = language()
    return [
        (
            f"{service.manifest.name}.{team.name}",
            f"{service.text('service.title', spoken)} – {service.text(f'teams.{team.name}', spoken)}",
        )
        for service in services.installed().values()
        for team in service.manifest.teams
    ]
