"""The machines' door: observations in bulk and devices' uplinks, acknowledged once they are durable."""

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
django.setup()

import msgspec  # noqa: E402
from django.conf import settings  # noqa: E402
from django.utils import translation  # noqa: E402

from mitoyen.connect.uplinks import careful  # noqa: E402
from mitoyen.gate import asking, intake, keys, webhooks  # noqa: E402
from mitoyen.gate.limits import OBSERVATIONS, READ, UPLINKS, Forbidden  # noqa: E402
from mitoyen.gate.messages import Fault, decode  # noqa: E402
from mitoyen.gate.together import Busy  # noqa: E402
from mitoyen.history.faults import refusal_for  # noqa: E402
from mitoyen.ledger.refusal import Refused  # noqa: E402

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = dict[bytes, bytes]

LARGEST_BODY = 10 * 1024 * 1024
MOST_UNREAD, WAITED_FOR_S = 32 * 1024 * 1024, 0.5
TRY_AGAIN_S = b"30"
TO_UPLINKS, TO_DATASTREAMS = "/v1/uplinks", "/v1/datastreams/"
# How long one thread may keep Python to itself when another wants it: requests are read while others are written.
SWITCH_S = 0.0005
sys.setswitchinterval(SWITCH_S)
webhooks.start()

logger = logging.getLogger(__name__)


class Answer(Exception):
    """An answer that ends the request: status, content, further headers."""

    def __init__(self, status: int, content: object, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.status, self.content, self.headers = status, content, headers


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        return
    try:
        answer = await _route(scope, receive)
    except Answer as early:
        answer = early
    body = msgspec.json.encode(answer.content)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _route(scope: dict[str, Any], receive: Receive) -> Answer:
    path, method = scope["path"], scope["method"]
    to_uplinks = path == TO_UPLINKS or path.startswith(TO_UPLINKS + "/")
    to_datastream = path.startswith(TO_DATASTREAMS)
    if path == "/v1/observations" and method == "POST":
        return await _take_observations(dict(scope["headers"]), receive)
    if to_uplinks and method == "POST":
        return await _take_uplink(path[len(TO_UPLINKS) + 1 :], dict(scope["headers"]), receive)
    if to_datastream and method == "GET":
        return await _tell(path[len(TO_DATASTREAMS) :], dict(scope["headers"]))
    if path == "/health" and method in ("GET", "HEAD"):
        return Answer(200, {"status": "ok"})
    says = "Use GET /health, POST /v1/observations, POST /v1/uplinks/FORMAT or GET /v1/datastreams/THING/PROPERTY."
    known = path in ("/health", "/v1/observations") or to_uplinks or to_datastream
    raise Answer(405, {"error": says}) if known else Answer(404, {"error": f"There is nothing here. {says}"})


async def _take_observations(headers: Headers, receive: Receive) -> Answer:
    holder = _holder(headers, OBSERVATIONS)
    body = await _body(headers, receive, LARGEST_BODY)
    try:
        return Answer(200, await intake.take(intake.Given(decode(body), *holder)))
    except Fault as fault:
        raise Answer(400, {"error": str(fault), "taken": 0}) from fault
    except Forbidden as forbidden:
        raise Answer(403, {"error": str(forbidden), "taken": 0}) from forbidden
    except (Busy, *careful.TROUBLE) as trouble:
        raise _later(trouble, {"taken": 0}) from trouble


async def _take_uplink(form: str, headers: Headers, receive: Receive) -> Answer:
    holder = _holder(headers, UPLINKS)
    if form and not webhooks.known(form):
        raise Answer(404, {"error": f"The format {form[:40]!r} is not known; mitoyen uplinks formats lists them."})
    try:
        holder.limits.require_format(form)
        body = await _body(headers, receive, webhooks.LARGEST_BODY)
        return Answer(*await webhooks.take(body, form, holder))
    except Forbidden as forbidden:
        raise Answer(403, {"error": str(forbidden)}) from forbidden
    except (Busy, *careful.TROUBLE) as trouble:
        raise _later(trouble, {}) from trouble


async def _tell(name: str, headers: Headers) -> Answer:
    holder = _holder(headers, READ)
    try:
        return Answer(200, await asking.tell(name, holder.limits))
    except asking.Unknown as unknown:
        raise Answer(404, {"error": f"{name[:100]!r} is not a known datastream (thing/property)."}) from unknown
    except Forbidden as forbidden:
        raise Answer(403, {"error": str(forbidden)}) from forbidden
    except (Busy, *careful.TROUBLE) as trouble:
        raise _later(trouble, {}) from trouble


def _later(trouble: Exception, more: dict[str, object]) -> Answer:
    """That the same is to be sent again in a while: nothing was taken."""
    if isinstance(trouble, Busy):
        says = "Too much waits to be written."
    else:
        with translation.override("en"):
            told = trouble if isinstance(trouble, Refused) else refusal_for(trouble)
        # A database's own words are for the log.
        logger.error("Nothing can be kept now.", exc_info=trouble)
        says = str(told or "Nothing can be kept now.")
    return Answer(503, {"error": says, **more}, ((b"retry-after", TRY_AGAIN_S),))


def _holder(headers: Headers, right: str) -> keys.Holder:
    """Whose key a request bears, in the ways that network servers can be told to send one; it must have the right."""
    authorization, other = headers.get(b"authorization", b""), headers.get(b"x-api-key", b"")
    file = settings.MITOYEN_HOME / "gate.keys"
    holder = keys.holder_of(file, authorization.decode("latin-1"), other.decode("latin-1"))
    if holder is None:
        raise Answer(401, {"error": "Send a known key: Authorization: Bearer KEY (mitoyen gate-key NAME makes one)."})
    try:
        holder.limits.require(right)
    except Forbidden as forbidden:
        raise Answer(403, {"error": str(forbidden)}) from forbidden
    return holder


async def _body(headers: Headers, receive: Receive, largest: int) -> bytes:
    stated = headers.get(b"content-length", b"0")
    if stated.isdigit() and int(stated) > largest:
        await _let_finish(receive)
        raise Answer(413, {"error": f"At most {largest} bytes a request."})
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Answer(400, {"error": "The request broke off."})
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > largest:
            if message.get("more_body"):
                await _let_finish(receive)
            raise Answer(413, {"error": f"At most {largest} bytes a request."})
        if not message.get("more_body"):
            return b"".join(parts)


async def _let_finish(receive: Receive) -> None:
    """Let a sender send what it has begun, within bounds: one still sending would see a broken link, not the answer.

    One that waits for the answer before it sends gets it soon.
    """
    left = MOST_UNREAD
    while left > 0:
        try:
            message = await asyncio.wait_for(receive(), WAITED_FOR_S)
        except TimeoutError:
            return
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return
        left -= len(message.get("body", b""))
