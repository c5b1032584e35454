"""An ASGI caller in the same process: a table of cases needs no socket."""

from __future__ import annotations

import json
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from odzew.access.request import App

HERE = "192.0.2.10"


@dataclass
class Answer:
    """What the application answered; `status` 0: nothing. `read` is how many pieces of the body it took."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def call(
    app: App,
    method: str,
    url: str,
    body: bytes | Iterable[bytes] = b"",
    headers: Iterable[tuple[bytes, bytes]] = (),
    address: str = HERE,
    hangs_up: bool = False,
) -> Answer:
    """One request. A body of several pieces comes as chunks without a length; with `hangs_up` the caller is gone after them."""
    path, _, query = url.partition("?")
    pieces = [body] if isinstance(body, bytes) else list(body)
    answer = Answer()

    async def receive() -> MutableMapping[str, Any]:
        if answer.read == len(pieces):
            return {"type": "http.disconnect"}
        piece = pieces[answer.read]
        answer.read += 1
        return {"type": "http.request", "body": piece, "more_body": answer.read < len(pieces) or hangs_up}

    async def send(event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            answer.status, answer.headers = event["status"], dict(event["headers"])
        else:
            answer.body += event["body"]

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": list(headers),
        "client": (address, 4711),
    }
    await app(scope, receive, send)
    return answer


def with_token(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", b"Bearer " + token.encode("latin-1"))]
