"""`mitoyen alerts`: what is wrong now, what the public is told of it, and how communes tune the rules."""

import json

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app

alerts = typer.Typer(invoke_without_command=True, help="What is wrong now, and how communes tune the rules.")
app.add_typer(alerts, name="alerts")
BY = "mitoyen alerts"


@alerts.callback()
def listed(  # noqa: PLR0917 - the options of the command
    context: typer.Context,
    commune: str = typer.Option("", help="INSEE code or name: only this commune's."),
    usage: str = typer.Option("", help="Name of a usage: only its alerts."),
    look: bool = typer.Option(False, "--look", help="Run the rules first, over the last day or what they look back."),
    every: bool = typer.Option(False, "--all", help="Those that are over or set aside too, newest first."),
    public: bool = typer.Option(False, "--public", help="What each commune's page says, in plain language."),
    as_json: bool = typer.Option(False, "--json", help="For scripts."),
) -> None:
    """List what is wrong now, the most important first."""
    if context.invoked_subcommand is not None:
        return
    from mitoyen.operate.alerts import listing, ranking
    from mitoyen.operate.alerts.models import Alert
    from mitoyen.territory.models import Commune
    from mitoyen.territory.register import commune_named

    if look:
        from mitoyen.operate.alerts import running

        running.look_once()
    insee = commune_named(commune).insee if commune else ""
    if public:
        chosen = Commune.objects.filter(insee=insee) if insee else Commune.objects.all()
        told = listing.extract(chosen.defer("geometry"))
        _show_public(told, as_json=as_json)
        return
    found = ranking.open_alerts(commune=insee, usage=usage)
    if every:
        rows = Alert.objects.select_related("thing", "commune", "datastream").defer("commune__geometry")
        rows = rows.filter(**{name: value for name, value in (("commune_id", insee), ("usage", usage)) if value})
        found = rows.order_by("-opened_at", "-pk")
    ranked = ranking.lines(found)
    if as_json:
        ordered = list(found) if every else [one for line in ranked for one in line.alerts]
        shown = set(ordered)
        ordered += [] if every else [one for one in found if one not in shown]
        print(json.dumps([listing.to_json(one) for one in ordered], ensure_ascii=False, indent=2))
        return
    for text in listing.to_lines([ranking.Line((one,)) for one in found] if every else ranked):
        print(text)


@alerts.command()
def tune(  # noqa: PLR0917 - the options of the command
    usage: str = typer.Argument(help="Name of the usage."),
    rule: str = typer.Argument(help="Name of its alert rule."),
    commune: str = typer.Option(help="INSEE code or name."),
    why: str = typer.Option(help="Why it is to differ here."),
    threshold: list[str] = typer.Option([], "--set", help="A threshold, as NAME=NUMBER; may be given several times."),
    minutes: int = typer.Option(-1, help="How long it must last before an alert opens."),
    off: bool = typer.Option(False, "--off", help="No alert of this rule in this commune."),
    reset: bool = typer.Option(False, "--reset", help="As the usage declares it again."),
) -> None:
    """Have a rule differ in a commune: other thresholds, another duration, or off."""
    from mitoyen.operate.alerts import tuning
    from mitoyen.territory.register import commune_named

    place = commune_named(commune)
    if reset:
        tuning.untune(usage, rule, place, BY, why)
        print(_("%(rule)s in %(commune)s: as declared.") % {"rule": rule, "commune": place.name})
        return
    given = {"thresholds": dict(map(_threshold, threshold)), "minutes": None if minutes < 0 else minutes, "off": off}
    made = tuning.tune(usage, rule, place, BY, why, **given)  # type: ignore[arg-type]
    limits = ", ".join(f"{name} = {value:g}" for name, value in made.thresholds.items())
    words = _("off") if made.off else limits or _("as declared")
    print(_("%(rule)s in %(commune)s: %(words)s.") % {"rule": rule, "commune": place.name, "words": words})


def _threshold(text: str) -> tuple[str, float]:
    name, _equals, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise typer.BadParameter(f"{text}: NAME=NUMBER") from None


def _show_public(told: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(told, ensure_ascii=False, indent=2))
        return
    for one in told:
        found = one["alerts"]
        assert isinstance(found, list)
        if found:
            print(one["name"])
            for alert in found:
                print(f"    {alert['sentence']}")
    if not any(one["alerts"] for one in told):
        print(_("There is nothing to tell the public."))
