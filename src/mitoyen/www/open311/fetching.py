"""A photo from an address that a stranger wrote: fetched without letting them reach what only this machine can.

The name is resolved once, every address that it has must be a public one, and the connection goes to the address that
was checked: a name that answers differently a moment later changes nothing. The same for each redirect. The size and
the whole time are limited, however slowly it comes.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from urllib.parse import SplitResult, urljoin, urlsplit

from mitoyen.ledger.pictures import LARGEST_BYTES

SECONDS = 8.0
MOST_REDIRECTS = 3
PORTS = frozenset({80, 443})
LONGEST = 2000
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Allowed = Callable[[str, int], bool]
# Names are resolved apart, since the system may take its time over them.
_resolving = ThreadPoolExecutor(max_workers=4, thread_name_prefix="resolve")


class NotFetched(Exception):
    """It could not be fetched, or must not be. Which of both isn't told to whoever asked."""


def is_public(address: str, port: int) -> bool:
    """Whether anyone on the internet could reach this address and port too."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        # Addresses that wrap another one stand for that one.
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if found in NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner), port)
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved and port in PORTS


def fetch(url: str, allowed: Allowed = is_public, seconds: float = SECONDS, most: int = LARGEST_BYTES) -> bytes:
    """The bytes at `url`, at most `most` within `seconds`. Raises NotFetched."""
    deadline = time.monotonic() + seconds
    for _redirect in range(MOST_REDIRECTS + 1):
        body, further = _once(url, allowed, deadline, most)
        if body is not None:
            return body
        url = urljoin(url, further)
    raise NotFetched("too many redirects")


def _once(url: str, allowed: Allowed, deadline: float, most: int) -> tuple[bytes | None, str]:
    parts, port = _parts(url)
    host = parts.hostname or ""
    address = _address(host, port, allowed, deadline)
    try:
        raw = socket.create_connection((address, port), timeout=_left(deadline))
    except OSError as error:
        raise NotFetched(str(error)) from error
    # Whatever drips in byte by byte ends here all the same.
    watch = threading.Timer(_left(deadline), _cut, [raw])
    watch.daemon = True
    watch.start()
    connection = http.client.HTTPConnection(host, port)
    try:
        connection.sock = _wrapped(raw, host) if parts.scheme == "https" else raw
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"User-Agent": "Mitoyen", "Accept": "image/*", "Connection": "close"})
        return _read(connection.getresponse(), deadline, most)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotFetched(str(error)) from error
    finally:
        watch.cancel()
        connection.close()
        raw.close()


def _parts(url: str) -> tuple[SplitResult, int]:
    if len(url) > LONGEST or not url.isascii() or any(letter <= " " or letter == "\x7f" for letter in url):
        raise NotFetched("no address")
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise NotFetched("no address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise NotFetched("only http and https, without a name and password")
    return parts, port


def _address(host: str, port: int, allowed: Allowed, deadline: float) -> str:
    """The address to connect to; all that the name has must be allowed."""
    try:
        found = _resolving.submit(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM).result(_left(deadline))
    except (OSError, UnicodeError, TooSlow) as error:
        raise NotFetched("no such name") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(allowed(address, port) for address in addresses):
        raise NotFetched("not a public address")
    return addresses[0]


def _read(response: http.client.HTTPResponse, deadline: float, most: int) -> tuple[bytes | None, str]:
    if response.status in REDIRECTS:
        return None, response.getheader("Location") or ""
    if response.status != 200:
        raise NotFetched(f"status {response.status}")
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(64 * 1024):
        pieces.append(piece)
        size += len(piece)
        _left(deadline)
        if size > most:
            raise NotFetched("too large")
    if time.monotonic() > deadline:
        raise NotFetched("too slow")
    return b"".join(pieces), ""


def _wrapped(raw: socket.socket, host: str) -> ssl.SSLSocket:
    return ssl.create_default_context().wrap_socket(raw, server_hostname=host)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise NotFetched("too slow")
    return left


def _cut(raw: socket.socket) -> None:
    try:
        raw.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
