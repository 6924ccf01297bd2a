"""Entry point of `mitoyen`: loads only the module that carries the command asked for."""

import importlib
import json
import os
import sys

import typer

# Command -> module of `mitoyen.cli` that registers it; `--help` loads them all.
COMMANDS = {
    "init": "init",
    "demo": "demo",
    "run": "run",
    "gate-key": "gate_key",
    "open311-key": "open311_key",
    "import": "imports",
    "things": "things",
    "devices": "devices",
    "services": "services",
    "requests": "requests",
    "parity": "parity",
    "costs": "parity",
    "text": "text",
    "sms": "sms",
    "mqtt": "mqtt",
    "addresses": "addresses",
    "communes": "communes",
    "codecs": "codecs",
    "people": "people",
    "usages": "usages",
    "savings": "savings",
    "evaluate": "savings",
    "figure": "figure",
    "findings": "findings",
    "alerts": "alerts",
    "work-orders": "work_orders",
    "forecast": "forecast",
    "read": "read",
    "seal": "seal",
    "check": "check",
    "backup": "backup",
    "restore": "backup",
    "export": "export",
    "study": "study",
    "erase": "erase",
    "forms": "paper",
    "scan": "paper",
    "uplinks": "uplinks",
    "replay": "uplinks",
    "poster": "paper",
}

REFUSED = 1

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def mitoyen() -> None:
    """Mitoyen: from meter files to a proven, public account of savings."""


def main() -> None:
    """Run the command. Exit 0 fine, 1 refused, 2 wrong usage."""
    arguments = sys.argv[1:]
    os.umask(os.umask(0) | 0o027)  # What is written here holds keys and people: nothing of it for other accounts.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
    from mitoyen.settings.options import SettingError
    from mitoyen.settings.sqlite import SQLiteTooOldError

    try:
        import django
        from django.conf import settings
        from django.utils import translation

        django.setup()
        translation.activate(settings.LANGUAGE_CODE)
    except (SettingError, SQLiteTooOldError) as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    from mitoyen.ledger.refusal import Refused

    command = next((argument for argument in arguments if not argument.startswith("-")), "")
    modules = [COMMANDS[command]] if command in COMMANDS else sorted(set(COMMANDS.values()))
    for module in modules:
        importlib.import_module(f"mitoyen.cli.{module}")
    try:
        app()
    except Refused as refusal:
        _say(refusal, as_json="--json" in arguments)
        sys.exit(REFUSED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)


def _say(refusal: "object", *, as_json: bool) -> None:
    from mitoyen.ledger.refusal import Refused

    assert isinstance(refusal, Refused)
    print(str(refusal), file=sys.stderr)
    for ground in refusal.grounds[:20]:
        where = f"{ground.line}: " if ground.line else ""
        print(f"  {where}{ground.message}", file=sys.stderr)
    if as_json:
        grounds = [{"code": g.code, "line": g.line, "reason": g.message} for g in refusal.grounds]
        content = {"refused": refusal.code, "message": refusal.message, "next_step": refusal.next_step}
        print(json.dumps({**content, "grounds": grounds}, ensure_ascii=False))
