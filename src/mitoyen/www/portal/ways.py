"""Every way to be served without a connection or an account: only what this installation has set up."""

from dataclasses import dataclass

from django.conf import settings

from mitoyen.channels.mail import addresses
from mitoyen.channels.sms import dialogue, numbers
from mitoyen.manifests.load import Service
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Commune


@dataclass(frozen=True, slots=True)
class Ways:
    """What a page tells; what is empty isn't told."""

    phone: str
    sms: str
    sms_word: str
    """What to write there to begin this service."""
    mail: str
    address: str
    """Where letters go, and the counter."""
    town_halls: tuple[str, ...]
    """Communes where an agent takes requests in."""

    @property
    def on_paper(self) -> bool:
        """A form is of use where there is someone to hand it to."""
        return bool(self.address or self.town_halls)

    @property
    def any(self) -> bool:
        """Whether anything is set up at all."""
        return bool(self.phone or self.sms or self.mail or self.on_paper)


def ways(service: Service | None = None) -> Ways:
    """To use a service, or any of them, or to follow a request. One query."""
    options = settings.MITOYEN
    return Ways(
        phone=str(options["contact_phone"]),
        sms=_sms_number(),
        sms_word=dialogue.word_for(service).upper() if service and options["sms_host"] else "",
        mail=addresses.of_service(service.manifest.name if service else "") if _takes_mail() else "",
        address=str(options["contact_address"]),
        town_halls=tuple(_town_halls()),
    )


def _sms_number() -> str:
    """The one that is announced; else the one that the message centre knows us by, where people can write to it."""
    options = settings.MITOYEN
    if options["contact_sms"] or not options["sms_host"]:
        return str(options["contact_sms"])
    source = str(options["sms_source"])
    return source if numbers.is_writable(source) else ""


def _takes_mail() -> bool:
    return bool(settings.MITOYEN["mail_from"] and settings.MITOYEN["mail_listen"])


def _town_halls() -> list[str]:
    clerks = {"role__name": RoleName.COUNTER_CLERK, "role__person__is_active": True}
    return list(Commune.objects.filter(**clerks).values_list("name", flat=True).distinct())
