"""`mitoyen devices`: the register of devices, what their fields mean, who is silent."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app
from mitoyen.cli.who import who

devices = typer.Typer(no_args_is_help=True, help="The register of devices: what they are, whether they are well.")
app.add_typer(devices, name="devices")

AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]


@devices.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: address (EUI), model, and what else is known of each.")],
    column: Annotated[list[str] | None, typer.Option(help="ROLE=COLUMN, where names are unusual.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Take a file's devices into the register. Safe to repeat; a result a row; `undo` takes it back."""
    from mitoyen.connect.devices.entries import columns_given
    from mitoyen.connect.devices.register import import_devices

    report = import_devices(file, who("mitoyen devices import"), columns=columns_given(column or []), dry_run=dry_run)
    if as_json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
        return
    for words, count in (
        (_("rows"), report.rows), (_("added"), report.added), (_("changed"), report.changed),
        (_("unchanged"), report.unchanged), (_("refused"), report.refused), (_("deployments"), report.deployments),
    ):  # fmt: skip
        print(f"  {count:>8} {words}")
    _say_refused(report.results)
    if report.waiting_for_fields:
        print(_("Some models have no confirmed field yet: mitoyen devices fields MODEL"))
    if report.number is not None:
        print(_("To take it back: mitoyen devices undo %(n)s") % {"n": report.number})
    elif dry_run:
        print(_("Nothing was written (--dry-run)."))


def _say_refused(results: list[dict[str, Any]]) -> None:
    refused = [result for result in results if result["result"] == "refused"]
    for result in refused[:20]:
        told = result["reason"]
        if result["todo"]:
            told = f"{told.rstrip('.')}. {result['todo']}"
        print("  " + _("line %(n)s: ") % {"n": result["line"]} + told)


@devices.command()
def undo(
    number: Annotated[int, typer.Argument(help="Number that the import said.")],
    why: Annotated[str, typer.Option(help="Why; kept in the audit trail.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take an import of devices back; what changed since then stays, and is told."""
    from mitoyen.connect.devices.undoing import undo_import

    undone = undo_import(number, who("mitoyen devices undo"), why)
    if as_json:
        told = {"number": undone.number, "removed": undone.removed, "restored": undone.restored, "kept": undone.kept}
        print(json.dumps(told, ensure_ascii=False))
        return
    print(
        _("%(removed)d removed, %(restored)d as before, %(kept)d left as they are.")
        % {"removed": undone.removed, "restored": undone.restored, "kept": len(undone.kept)}
    )
    for row in undone.kept[:20]:
        print("  " + _("line %(n)s: ") % {"n": row["line"]} + row["reason"])


@devices.command()
def fields(
    model: Annotated[str, typer.Argument(help="Slug or name of the device model.")],
    examples: Annotated[Path | None, typer.Option(help="Decoded examples: JSON lines, or a codec's YAML.")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--set", help="PATH=property:unit:kind[:factor], battery, volts, none: confirmed."),
    ] = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Confirm what is proposed, as it stands.")] = False,
    as_json: AsJson = False,
) -> None:
    """Propose what a model's decoded fields mean, each with its reason; nothing is used until it is confirmed."""
    from mitoyen.connect.devices import fields as service

    found = service.model_named(model)
    proposed = {one.path: one for one in service.refresh(found, examples)}
    choices = [_choice(text) for text in field or []]
    if confirm:
        said = {one.path for one in choices}
        waiting = [one for one in proposed.values() if not one.confirmed_by and one.path not in said]
        choices += [service.as_choice(one) for one in waiting]
    opened = service.confirm(found, choices, who("mitoyen devices fields")) if choices else 0
    told = [_field(one) for one in found.fields.all()]
    if as_json:
        print(json.dumps({"model": found.slug, "fields": told, "deployments": opened}, ensure_ascii=False))
        return
    for one in told:
        mark = "x" if one["confirmed"] else " "
        print(f"[{mark}] {one['path']}: {one['means']}  ({' '.join(one['why'])})")
    if any(not one["confirmed"] for one in told):
        print(_("Nothing unconfirmed is used. Confirm with --confirm, or one by one with --set, or at the desk."))


def _choice(text: str) -> Any:
    from mitoyen.connect.devices.fields import Choice

    path, equals, said = text.partition("=")
    if not (path.strip() and equals and said.strip()):
        raise typer.BadParameter(_("PATH=property:unit:kind is expected."), param_hint="--set")
    short = {"none": "ignored", "battery": "battery_percent", "volts": "battery_volts"}
    if said.strip() in short:
        return Choice(path.strip(), short[said.strip()])
    name, unit, kind, factor = (*said.strip().split(":"), *[""] * 3)[:4]
    return Choice(path.strip(), "observation", name, unit or "1", kind or "gauge", float(factor or 1))


def _field(field: Any) -> dict[str, Any]:
    from mitoyen.connect.devices.fields import why_words

    names = ("path", "role", "observed_property", "unit", "kind", "factor", "offset", "examples")
    content = {name: getattr(field, name) for name in names}
    means = " ".join(filter(None, (field.get_role_display(), field.observed_property, field.unit, field.kind)))
    confirmed = bool(field.confirmed_by)
    return {**content, "confirmed": confirmed, "means": means, "why": why_words(field)}


@devices.command()
def swap(  # noqa: PLR0917 - the options of the command
    old: Annotated[str, typer.Argument(help="Serial number or address of the device that goes.")],
    new: Annotated[str, typer.Argument(help="Address (EUI) of the one that comes.")],
    at: Annotated[
        str, typer.Option(help="When: 30/11/2026 14:30 or 2026-11-30 14:30, time in France; now without.")
    ] = "",
    serial: Annotated[str, typer.Option(help="Its serial number; its address without.")] = "",
    model: Annotated[str, typer.Option(help="Its model, when it is another one.")] = "",
    last: Annotated[list[str] | None, typer.Option(help="[THING/]PROPERTY=INDEX: last of the old one.")] = None,
    first: Annotated[list[str] | None, typer.Option(help="[THING/]PROPERTY=INDEX: first of the new one.")] = None,
    factor: Annotated[float | None, typer.Option(help="Its factor, when it is another one.")] = None,
    undo_it: Annotated[bool, typer.Option("--undo", help="NEW took over from OLD by mistake: take it back.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace a device by another in one action: all that it serves goes on, its registration moves."""
    from mitoyen.connect.devices import replacing
    from mitoyen.connect.devices.fields import model_named

    by = who("mitoyen devices swap")
    if undo_it:
        back = replacing.undo_replacement(_device(new), by, "mitoyen devices swap --undo")
        print(json.dumps({"device": back.serial}) if as_json else back.serial)
        return
    made = replacing.replace_device(
        _device(old), _moment(at), new, by, serial=serial, model=model_named(model) if model else None,
        last=_indexes(last), first=_indexes(first), factor=factor,
    )  # fmt: skip
    served = [f"{one.thing.slug}/{one.observed_property}" for one in made.deployments.select_related("thing")]
    print(json.dumps({"device": made.serial, "serves": served}) if as_json else "\n".join(served))


@devices.command("factor")
def factor_(  # noqa: PLR0917 - the options of the command
    of: Annotated[str, typer.Argument(help="Serial number or address of a device; with --model, a model.")],
    to: Annotated[float | None, typer.Option("--to", help="The right factor.")] = None,
    times: Annotated[float | None, typer.Option(help="What the factor is multiplied by: 0.01.")] = None,
    observed_property: Annotated[str, typer.Option("--property", help="One property only, or THING/PROPERTY.")] = "",
    of_model: Annotated[bool, typer.Option("--model", help="Of all devices of the model.")] = False,
    first: Annotated[str, typer.Option("--from", help="From this moment on; all of the past without.")] = "",
    last: Annotated[str, typer.Option("--until", help="Before this moment.")] = "",
    why: Annotated[str, typer.Option(help="Why; kept in the audit trail.")] = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Put a wrong factor right over the past: readings stay as they came. Shows sample days before and after."""
    from mitoyen.connect.devices import factors
    from mitoyen.connect.devices.fields import model_named

    asked = factors.Asked(
        None if of_model else _device(of), model_named(of) if of_model else None, observed_property, to, times,
        first=_moment(first) if first else None, last=_moment(last) if last else None,
    )  # fmt: skip
    change = factors.preview(asked) if dry_run else factors.apply(asked, who("mitoyen devices factor"), why)
    if not dry_run:
        factors.refresh()
    if as_json:
        samples = [{**asdict(one), "day": one.day.isoformat()} for one in change.samples]
        print(json.dumps({**asdict(change), "samples": samples, "dry_run": dry_run}, ensure_ascii=False))
        return
    print(
        _("%(n)d deployments, %(streams)d datastreams") % {"n": change.deployments, "streams": len(change.datastreams)}
    )
    for one in change.samples:
        print(f"  {one.name} {one.day.isoformat()}: {one.before:g} -> {one.after:g} {one.unit}")
    if dry_run:
        print(_("Nothing was written (--dry-run)."))


@devices.command()
def silent(as_json: AsJson = False) -> None:
    """Who is silent now: devices by themselves, and those that fell silent together."""
    from django.utils import timezone

    from mitoyen.connect.devices.health import silences
    from mitoyen.territory.models import Device

    found = silences(timezone.now())
    serials = dict(Device.objects.filter(pk__in=[one.device for one in found.alone]).values_list("pk", "serial"))
    alone = [{"device": serials[one.device], "since": one.since.isoformat(), "sure": one.sure} for one in found.alone]
    storms: list[dict[str, Any]] = [
        {"gateways": list(one.gateways), "devices": len(one.devices), "since": one.since.isoformat()}
        for one in found.storms
    ]
    if as_json:
        print(json.dumps({"devices": alone, "storms": storms}, ensure_ascii=False))
        return
    for storm in storms:
        where = ", ".join(storm["gateways"]) or _("all that comes in")
        print(_("%(n)d devices together since %(since)s: %(where)s") % {**storm, "n": storm["devices"], "where": where})
    for one in alone:
        certainty = _("almost sure") if one["sure"] else _("perhaps lost frames")
        print(f"{one['device']}  {one['since']}  {certainty}")


def _device(text: str) -> Any:
    from mitoyen.connect.devices.entries import address_of
    from mitoyen.ledger.refusal import Refused
    from mitoyen.territory.models import Device

    found = Device.objects.filter(serial=text.strip()).first()
    found = found or Device.objects.filter(registration__address=address_of(text)).first()
    if found is None:
        raise Refused(_("There is no device %(name)r.") % {"name": text[:80]}, code="no_device")
    return found


def _moment(text: str) -> Any:
    from django.utils import timezone

    from mitoyen.connect.devices.entries import moment_of

    try:
        return moment_of(text) if text else timezone.now()
    except ValueError as error:
        raise typer.BadParameter(text) from error


def _indexes(pairs: list[str] | None) -> dict[str, float | None]:
    try:
        return {
            name: float(index.replace(",", ".")) for name, _equals, index in (one.partition("=") for one in pairs or [])
        }
    except ValueError as error:
        raise typer.BadParameter(_("PROPERTY=INDEX is expected.")) from error
