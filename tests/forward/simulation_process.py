"""One forwarding process of a simulation, put together as the service does it; it can be killed, stalled and cut off from its store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import Context, ContextVar, copy_context
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Literal

from odzew.clock import FixedClock
from odzew.errors import StoreError, StoreUnavailable
from odzew.forward import backlog, ledger
from odzew.forward.engine import Engine
from odzew.forward.exchange import Exchange
from odzew.forward.ledger import UNSTORABLE
from odzew.forward.schedule import Schedule
from odzew.forward.shards import MOVED, Shards
from odzew.forward.target_health import TargetHealth
from odzew.store.db import Database, MakeUnit, Notify, Request
from odzew.store.deliveries import Result
from odzew.store.directory import Present
from odzew.store.leases import LASTS
from tests.forward.simulation_calls import LIMITS, LONGEST, TIMES, Line

if TYPE_CHECKING:
    from tests.forward.simulation import World

PROCESS: Final[ContextVar[Process | None]] = ContextVar("PROCESS", default=None)
"""Whose task is running; tasks inherit it."""


class Seam:
    """The store as one process sees it. Before and after each unit of work the process may be killed, stalled or refused."""

    engine: Literal["sqlite"] = "sqlite"

    def __init__(self, inner: Database, world: World, process: Process) -> None:
        self._inner = inner
        self._world = world
        self._process = process
        self.shared = world.shared
        self.away: set[str] = set()  # what fails for now: reads, writes
        self.broken: set[str] = set()  # what fails in a way that is not said to be temporary
        self.lost_answers = 0  # so many commits succeed and are told as failures
        self.refused = 0  # so many details of attempts are refused for good
        self.open = asyncio.Event()  # not set: every question waits
        self.open.set()

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        told: list[str] = []
        value = await self._run("write", self._inner.write, self._watched(unit, told), args, told)
        if self.lost_answers:
            self.lost_answers -= 1
            raise StoreUnavailable("the connection was lost before the answer came")
        return value

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        return await self._run("read", self._inner.read, unit, args)

    async def _run(self, kind: str, run: Callable[..., Any], unit: MakeUnit, args: tuple[Any, ...], told: Sequence[str] = ()) -> Any:
        await self._process.step(f"before a {kind}")
        while not self.open.is_set():
            await self.open.wait()
            await self._process.live_on()
        if kind in self.away:
            raise StoreUnavailable("the store is away")
        if kind in self.broken:
            raise StoreError("the store is broken")
        if self._refuses(unit, args):
            self.refused -= 1
            raise StoreError("these details cannot be stored")
        value = await run(unit, *args)
        self._world.news(told)
        await self._process.step(f"after a {kind}")
        return value

    def _refuses(self, unit: MakeUnit, args: tuple[Any, ...]) -> bool:
        if not self.refused or unit.__name__ != ledger.write.__name__:
            return False
        return any(isinstance(one.entry, Result) and one.entry.attempt.detail != UNSTORABLE for one in args[0])

    def _watched(self, unit: MakeUnit, told: list[str]) -> MakeUnit:
        """The unit, and in its transaction a look at the rows before and after it; what it notifies is told once it is committed."""
        judge = self._world.judge

        @wraps(unit)
        def run(*args: Any) -> Generator[Request, Any, Any]:
            told.clear()
            audited = unit in (ledger.write, backlog.cancel)
            before = (yield from judge.rows()) if audited else None
            value = yield from listening(unit(*args), told)
            if before is not None:
                yield from judge.audit(self._process, before)
            return value

        return run

    async def version(self) -> int:
        return await self._inner.version()

    async def migrate(self) -> list[str]:
        return []

    def listen(self, heard: Callable[[str], None]) -> None:
        """News go by the world."""

    async def look(self) -> None:
        """The same."""

    async def close(self) -> None:
        """The store belongs to the world."""


def listening(unit: Generator[Request, Any, Any], told: list[str]) -> Generator[Request, Any, Any]:
    """The unit; what it notifies is noted in `told`."""
    answer: Any = None
    while True:
        try:
            request = unit.send(answer)
        except StopIteration as end:
            return end.value
        if isinstance(request, Notify):
            told.append(request.name)
        answer = yield request


class Process:
    """`fuse`: how many steps it has to live. `deaf`: notifications do not reach it for now."""

    def __init__(self, world: World, name: str, inner: Database) -> None:
        self.world = world
        self.name = name
        self.clock = FixedClock(world.clock.now())
        self.context: Context = copy_context()
        self.context.run(PROCESS.set, self)
        self.tasks: set[asyncio.Task[Any]] = set()
        self.dead = self.runs = False
        self.fuse: int | None = None
        self.deaf = False
        self.heard: dict[str, None] = {}
        self.world_began = world.clock.monotonic() - self.clock.monotonic()
        self.troubled_until = 0.0  # by the world's clock: until then it may have lost a lease without knowing
        self.late_at = 0  # the last instant at which something of it was late: after a stall, a pause of the store
        self.refreshed_at = 0
        self.awake = asyncio.Event()
        self.awake.set()
        self.line = Line(world, self)
        self.db = Seam(inner, world, self)
        self.present = Present(self.db)
        self.health = TargetHealth(self.db, self.clock, lambda *words: None)
        self.shards = Shards(self.db, self.clock, name) if world.shared else None
        self.engine = Engine(
            self.db, self.clock, Exchange(self.db, self.clock, self.line, lambda reference: None), lambda: self.present.directory, LIMITS,
            Schedule(TIMES[5].minutes), self.health.attempted, self.shards, LONGEST, self.health.is_paused, self.health.ended,
        )  # fmt: skip
        if self.shards is not None:
            self.shards.engine = self

    # --- between its shards and its engine ---------------------------------------------------------------------------

    def gain(self) -> None:
        self.world.judge.forget(self)
        self.engine.gain()

    def lose(self, gone: Callable[[int], bool]) -> None:
        self.world.judge.forget(self)
        self.engine.lose(gone)

    def is_idle(self, mine: Callable[[int], bool]) -> bool:
        return self.engine.is_idle(mine)

    def epoch_of(self, target: int) -> int:
        """The epoch under which it holds a target; 0 where nobody else could."""
        fence = None if self.shards is None else self.shards.fence(target)
        return 0 if fence is None else fence.epoch

    # --- life --------------------------------------------------------------------------------------------------------

    def task(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """A task of this process."""
        return asyncio.get_running_loop().create_task(work, name=name, context=self.context)

    def start(self) -> None:
        self.task(self._start(), "start")

    async def _start(self) -> None:
        await self._read()
        if self.shards is not None:
            await self.shards.look()
            self.task(self.shards.run(), "shards")
        self.engine.start()
        self.task(self.health.run(), "health")
        self.runs = True

    async def stop(self, patience: float) -> None:
        """As at the end of the service."""
        await self.engine.stop(patience)
        if self.shards is not None:
            await self.shards.close()

    def die(self) -> None:
        """As by SIGKILL: not another word reaches the store or a client."""
        self.dead, self.runs, self.fuse = True, False, None
        self.line.in_flight.clear()

    async def buried(self) -> None:
        """Ends what is left of a dead process."""
        while left := [task for task in self.tasks if not task.done()]:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def step(self, where: str) -> None:
        """A place where the process may die or stall."""
        self.world.moves += 1
        if self.fuse is not None and not self.dead:
            self.fuse -= 1
            if self.fuse <= 0:
                self.world.crashed(self, where)
        await self.live_on()

    async def live_on(self) -> None:
        """Never comes back to the dead, and to the stalled when they are awake."""
        while self.dead or not self.awake.is_set():
            if self.dead:
                await asyncio.get_running_loop().create_future()
            await self.awake.wait()

    # --- stalls and stores that hang ---------------------------------------------------------------------------------

    def stall(self, seconds: float) -> None:
        """Stands still, as by SIGSTOP."""
        self.trouble(seconds)
        self.awake.clear()
        self.world.clock.call_later(seconds, self.wake)

    def trouble(self, seconds: float) -> None:
        """For so long it cannot renew its leases."""
        self.troubled_until = max(self.troubled_until, self.world.clock.monotonic() + seconds + LASTS)

    def wake(self) -> None:
        if not self.awake.is_set():
            self.awake.set()
            self.follow()
            self.late_at = self.clock.now()
            self.hear()

    def follow(self) -> None:
        """Its clock goes as far as the world's, unless it is stalled."""
        if self.awake.is_set():
            self.clock.advance(max(0.0, self.world.clock.monotonic() - self.world_began - self.clock.monotonic()))
            self.clock.set_wall(self.world.clock.now())

    def hang(self, seconds: float) -> None:
        """Its store does not answer."""
        self.trouble(seconds)
        self.db.open.clear()
        self.world.clock.call_later(seconds, self.unhang)

    def unhang(self) -> None:
        self.late_at = self.world.clock.now()
        self.db.open.set()

    # --- news --------------------------------------------------------------------------------------------------------

    def hear(self) -> None:
        """Does what the service does when it is notified."""
        if self.deaf or self.dead or not self.runs or not self.awake.is_set():
            return
        heard, self.heard = self.heard, {}
        for name in heard:
            self.context.run(self._hear, *name.partition(":"))

    def _hear(self, word: str, _: str, rest: str) -> None:
        if word == "due" and rest:
            self.engine.expect(int(rest))
        elif word == "due":
            self.engine.look()
        elif word in ("targets", "directory"):
            self.task(self._refresh(), "refresh")
        elif word == MOVED and self.shards is not None:
            self.shards.wake()

    async def _refresh(self) -> None:
        await self._read()
        self.engine.wake()

    async def _read(self) -> None:
        while True:
            try:
                await self.present.refresh()
                await self.health.refresh()
            except StoreError:
                await self.clock.sleep(0.5)
                continue
            self.refreshed_at = self.clock.now()
            return


def task_factory(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **rest: Any) -> asyncio.Task[Any]:
    """Notes whose task it is."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **rest)
    context = rest.get("context")
    process = PROCESS.get() if context is None else context.get(PROCESS)
    if process is not None:
        process.tasks.add(task)
        task.add_done_callback(process.tasks.discard)
    return task
