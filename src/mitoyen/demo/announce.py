"""What `mitoyen demo` prints: what is there, what to look at first, and the accounts."""

from collections.abc import Iterator

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mitoyen.demo.build import DemoSummary
from mitoyen.territory.models import Thing


def lines(summary: DemoSummary, address: str) -> Iterator[str]:
    """Lines for a terminal; `address` is the portal's."""
    yield _("%(communes)d communes, %(buildings)d buildings, %(meters)d meters; ready in %(seconds)s s.") % {
        "communes": summary.communes,
        "buildings": summary.buildings,
        "meters": summary.meters,
        "seconds": number_format(summary.seconds, 1),
    }
    if summary.observations:
        count = number_format(summary.observations, force_grouping=True)
        yield _("%(count)s readings were generated: none of them was measured, and every page says so.") % {
            "count": count
        }
    if summary.loaded:
        count = number_format(summary.loaded, force_grouping=True)
        yield _("%(count)s readings came from real files: they lie outside the territory and its totals.") % {
            "count": count
        }
    yield ""
    yield _("Look at this first:")
    for path, why in _first_looks():
        yield f"  {address}{path}"
        yield f"      {why}"
    yield ""
    yield _("The desk, at %(address)s/bureau/, opens with:") % {"address": address}
    for account in summary.accounts:
        yield f"  {account.email}   {account.password}   ({account.name})"


def _first_looks() -> Iterator[tuple[str, str]]:
    yield "/", _("the territory today, in one sentence and on a map")
    for slug, why in (
        ("angers-ecole-du-lac", _("a roof insulated in 2024: what it really saved, with the uncertainty")),
        ("angers-bibliotheque-des-tilleuls", _("gas that falls by 99.9 %: a change of unit, not a saving")),
        ("angers-ecole-pierre-menard", _("a leak: water that never stops at night")),
        ("b0", _("real readings: a fall of gas by 93 % that proves nothing")),
    ):
        if Thing.objects.filter(slug=slug).exists():
            yield f"/batiments/{slug}/", why
    yield "/communes/trelaze/usages/lighting/", _("what switching off and dimming street lamps spared, with its range")
    yield "/communes/behuard/usages/floods/", _("the Loire that rises at the island commune, and the two days to come")
    yield "/bureau/maintenant/", _("at the desk: what is wrong now; a flood’s page leads to those who asked to be told")
    yield "/services/par-sms/", _("how someone asks by SMS, without the internet")
    yield "/bureau/papier/", _("at the desk: a form filled with a pen and scanned, which waits for a clerk’s word")
