"""The installation's options: declared once, read from `mitoyen.toml` and `MITOYEN_*`.

`docs/settings.md` lists each of them; a test fails when one is missing there.
"""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: `name` in the TOML file, `MITOYEN_<NAME>` in the environment."""

    name: str
    default: str | int | bool
    says: str


OPTIONS = (
    Option("language", "fr", "Language of the command line and of pages by default: fr or en."),
    Option("territory_name", "Angers Loire Métropole", "Name of the territory on every page."),
    Option("host", "127.0.0.1", "Address that the doors listen on."),
    Option("port", 8000, "Port of the people's door (portal and desk)."),
    Option("gate_port", 8001, "Port of the machines' door."),
    Option("public_url", "http://127.0.0.1:8000", "Address of the portal as visitors write it."),
    Option("allowed_hosts", "127.0.0.1,localhost,[::1]", "Host names that the portal answers to."),
    Option("database_url", "", "postgresql://… for the state; empty: SQLite in the home folder."),
    Option("journal_url", "", "postgresql://… for the journal; empty: SQLite in the home folder."),
    Option("memory_limit", "1GB", "Memory that one analysis process may use."),
    Option("workers", 2, "Processes of the people's door."),
    Option("upload_limit_mb", 2048, "Most that the desk takes at once, a file or several together, in megabytes."),
    Option("contact_phone", "", "Telephone number that inhabitants can call."),
    Option("contact_sms", "", "Number for text messages."),
    Option("contact_address", "", "Postal address and counter."),
    Option("mail_host", "", "Mail relay that notices are handed to; empty: none are sent by mail."),
    Option("mail_port", 25, "Its port; 465 speaks TLS from the start."),
    Option("mail_user", "", "Account at the relay, when it asks for one."),
    Option("mail_password", "", "Its password; better in the environment than in the file."),
    Option("mail_from", "", "Address that mails come from and that people write to."),
    Option("mail_listen", "", "host:port where mail comes in by SMTP or LMTP; empty: none is taken in."),
    Option("mail_domain", "", "Domain of our own addresses; empty: the one of mail_from."),
    Option("sms_host", "", "Message centre (SMSC) that SMS go through, by SMPP 3.4; empty: no SMS."),
    Option("sms_port", 2775, "Its port."),
    Option("sms_user", "", "Account there (system_id)."),
    Option("sms_password", "", "Its password, 8 characters at most; better in the environment than in the file."),
    Option("sms_source", "", "Number or name that SMS come from."),
    Option("sms_window", 10, "Messages that may wait for the centre's answer at once."),
    Option("sms_per_second", 20, "Messages a second that the centre takes from us."),
    Option("sms_doubt_seconds", 3600, "How long a message that the centre may have or not waits for its receipt."),
    Option("mqtt_host", "", "MQTT broker that devices' messages come from; empty: none."),
    Option("mqtt_port", 1883, "Its port; 8883 is usual with TLS."),
    Option("mqtt_tls", False, "True: the link is encrypted, and the broker's certificate checked."),
    Option("mqtt_ca", "", "File of the authority that signed the broker's certificate; empty: the machine's own."),
    Option("mqtt_certificate", "", "File of our own certificate, where the broker asks for one (PEM)."),
    Option("mqtt_key", "", "File of its private key (PEM, without password)."),
    Option("mqtt_user", "", "Account at the broker, when it asks for one."),
    Option("mqtt_password", "", "Its password; better in the environment than in the file."),
    Option("mqtt_topics", "", "Topics to take in, each with its format: application/+/device/+/event/up=chirpstack4."),
    Option("mqtt_client", "mitoyen", "Name of the session that the broker keeps for us; another one on each machine."),
    Option("mqtt_group", "", "Group that shares the messages, where several machines take them in."),
    Option("trusted_proxies", "", "Addresses of your own web servers in front, whose X-Forwarded-For is believed."),
    Option("secure_cookies", False, "True behind HTTPS: cookies are sent over HTTPS only."),
    Option("open_request_months", 12, "Months without any event after which a request still open counts as ended."),
    Option("frames_kept_days", 90, "Days that devices' messages are kept as they came, to be decoded again."),
    Option("debug", False, "Django's debug pages; never in production."),
)


class SettingError(Exception):
    """A setting can't be used as written; the message names it, where it stands and what to do."""


def read_options(home: Path) -> dict[str, str | int | bool]:
    """Defaults, then `home/mitoyen.toml`, then the environment. Raises SettingError."""
    values: dict[str, str | int | bool] = {option.name: option.default for option in OPTIONS}
    file = home / "mitoyen.toml"
    if file.exists():
        values.update(_from_toml(file))
    for option in OPTIONS:
        text = os.environ.get(f"MITOYEN_{option.name.upper()}")
        if text is not None:
            values[option.name] = _converted(option, text, f"MITOYEN_{option.name.upper()}")
    return values


def _from_toml(file: Path) -> dict[str, str | int | bool]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{file} is not valid TOML: {error}. Mend it, then start again.") from error
    known = {option.name: option for option in OPTIONS}
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise SettingError(f"{file}: unknown setting {unknown[0]!r}. Known ones: {', '.join(known)}.")
    return {name: _converted(known[name], value, f"{file}: {name}") for name, value in content.items()}


def _converted(option: Option, value: object, where: str) -> str | int | bool:
    expected = type(option.default)
    if isinstance(value, expected) and isinstance(value, bool) == (expected is bool):
        return value
    text = str(value).strip()
    if expected is bool and text.lower() in ("true", "1", "yes", "false", "0", "no"):
        return text.lower() in ("true", "1", "yes")
    if expected is int and text.isdigit():
        return int(text)
    found = "what stands there" if "password" in option.name else repr(value)
    raise SettingError(f"{where} must be of type {expected.__name__}, not {found}.")
