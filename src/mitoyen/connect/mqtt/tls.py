"""The encrypted link: whom we trust, who we are, and in words why it didn't come about."""

import ssl

from django.utils.translation import gettext as _

from mitoyen.ledger.refusal import Refused


def context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    """Checks the broker's certificate and name. Raises Refused for a file that isn't what it should be."""
    try:
        made = ssl.create_default_context(cafile=ca or None)
    except (OSError, ssl.SSLError) as error:
        raise _unusable("mqtt_ca", ca, error) from error
    if certificate:
        try:
            made.load_cert_chain(certificate, key or None, password=_no_password)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise _unusable("mqtt_certificate, mqtt_key", f"{certificate}, {key}", error) from error
    return made


def told(error: OSError, where: str) -> str:
    """Why the broker and we didn't agree on an encrypted link, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {where} can't be trusted: {error.verify_message}."
            " Name the authority that signed it (mqtt_ca), and the broker as it is named there (mqtt_host)."
        )
    why = getattr(error, "reason", None) or error.strerror or error
    return f"there is no encrypted link to {where}: {why}. Is that its port for TLS (mqtt_port)?"


def _unusable(name: str, files: str, error: Exception) -> Refused:
    message = _("%(name)s can't be used (%(files)s): %(why)s.") % {"name": name, "files": files, "why": error}
    return Refused(message, _("Name files in PEM that this account may read; the key without password."))


def _no_password() -> str:
    # Or OpenSSL would ask for it at the terminal.
    raise ValueError("the key has a password")
