"""Application keys at rest: encrypted with a key of the installation's own, compared, never read back.

AES-256-GCM; the key comes from `secret.key` by HKDF-SHA-256, and the device's address is authenticated with it, so that
a row copied to another device no longer opens.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE = 12
_PURPOSE = b"mitoyen: application keys of devices"


def seal(key: bytes, address: str) -> bytes:
    """The key as it is stored: a nonce, then what AES-GCM makes of it."""
    nonce = os.urandom(_NONCE)
    return nonce + _cipher().encrypt(nonce, key, address.encode())


def opened(stored: bytes, name: str) -> bytes:
    """What was sealed under this name: for files that wait at the desk, never for a key. Raises ValueError."""
    try:
        return _cipher().decrypt(stored[:_NONCE], stored[_NONCE:], name.encode())
    except InvalidTag as error:
        raise ValueError(name) from error


def holds(stored: bytes, key: bytes, address: str) -> bool:
    """Whether this is the key that is stored; False as well when the installation's own key is another one now."""
    try:
        found = _cipher().decrypt(stored[:_NONCE], stored[_NONCE:], address.encode())
    except (InvalidTag, ValueError):
        return False
    return hmac.compare_digest(found, key)


def _cipher() -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(settings.SECRET_KEY.encode())
    return AESGCM(derived)
