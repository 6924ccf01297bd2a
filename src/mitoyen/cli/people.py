"""`mitoyen people`: accounts and roles, for whoever runs the installation."""

import json
from typing import Annotated

import typer
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from mitoyen.cli.main import app

BY = "mitoyen people"

people = typer.Typer(no_args_is_help=True, help="Accounts and their roles.")
app.add_typer(people, name="people")

Email = Annotated[str, typer.Argument(help="Email address of the account.")]
RoleOption = Annotated[str, typer.Option("--role", help="Role, such as energy_officer or administrator.")]
CommuneOption = Annotated[str, typer.Option("--commune", help="INSEE code or name; the whole territory without it.")]


@people.command()
def add(
    email: Email,
    role: RoleOption = "reader",
    commune: CommuneOption = "",
    name: Annotated[str, typer.Option(help="The person's name.")] = "",
    ask_password: Annotated[bool, typer.Option(help="Ask for a password instead of making a one-time one.")] = False,
) -> None:
    """Open an account with a role, or give an existing account one more."""
    from mitoyen.territory import people as service
    from mitoyen.territory import register
    from mitoyen.territory.models import Person

    place = register.commune_named(commune) if commune else None
    person = Person.objects.filter(email=email.strip().lower()).first()
    if person is not None:
        service.add_role(person, role, place, BY)
        print(_("%(email)s has the role %(role)s too now.") % {"email": person.email, "role": role})
        return
    password = typer.prompt(_("Password"), hide_input=True, confirmation_prompt=True) if ask_password else ""
    invitation = service.invite(email, name, [(role, place)], BY, password=password)
    print(_("The account of %(email)s is open.") % {"email": invitation.person.email})
    if invitation.password:
        print(
            _("One-time password, to be changed at the first sign-in: %(password)s") % {"password": invitation.password}
        )


@people.command("list")
def show(as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False) -> None:
    """Print the accounts and their roles."""
    from mitoyen.territory.models import Person

    rows = list(Person.objects.order_by("email").prefetch_related("roles__commune"))
    if as_json:
        content = [
            {
                "email": row.email,
                "name": row.name,
                "open": row.is_active,
                "roles": [{"role": role.name, "commune": role.commune_id} for role in row.roles.all()],
            }
            for row in rows
        ]
        print(json.dumps(content, ensure_ascii=False))
        return
    table = Table(_("account"), _("name"), _("roles"), _("state"), box=None)
    for row in rows:
        roles = [f"{role.name} ({role.commune or _('whole territory')})" for role in row.roles.all()]
        table.add_row(row.email, row.name, ", ".join(roles), _("open") if row.is_active else _("closed"))
    Console().print(table)


@people.command("remove-role")
def remove_role(email: Email, role: RoleOption, commune: CommuneOption = "") -> None:
    """Take one role away from an account."""
    from mitoyen.territory import people as service
    from mitoyen.territory import register

    place = register.commune_named(commune) if commune else None
    service.remove_role(service.person_of(email), role, place, BY)
    print(_("%(email)s no longer has the role %(role)s there.") % {"email": email, "role": role})


@people.command("reset-password")
def reset_password(
    email: Email,
    second_factor: Annotated[bool, typer.Option(help="Remove the second factor too, when it was lost.")] = False,
) -> None:
    """Print a new one-time password, and lift a lock-out."""
    from mitoyen.territory import people as service

    person = service.person_of(email)
    password = service.reset_password(person, BY)
    if second_factor:
        service.remove_second_factors(person, BY)
    print(_("One-time password, to be changed at the first sign-in: %(password)s") % {"password": password})


@people.command()
def close(email: Email) -> None:
    """Close an account: it can't sign in any more; what it did stays in the audit trail."""
    from mitoyen.territory import people as service

    service.deactivate(service.person_of(email), BY)
    print(_("The account of %(email)s is closed.") % {"email": email})
