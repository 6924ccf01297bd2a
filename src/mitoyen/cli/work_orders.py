"""`mitoyen work-orders`: what is to be done, for the terminal, for scripts and for the contractor."""

import json
from pathlib import Path

import typer
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mitoyen.cli.main import app

work_orders = typer.Typer(invoke_without_command=True, help="What is to be done, by whom and by when.")
app.add_typer(work_orders, name="work-orders")
BY = "mitoyen work-orders"


@work_orders.callback()
def listed(  # noqa: PLR0917 - the options of the command
    context: typer.Context,
    commune: str = typer.Option("", help="INSEE code or name: only this commune's."),
    partner: str = typer.Option("", help="Slug of a partner: only what was given to it."),
    every: bool = typer.Option(False, "--all", help="Those done and cancelled too."),
    out: Path | None = typer.Option(None, "--export", help="Write them to a file: .csv, .geojson or .pdf."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """List what is to be done, the soonest due first."""
    if context.invoked_subcommand is not None:
        return
    from mitoyen.operate.work import listing
    from mitoyen.territory.register import commune_named

    insee = commune_named(commune).insee if commune else ""
    found = list(listing.orders(commune=insee, partner=partner, every=every))
    if out is not None:
        out.write_bytes(_written(out.suffix.lower(), found, partner))
        told = ngettext(
            "%(count)d work order written to %(file)s.", "%(count)d work orders written to %(file)s.", len(found)
        )
        print(told % {"count": len(found), "file": out})
        return
    if as_json:
        print(json.dumps([listing.to_json(order) for order in found], ensure_ascii=False, indent=2))
        return
    for line in listing.to_lines(found):
        print(line)


@work_orders.command()
def member(
    email: str = typer.Argument(help="Account with the role of contractor."),
    partner: str = typer.Option(help="Slug of the partner that they work for."),
    remove: bool = typer.Option(False, "--remove", help="They no longer do."),
) -> None:
    """Say which contractor works for which partner: they see its orders, and no others."""
    from mitoyen.ledger.refusal import Refused
    from mitoyen.operate.work import ordering
    from mitoyen.territory.models import Partner, Person

    person = Person.objects.filter(email=email.lower()).first()
    company = Partner.objects.filter(slug=partner).first()
    if person is None or company is None:
        raise Refused(_("There is no such account or partner."), _("Look at: mitoyen people list"), code="unknown")
    told = {"person": person, "partner": company.name}
    if remove:
        ordering.work_no_longer_for(person, company, BY)
        print(_("%(person)s no longer works for %(partner)s.") % told)
        return
    ordering.work_for(person, company, BY)
    print(_("%(person)s works for %(partner)s.") % told)


def _written(suffix: str, found: list, partner: str) -> bytes:  # type: ignore[type-arg]
    from mitoyen.operate.work import listing

    if suffix == ".csv":
        return listing.to_csv(found).encode()
    if suffix in (".geojson", ".json"):
        return listing.to_geojson(found).encode()
    if suffix == ".pdf":
        from mitoyen.channels.paper import work_list

        return work_list.pdf(found, found[0].partner.name if partner and found else "")
    raise typer.BadParameter(_("choose .csv, .geojson or .pdf"))
