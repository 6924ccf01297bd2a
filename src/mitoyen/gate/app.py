"""The machines' door: `GET /health` and `POST /v1/observations`, acknowledged after the journal's commit."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mitoyen.settings")
django.setup()

import msgspec  # noqa: E402
from django.conf import settings  # noqa: E402

from mitoyen.gate import intake, keys  # noqa: E402
from mitoyen.gate.messages import Fault, decode  # noqa: E402
from mitoyen.gate.together import Busy  # noqa: E402
from mitoyen.ledger.refusal import Refused  # noqa: E402

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

LARGEST_BODY = 10 * 1024 * 1024
TRY_AGAIN_S = b"30"


class Answer(Exception):
    """An answer that ends the request: status, content, further headers."""

    def __init__(self, status: int, content: object, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.status, self.content, self.headers = status, content, headers


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] != "http":
        return
    try:
        content = await _route(scope, receive)
        answer = Answer(200, content)
    except Answer as early:
        answer = early
    body = msgspec.json.encode(answer.content)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _route(scope: dict[str, Any], receive: Receive) -> object:
    match scope["path"], scope["method"]:
        case "/health", "GET" | "HEAD":
            return {"status": "ok"}
        case "/v1/observations", "POST":
            return await _take_observations(scope, receive)
        case "/health" | "/v1/observations", _:
            raise Answer(405, {"error": "Use GET /health or POST /v1/observations."})
    raise Answer(404, {"error": "There is nothing here. Use GET /health or POST /v1/observations."})


async def _take_observations(scope: dict[str, Any], receive: Receive) -> object:
    headers = dict(scope["headers"])
    owner = keys.owner_of(settings.MITOYEN_HOME / "gate.keys", headers.get(b"authorization", b"").decode("latin-1"))
    if owner is None:
        raise Answer(401, {"error": "Send a known key: Authorization: Bearer KEY (mitoyen gate-key NAME makes one)."})
    try:
        columns = decode(await _body(headers, receive))
        return await intake.take(columns, owner)
    except Fault as fault:
        raise Answer(400, {"error": str(fault), "taken": 0}) from fault
    except Busy as busy:
        raise Answer(
            503, {"error": "Too much waits to be written.", "taken": 0}, ((b"retry-after", TRY_AGAIN_S),)
        ) from busy
    except Refused as refusal:
        raise Answer(503, {"error": str(refusal), "taken": 0}, ((b"retry-after", TRY_AGAIN_S),)) from refusal


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes:
    stated = headers.get(b"content-length", b"0")
    if stated.isdigit() and int(stated) > LARGEST_BODY:
        raise Answer(413, {"error": f"At most {LARGEST_BODY} bytes a request."})
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Answer(400, {"error": "The request broke off."})
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LARGEST_BODY:
            raise Answer(413, {"error": f"At most {LARGEST_BODY} bytes a request."})
        if not message.get("more_body"):
            return b"".join(parts)
