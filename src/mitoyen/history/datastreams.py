"""Datastreams: found by name, made when a first observation of theirs comes."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from mitoyen.history.enums import Kind
from mitoyen.history.models import Datastream
from mitoyen.history.units import ucum
from mitoyen.ledger.refusal import Refused
from mitoyen.territory.models import Thing


def datastream_for(thing: Thing, observed_property: str, unit: str, kind: str) -> Datastream:
    """Get or make `thing/observed_property`. Raises Refused when its unit or kind is another one."""
    code = ucum(unit)
    if kind not in Kind.values:
        message = _("The kind “%(kind)s” is not known.") % {"kind": kind}
        raise Refused(message, _("Known kinds: %(known)s.") % {"known": ", ".join(Kind.values)}, code="unknown_kind")
    wanted = {"thing": thing, "observed_property": observed_property}
    try:
        with transaction.atomic():
            found, _made = Datastream.objects.get_or_create(**wanted, defaults={"unit": code, "kind": kind})
    except IntegrityError:
        found = Datastream.objects.get(**wanted)
    if (found.unit, found.kind) != (code, kind):
        message = _("%(name)s is stored in %(unit)s as %(kind)s, not in %(new_unit)s as %(new_kind)s.") % {
            "name": found.name, "unit": found.unit, "kind": found.kind, "new_unit": code, "new_kind": kind,
        }  # fmt: skip
        raise Refused(message, _("Convert the file, or import it under another property."), code="datastream_differs")
    return found


def datastream_named(name: str) -> Datastream:
    """The datastream called `thing/property`. Raises Refused when there is none."""
    slug, _slash, observed_property = name.rpartition("/")
    found = Datastream.objects.filter(thing__slug=slug, observed_property=observed_property).select_related("thing")
    datastream = found.first()
    if datastream is None:
        message = _("There is no datastream “%(name)s”.") % {"name": name[:200]}
        near = Datastream.objects.filter(thing__slug=slug or name).values_list("observed_property", flat=True)
        step = _("This thing has: %(names)s.") % {"names": ", ".join(near)} if near else _("Write it THING/PROPERTY.")
        raise Refused(message, step, code="no_such_datastream")
    return datastream
