"""An aggregator that pushes messages to `POST /ingest/<source>` (contract 7), and pushes again what was not taken for now."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from odzew.clock import Clock
from odzew.errors import OdzewError
from odzew.simulate.http import Address, Reply, Unanswered, request

LATER: Final = (429, 503)
AGAIN: Final = 1.0  # seconds until the next try where the answer does not say
LONGEST_WAIT: Final = 30.0


class Refused(OdzewError):
    """The push was refused for good: the same push would be refused again."""


class Aggregator:
    """Pushes over HTTP. Each item has an id of its own, so that one pushed twice is stored once.

    `patience`: seconds for which a push is tried again while it is answered 503 or 429 or not at all. `pushes` counts the tries.
    """

    def __init__(self, clock: Clock, to: Address, source: str, token: str, patience: float = 30.0) -> None:
        self._clock = clock
        self._to = to
        self._path = f"/ingest/{source}"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._patience = patience
        self._prefix = secrets.token_hex(6)
        self._numbers = itertools.count(1)
        self.pushes = 0

    async def push(self, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Pushes a list and gives what became of each item, in its order. Refused; Unanswered when patience has ended."""
        body = msgspec.json.encode([self._with_id(item) for item in items])
        until = self._clock.monotonic() + self._patience
        while True:
            self.pushes += 1
            try:
                reply = await request(self._clock, self._to, "POST", self._path, body, self._headers)
                if reply.status not in LATER:
                    return _items(reply)
                wait, fault = _wait(reply), Unanswered(f"the push was answered {reply.status}: not now")
            except Unanswered as error:
                wait, fault = AGAIN, error
            if self._clock.monotonic() + wait > until:
                raise fault
            await self._clock.sleep(wait)

    def _with_id(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        return item if "id" in item else {**item, "id": f"{self._prefix}-{next(self._numbers)}"}


def _items(reply: Reply) -> list[dict[str, Any]]:
    if reply.status != 200:
        raise Refused(f"the push was answered {reply.status}: {reply.body[:200].decode('utf-8', 'backslashreplace')}")
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


def _wait(reply: Reply) -> float:
    seconds = reply.headers.get("retry-after", "")
    return min(float(seconds), LONGEST_WAIT) if seconds.isascii() and seconds.isdigit() else AGAIN
