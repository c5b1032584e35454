"""Fresh messages at a steady rate, to many targets in turn, and how long each took from when it was due until its URL had answered.

The source and the clients' URLs are one process and go by one clock; the server is another.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from odzew.clock import Clock
from proof import words
from proof.http import Connection, push
from proof.sink import Called, Sink

CONNECTIONS: Final = 64  # so many that a push hardly ever waits for another one's answer
ARRIVES_WITHIN: Final = 60.0  # seconds, the last of them
_serial = re.compile(rb"text=serial%20([0-9]+)%20").search


class NotArrived(Exception):
    """A message did not reach its URL."""


@dataclass
class Flow:
    """`recipients`: the number each message is sent to, in turn. `due`: serial number -> when it was to be pushed (monotonic clock)."""

    clock: Clock
    port: int
    rate: float
    recipients: Sequence[str]
    due: dict[int, float] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def place_of(self, serial: int) -> int:
        """The place of its recipient among all."""
        return serial % len(self.recipients)

    async def run(self, seconds: float | None = None) -> None:
        """Pushes for so long, or until `stop` is set. AssertionError where a push is refused."""
        free: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(CONNECTIONS):
            free.put_nowait(await Connection(self.port).__aenter__())
        begun = self.clock.monotonic()
        try:
            async with asyncio.TaskGroup() as pushes:
                for number in itertools.count():
                    due = begun + number / self.rate
                    if seconds is not None and due >= begun + seconds:
                        break
                    if await self.clock.wait(self.stop, max(0.0, due - self.clock.monotonic())):
                        break
                    self.due[number] = due
                    pushes.create_task(self._push(number, free))
        finally:
            while not free.empty():
                free.get_nowait().close()

    async def _push(self, serial: int, free: asyncio.Queue[Connection]) -> None:
        connection = await free.get()
        item = {"from": "+48500600700", "to": self.recipients[self.place_of(serial)], "text": f"serial {serial} of the flow"}
        reply = await connection.exchange(push(item | {"id": f"flow-{serial}"}))
        if reply.status != 200:
            raise AssertionError(reply)
        free.put_nowait(connection)

    async def waits(self, sinks: Sequence[Sink], since: float = 0.0, wanted: Callable[[int], bool] = lambda place: True) -> list[float]:
        """Seconds that each message took which was due `since` so many seconds after the first, to places that are `wanted`.

        Waits for those that are still on their way. NotArrived.
        """
        first = min(self.due.values())
        asked = {serial for serial, due in self.due.items() if due >= first + since and wanted(self.place_of(serial))}
        found: dict[int, float] = {}
        try:
            async with self.clock.deadline(ARRIVES_WITHIN):
                while asked - found.keys():
                    found = answered(called for sink in sinks for called in list(sink.calls))
                    await self.clock.sleep(0.5)
        except TimeoutError:
            raise NotArrived(f"{len(asked - found.keys())} of {len(asked)} messages did not arrive") from None
        return [found[serial] - self.due[serial] for serial in sorted(asked)]


def answered(calls: Iterable[Called]) -> dict[int, float]:
    """Serial number -> when its first good answer was given."""
    found: dict[int, float] = {}
    for called in calls:
        if called.answered is not None and not called.failed and (serial := _serial(called.query)):
            number = int(serial[1])
            found[number] = min(found.get(number, called.answered), called.answered)
    return found


def own_numbers(accounts: int, places: int = words.OWN) -> list[str]:
    """The own numbers of the first accounts of the set-up: account after account, place after place."""
    return [words.own_number(account, place) for account in range(1, accounts + 1) for place in range(places)]
