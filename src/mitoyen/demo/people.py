"""Accounts to try the desk with: an energy officer and a clerk of one commune, and an administrator."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from mitoyen.ledger import audit
from mitoyen.territory.enums import RoleName
from mitoyen.territory.models import Commune, Person, Role

FILE = "demo-accounts.json"
WORDS = ("ardoise", "tuffeau", "loire", "brique", "levee", "maine", "sarthe", "vergers", "peniche", "sable")

# Numbers that the Arcep keeps for fiction: they reach nobody, and pages say so.
CONTACTS = """# Examples, made by mitoyen demo: put your own.
contact_phone = "02 61 91 00 49"
contact_sms = "06 39 98 00 49"
contact_address = "Exemple : accueil de la mairie, place de la République, du lundi au vendredi de 9 h à 17 h"
"""


@dataclass(frozen=True, slots=True)
class Account:
    """What a visitor types to open the desk. `commune` "" : the whole territory."""

    email: str
    password: str
    name: str
    role: str
    commune: str


def reachable() -> None:
    """Example contacts, where the installation has no settings of its own."""
    file = Path(settings.MITOYEN_HOME) / "mitoyen.toml"
    if not file.exists():
        file.write_text(CONTACTS, encoding="utf-8")


def make(energy_commune: str) -> list[Account]:
    """Three accounts with passwords of their own, made once; kept in a file that its owner alone can read."""
    file = Path(settings.MITOYEN_HOME) / FILE
    if file.exists():
        return [Account(**content) for content in json.loads(file.read_text(encoding="utf-8"))]
    commune = Commune.objects.get(insee=energy_commune)
    accounts = [
        Account(
            f"energie@{commune.slug}.example", _password(), "Camille Énergie", RoleName.ENERGY_OFFICER, commune.insee
        ),
        Account(f"guichet@{commune.slug}.example", _password(), "Sacha Guichet", RoleName.COUNTER_CLERK, commune.insee),
        Account("admin@metropole.example", _password(), "Dominique Admin", RoleName.ADMINISTRATOR, ""),
    ]
    for account in accounts:
        _save(account)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump([asdict(account) for account in accounts], stream, ensure_ascii=False, indent=2)
    return accounts


def _password() -> str:
    return "-".join([*(secrets.choice(WORDS) for _ in range(3)), f"{secrets.randbelow(10_000):04d}"])


def _save(account: Account) -> None:
    person = Person.objects.filter(email=account.email).first() or Person(email=account.email)
    person.name = account.name
    person.set_password(account.password)
    person.save()
    Role.objects.get_or_create(person=person, name=account.role, commune_id=account.commune or None)
    audit.record("mitoyen demo", "person.demo", account.email, role=account.role, commune=account.commune)
