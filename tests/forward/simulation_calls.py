"""The clients of a simulation: how each host answers, and every call that reached one, with what is known of who made it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from odzew.clock import SECOND
from odzew.forward.call import Answer, Call
from odzew.forward.outcome import Outcome, of_status
from odzew.forward.turns import EngineLimits
from tests.forward.inline import turn

if TYPE_CHECKING:
    from tests.forward.simulation import World
    from tests.forward.simulation_process import Process

LIMITS: Final = EngineLimits(calls=9, calls_per_account=5, calls_per_target=3, lane=4)
LONGEST: Final = 10.0
"""Seconds after which a call is given up."""

_VERSION: Final = re.compile(r"/v([0-9]+)\?")


class Times(NamedTuple):
    """When a schedule's attempts are due, written by hand: seconds after the first one, and the most that jitter adds."""

    minutes: tuple[float, ...]
    basis: str
    slots: tuple[float, ...]
    jitter: float


TIMES: Final = {
    5: Times((0.1, 0.2, 0.3, 1.0), "first", (0, 6, 12, 18, 60), 0.2),
    4: Times((0.1, 0.2, 0.5), "previous", (0, 6, 18, 48), 0.2),
    2: Times((0.5,), "first", (0, 30), 1.0),
    1: Times((), "first", (0,), 0.0),
}
"""By the number of attempts, which every call carries: so each call says by which schedule it was made."""


class Manner(NamedTuple):
    """How a host answers. `status` 0: not at all."""

    status: int = 200
    seconds: float = 0.0
    retry_after: float | None = None


MANNERS: Final = (
    Manner(), Manner(200, 2.0), Manner(200, 8.0), Manner(500), Manner(500, 3.0), Manner(404, 1.0), Manner(503, 0.0, 20.0), Manner(0, 60.0),
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Made:
    """One call as the client saw it. `number` counts from 1 in its round, `earlier` the attempts of the rounds before."""

    delivery: int
    target: int
    host: str
    at: int
    number: int
    of: int
    version: int
    process: str
    epoch: int
    earlier: int = 0
    outcome: Outcome | None = None
    cut: bool = False

    @property
    def is_repeat(self) -> bool:
        return self.number > 1 or self.earlier > 0


class Wire:
    """What the engine may cancel of a call that it has no task of."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def cancel(self) -> None:
        self._task.cancel()


class Line:
    """The sender's port of one process."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process
        self.in_flight: list[Made] = []

    async def send(self, call: Call) -> Answer:
        await self._process.live_on()
        made = self._departs(call)
        try:
            return await self._travels(call, made)
        finally:
            self._over(made)

    def begin(self, call: Call, done: Callable[[Answer], None]) -> Wire | None:
        """Every other delivery is called without a task of the engine's."""
        made = None if self._process.dead else self._made(call)
        if made is None or made.delivery % 2:
            return None
        self._departs(call, made)

        async def travel() -> None:
            done(await self._travels(call, made))

        task = self._process.task(travel(), "a call")
        task.add_done_callback(lambda _: self._over(made))
        return Wire(task)

    def _departs(self, call: Call, made: Made | None = None) -> Made:
        made = made or self._made(call)
        self._world.calls.append(made)
        self.in_flight.append(made)
        self._world.judge.begins(self._process, made)
        return made

    async def _travels(self, call: Call, made: Made) -> Answer:
        process, manner = self._process, self._world.manners[call.host]
        await process.step("the client was called")
        if manner.seconds:
            await process.clock.sleep(min(manner.seconds, LONGEST))
        else:
            await turn()
        outcome: Outcome = of_status(manner.status) if manner.status else "timeout_response"
        await process.step("the client answered")
        made.outcome = outcome
        self._over(made)
        self._world.judge.ended(process, made)
        body = process.name.encode()
        return Answer(outcome, manner.status or None, body, body, address="192.0.2.1", retry_after=manner.retry_after)

    def _over(self, made: Made) -> None:
        made.cut = made.outcome is None
        if made in self.in_flight:
            self.in_flight.remove(made)

    def _made(self, call: Call) -> Made:
        headers = {name.lower(): value for name, value in call.headers}
        delivery = int(headers["webhook-id"].removeprefix("msg_"))
        number, _, of = headers["x-attempt"].partition("/")
        version = _VERSION.search(call.target.decode())
        assert version is not None
        target = self._world.target_of[delivery]
        return Made(
            delivery, target, call.host, self._process.clock.now(), int(number), int(of), int(version[1]), self._process.name,
            self._process.epoch_of(target),
        )  # fmt: skip

    async def close(self) -> None:
        """There is nothing to close."""


def earliest(before: Made, first_at: int, started_at: int) -> tuple[int, int]:
    """When the next attempt after `before`, which began at `started_at`, is due: without jitter, and with the most of it (contract 5.5)."""
    times = TIMES[before.of]
    slot = times.slots[before.number]
    gap = slot - times.slots[before.number - 1]
    by_gap = started_at + round(gap * SECOND)
    by_slot = first_at + round(slot * SECOND)
    return max(by_slot, by_gap), max(by_slot + round(times.jitter * SECOND), by_gap)


def version_of(url: str) -> int:
    """Which edit of a target its URL is of."""
    found = _VERSION.search(url)
    assert found is not None, url
    return int(found[1])


def count(calls: Sequence[Made], **wanted: object) -> int:
    """How many of these calls have all these values."""
    return sum(all(getattr(made, name) == value for name, value in wanted.items()) for made in calls)
