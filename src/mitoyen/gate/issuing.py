"""Keys made and taken out by people: asked for their limits, checked, noted in the audit trail."""

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext as _

from mitoyen.connect.devices.models import DeviceModel
from mitoyen.connect.uplinks.formats import BY_NAME
from mitoyen.gate import keys
from mitoyen.gate.keys import Holder
from mitoyen.gate.limits import RIGHTS, UPLINKS, Limits
from mitoyen.ledger import audit
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.register import commune_named

NAME = "gate.keys"


def issue(
    name: str,
    by: str,
    *,
    may: Iterable[str],
    formats: Iterable[str] = (),
    models: Iterable[str] = (),
    communes: Iterable[str] = (),
) -> str:
    """A new key, shown this once. `communes`: names or codes. Raises Refused."""
    limits = _limits(may, formats, models, communes)
    try:
        key = keys.make_key(settings.MITOYEN_HOME / NAME, name, limits)
    except ValueError as error:
        message = _("A name has letters, digits, dots and dashes only.")
        raise Refused(message, _("Give another name."), code="name") from error
    audit.record(
        by, "gate.key_made", name, may=sorted(limits.may), formats=sorted(limits.formats),
        models=sorted(limits.models), communes=sorted(limits.communes),
    )  # fmt: skip
    return key


def revoke(name: str, by: str) -> int:
    """Take out every key of this name. Raises Refused when there is none."""
    count = keys.revoke(settings.MITOYEN_HOME / NAME, name)
    if not count:
        message = _("There is no key of the name “%(name)s”.") % {"name": name[:100]}
        raise Refused(message, _("mitoyen gate-key --list shows them."), code="name")
    audit.record(by, "gate.key_revoked", name, keys=count)
    return count


def listed() -> list[Holder]:
    """Whose keys there are, and what each may do."""
    return keys.holders(settings.MITOYEN_HOME / NAME)


def _limits(may: Iterable[str], formats: Iterable[str], models: Iterable[str], communes: Iterable[str]) -> Limits:
    rights, of_formats, of_models = frozenset(may), frozenset(formats), frozenset(models)
    if not rights or rights - set(RIGHTS):
        raise Refused(_("Say what the key may do."), ", ".join(RIGHTS), code="may")
    if UPLINKS not in rights and (of_formats or of_models):
        message = _("Formats and models limit uplinks, which this key may not send.")
        raise Refused(message, _("Let it send uplinks, or leave them out."), code="may")
    if of_formats - BY_NAME.keys():
        step = _("Formats: %(names)s.") % {"names": ", ".join(BY_NAME)}
        raise Refused(_("There is no format “%(name)s”.") % {"name": min(of_formats - BY_NAME.keys())}, step)
    known = set(DeviceModel.objects.filter(slug__in=of_models).values_list("slug", flat=True))
    if of_models - known:
        names = ", ".join(DeviceModel.objects.order_by("slug").values_list("slug", flat=True)[:50])
        message = _("There is no model “%(name)s”.") % {"name": min(of_models - known)}
        raise Refused(message, _("Models: %(names)s.") % {"names": names}, code="no_such_model")
    return Limits(rights, of_formats, of_models, frozenset(commune_named(one).insee for one in communes))
