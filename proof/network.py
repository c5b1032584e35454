"""A network that keeps pushing, and pushes again what it had no answer for, with the same ids: what is acknowledged is written down."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from odzew.clock import Clock
from proof import words
from proof.http import Broken, Connection, push

LONGEST_LIST: Final = 10
WITHOUT_ID: Final = 0.2  # share of messages whose source gives no id


@dataclass
class Network:
    """Every message holds a serial number. `acknowledged`: serial -> id of the message; `again`: pushes that are not answered yet."""

    clock: Clock
    targets: int
    acknowledged: dict[int, int] = field(default_factory=dict)
    again: list[list[dict[str, Any]]] = field(default_factory=list)
    repeated_without_id: int = 0
    refused: int = 0
    _serials: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _chance: random.Random = field(default_factory=lambda: random.Random(2))

    async def push_until(self, port: int, stop: asyncio.Event, connections: int = 8) -> None:
        """Pushes over several connections until told to stop or until nobody answers any more."""
        await asyncio.gather(*(self._connection(port, stop) for _ in range(connections)))

    async def push_rest(self, port: int) -> None:
        """Pushes what is not answered yet, once each; 503 leaves it for later."""
        async with Connection(port) as connection:
            for _ in range(len(self.again)):
                await self._one(connection, self.again.pop(0))

    async def push_one(self, port: int) -> None:
        """Pushes one new message."""
        async with Connection(port) as connection:
            await self._one(connection, [self._item()])

    async def _connection(self, port: int, stop: asyncio.Event) -> None:
        with suppress(Broken):  # nobody listens (any more)
            async with Connection(port) as connection:
                while not stop.is_set():
                    items = self.again.pop() if self.again else [self._item() for _ in range(self._chance.randint(1, LONGEST_LIST))]
                    if not await self._one(connection, items):
                        return

    async def _one(self, connection: Connection, items: list[dict[str, Any]]) -> bool:
        try:
            reply = await connection.exchange(push(items))
        except Broken:
            self.again.append(items)
            self.repeated_without_id += sum(1 for item in items if "id" not in item)
            return False
        if reply.status == 503:  # nothing of it is stored
            self.refused += 1
            self.again.append(items)
            return True
        if reply.status != 200:
            raise AssertionError(reply)
        for item, answer in zip(items, reply.json()["items"], strict=True):
            self.acknowledged[int(item["text"].split()[1])] = answer["id"]
        return True

    def _item(self) -> dict[str, Any]:
        serial = next(self._serials)
        sender, recipient = f"+48600{serial % 1_000_000:06d}", words.own_number(1, serial % self.targets)
        item = {"from": sender, "to": recipient, "text": f"serial {serial} of the network"}
        return item if self._chance.random() < WITHOUT_ID else item | {"id": f"serial-{serial}"}
