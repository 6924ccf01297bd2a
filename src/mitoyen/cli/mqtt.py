"""`mitoyen mqtt`: the configuration of a broker that loses nothing."""

from importlib import resources

import typer
from django.utils.translation import gettext as _

from mitoyen.cli.main import app

mqtt = typer.Typer(no_args_is_help=True, help="Messages of devices over MQTT: the broker's configuration.")
app.add_typer(mqtt, name="mqtt")


@mqtt.callback()
def _group() -> None:
    """Messages of devices over MQTT."""


@mqtt.command("config")
def config(  # noqa: PLR0917 (typer turns parameters into options)
    listener: str = typer.Option("1883 127.0.0.1", help="Port and address that the broker listens on."),
    data: str = typer.Option("/var/lib/mosquitto", help="Folder that it keeps what waits in."),
    save_every: int = typer.Option(1, min=1, help="Seconds after which it writes what waits."),
    save_after: int = typer.Option(
        0, min=0, help="Write after so many changes instead: at most that many are lost if it is killed."
    ),
    password_file: str = typer.Option("/etc/mosquitto/passwd", help="Its accounts, made with mosquitto_passwd."),
    certificate: str = typer.Option("", help="Its certificate and those that lead to the authority: TLS only."),
    key: str = typer.Option("", help="The private key of its certificate."),
    client_ca: str = typer.Option("", help="Authority whose certificates let clients in, in place of passwords."),
) -> None:
    """Print a configuration for Mosquitto that keeps what comes through bursts, and hours without a consumer."""
    text = resources.files("mitoyen.connect.mqtt").joinpath("mosquitto.conf").read_text(encoding="utf-8")
    if bool(certificate) != bool(key) or (client_ca and not certificate):
        raise typer.BadParameter(_("A certificate goes with its key: --certificate and --key."))
    given = {
        "{listener}": listener + _encrypted(certificate, key, client_ca), "{data}": data,
        "{password_file}": password_file, "{on_changes}": "true" if save_after else "false",
        "{interval}": str(save_after or save_every),
    }  # fmt: skip
    for mark, value in given.items():
        text = text.replace(mark, value)
    print(text, end="")


def _encrypted(certificate: str, key: str, client_ca: str) -> str:
    """Further lines of the listener."""
    lines = ""
    if certificate:
        lines += f"\ncertfile {certificate}\nkeyfile {key}"
    if client_ca:
        # The name in a client's certificate is its account.
        lines += f"\ncafile {client_ca}\nrequire_certificate true\nuse_identity_as_username true"
    return lines
