"""Which usage is switched on in which commune, for good or as an experiment."""

import datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.manifests.models import UsageSwitch
from mitoyen.manifests.registry import usages
from mitoyen.territory.models import Commune

BY = "mitoyen usages"


def switch_on(
    usage: str,
    commune: Commune,
    *,
    since: datetime.date,
    until: datetime.date | None = None,
    experiment: bool = False,
    by: str = BY,
) -> UsageSwitch:
    """Switch a usage on in a commune, or change its dates. Raises Refused on an unknown usage, an endless trial, a last
    day that comes before the first one."""
    if usage not in usages():
        raise Refused(
            _("No usage is called “%(usage)s”.") % {"usage": usage},
            next_step=_("Known here: %(names)s.") % {"names": ", ".join(sorted(usages()))},
        )
    if experiment and until is None:
        raise Refused(_("An experiment needs a last day."), next_step=_("Give the day on which it will be judged."))
    if until is not None and until < since:
        raise Refused(_("The last day comes before the first one."), next_step=_("Check the two days."))
    dates = {"since": since, "until": until, "experiment": experiment}
    with transaction.atomic():
        switch, _created = UsageSwitch.objects.update_or_create(usage=usage, commune=commune, defaults=dates)
        audit.record(by, "usage.on", usage, commune=commune.insee, **dates)
    return switch


def switch_off(usage: str, commune: Commune, *, by: str = BY) -> bool:
    """Switch a usage off; False when it wasn't on."""
    with transaction.atomic():
        deleted, _detail = UsageSwitch.objects.filter(usage=usage, commune=commune).delete()
        if deleted:
            audit.record(by, "usage.off", usage, commune=commune.insee)
    return deleted > 0


def communes_with(usage: str, day: datetime.date) -> set[str]:
    """INSEE codes of the communes in which the usage is on that day."""
    on = UsageSwitch.objects.filter(usage=usage, since__lte=day).filter(Q(until=None) | Q(until__gte=day))
    return set(on.values_list("commune_id", flat=True))
