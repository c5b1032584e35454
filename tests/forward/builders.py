"""A forwarding process for tests: a real engine over a real database, with a sender that plays a script and keeps a record."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from odzew.clock import MINUTE, FixedClock
from odzew.errors import StoreUnavailable
from odzew.forward.call import Answer, Call, StreamedBody
from odzew.forward.engine import Engine, EngineLimits
from odzew.forward.exchange import Exchange
from odzew.forward.outcome import of_status
from odzew.model import Account, Attachment, Attempt, Kind, Message, Owed, Target
from odzew.store import deliveries, messages
from odzew.store.changes import bump
from odzew.store.db import Database, MakeUnit, Request, reserve, statement
from odzew.store.directory import Present
from odzew.store.leases import Fence
from odzew.store.people import save_accounts
from odzew.store.targets import remove_targets, save_targets
from tests.forward.inline import turn

SECRET = "whsec_" + "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="


def a_message(
    text: str = "AUTO 1", *, kind: Kind = "nd", number: int = 1, account: int = 1, received_at: int = 1_413_883_083_000_000, **rest: Any
) -> Message:
    sender, recipient = rest.pop("sender", "+48500600700"), rest.pop("recipient", "+48664078059")
    return Message(number, kind, account, sender, recipient, text, received_at, **rest)


def an_account(number: int = 1, **rest: Any) -> Account:
    return Account(number, rest.pop("name", f"account-{number}"), **rest)


def a_target(url: str = "http://client.example/in?id=#ID#", *, account: int = 1, number: int = 1, **rest: Any) -> Target:
    return Target(number, account, "account", account, rest.pop("for_kind", "sms"), rest.pop("name", url), url, **rest)


class Watched:
    """A database as one process sees it: it can be away, and the process can be killed between any two of its answers."""

    shared = False

    def __init__(self, inner: Database) -> None:
        self.inner = inner
        self.away: set[str] = set()
        self.answers_lost = 0  # so many commits succeed and are told as failures
        self.gates: dict[str, asyncio.Event] = {}  # by unit: its answer is held back until the event is set
        self.killed = False
        self.under_way = 0
        self.moves = 0
        self.writes: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()

    @property
    def engine(self) -> Literal["sqlite", "postgres"]:
        return self.inner.engine

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        value = await self._run("write", self.inner.write, unit, args)
        self.writes[unit.__name__] += 1
        if self.answers_lost:
            self.answers_lost -= 1
            raise StoreUnavailable("the connection was lost before the answer came")
        return value

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        self.reads[unit.__name__] += 1
        return await self._run("read", self.inner.read, unit, args)

    async def _run(self, kind: str, run: Callable[..., Any], unit: MakeUnit, args: Sequence[Any]) -> Any:
        self.moves += 1
        await self._die_if_killed()
        if kind in self.away:
            raise StoreUnavailable("the database is away")
        self.under_way += 1
        try:
            value = await run(unit, *args)
        finally:
            self.under_way -= 1
            self.moves += 1
        await self._die_if_killed()
        if unit.__name__ in self.gates:
            await self.gates[unit.__name__].wait()
        return value

    async def _die_if_killed(self) -> None:
        if self.killed:
            await asyncio.get_running_loop().create_future()

    async def version(self) -> int:
        return await self.inner.version()

    async def migrate(self) -> list[str]:
        return await self.inner.migrate()

    def listen(self, heard: Callable[[str], None]) -> None:
        self.inner.listen(heard)

    async def look(self) -> None:
        await self.inner.look()

    async def close(self) -> None:
        """The database belongs to the test."""


class Share:
    """What a process holds, as a test says. `fence` is the proof for all of it."""

    def __init__(self, fence: Fence | None = None) -> None:
        self.proof = fence
        self.ours: Callable[[int], bool] = lambda target: True
        self.seconds = float("inf")

    def holds(self, target_id: int) -> bool:
        return self.ours(target_id)

    def fence(self, target_id: int) -> Fence | None:
        return self.proof

    def left(self, target_id: int) -> float:
        return self.seconds if self.ours(target_id) else 0.0


@dataclass(slots=True)
class Made:
    """One call as the client saw it."""

    delivery: int
    at: int
    host: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class ScriptedSender:
    """The sender's port. `status` and `seconds` say for each call what the client answers and how long it takes."""

    clock: FixedClock
    status: Callable[[Made], int] = lambda made: 200
    seconds: Callable[[Made], float] = lambda made: 0.0
    body: bytes = b"OK"
    made: list[Made] = field(default_factory=list)
    in_flight: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)
    twice: list[int] = field(default_factory=list)  # deliveries that were in flight twice at a time
    killed: bool = False
    moves: int = 0
    _deliveries: set[int] = field(default_factory=set)

    def begin(self, call: Call, done: object) -> None:
        """Every call needs a task here."""

    async def send(self, call: Call) -> Answer:
        if self.killed:
            await asyncio.get_running_loop().create_future()
        headers = {name.lower(): value for name, value in call.headers}
        delivery = int(headers["webhook-id"].removeprefix("msg_"))
        made = Made(delivery, self.clock.now(), call.host, call.method, call.target.decode(), headers)
        self.made.append(made)
        self.moves += 1
        if delivery in self._deliveries:
            self.twice.append(delivery)
        self._deliveries.add(delivery)
        self._count(call, 1)
        try:
            if isinstance(call.body, StreamedBody):
                made.body = b"".join([piece async for piece in call.body.slices])
                assert len(made.body) == call.body.length
            if (seconds := self.seconds(made)) > 0:
                await self.clock.sleep(seconds)
            else:
                await turn()
        finally:
            self._deliveries.discard(delivery)
            self._count(call, -1)
            self.moves += 1
        status = self.status(made)
        return Answer(of_status(status), status, self.body, self.body, address="192.0.2.1")

    def _count(self, call: Call, by: int) -> None:
        for key in ("all", f"account {call.account}", call.host):
            self.in_flight[key] += by
            self.most[key] = max(self.most[key], self.in_flight[key])

    async def close(self) -> None:
        """There is nothing to close."""

    def minutes(self, since: int, delivery: int | None = None) -> list[float]:
        """When calls were made, in minutes."""
        return [(made.at - since) / MINUTE for made in self.made if delivery in (None, made.delivery)]

    def delivered_to(self, host: str) -> list[int]:
        return [made.delivery for made in self.made if made.host == host]


class Gateway:
    """One process that forwards. What another one has left in the database it finds there."""

    def __init__(
        self, db: Database, clock: FixedClock, sender: ScriptedSender | None = None, limits: EngineLimits | None = None, **rest: Any
    ) -> None:
        self.db = Watched(db)
        self.clock = clock
        self.sender = sender or ScriptedSender(clock)
        self.present = Present(self.db)
        self.attempted: list[Attempt] = []
        self.exchange = Exchange(self.db, clock, self.sender, rest.pop("secret_of", lambda reference: None))
        self.engine = Engine(
            self.db, clock, self.exchange, lambda: self.present.directory, limits,
            attempted=lambda owed, attempt, result: self.attempted.append(attempt), **rest,
        )  # fmt: skip

    async def start(self) -> Gateway:
        await self.present.refresh()
        self.engine.start()
        await self.quiet()
        return self

    async def stop(self) -> None:
        """As at the end of the process; calls in flight get no time."""
        stopping = asyncio.ensure_future(self.engine.stop(0.0))
        while not stopping.done():
            self.clock.advance(0.0)
            await turn()
        await stopping

    async def kill(self) -> None:
        """As by SIGKILL: not another word reaches the database or a client."""
        self.db.killed = self.sender.killed = True
        here = asyncio.current_task()
        mine = [task for task in asyncio.all_tasks() if task is not here and task.get_name().startswith("odzew-")]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    # --- what is set up ----------------------------------------------------------------------------------------------

    async def an_account(self, name: str = "acme", **rest: Any) -> int:
        ids: dict[str, int] = await self.db.inner.write(_save_account, Account(0, name, **rest))
        await self.present.refresh()
        return ids[name]

    async def a_target(self, host: str = "client.example", account: int | None = None, **rest: Any) -> Target:
        if account is None:
            known = [found.id for found in self.present.directory.accounts.values()]
            account = known[0] if known else await self.an_account()
        url = rest.pop("url", f"http://{host}/in?id=#ID#&t=#WIADOMOSC#")
        wanted = a_target(url, account=account, name=rest.pop("name", host), **rest)
        await self.db.inner.write(_save_target, wanted)
        return await self._saved(wanted)

    async def edit(self, target: Target, wake: bool = True, **changes: Any) -> Target:
        """Changes a target as a person would."""
        await self.db.inner.write(_save_target, replace(target, **changes))
        saved = await self._saved(target)
        if wake:
            self.engine.wake()
            await self.quiet()
        return saved

    async def remove(self, target: Target) -> None:
        await self.db.inner.write(_remove_target, target.id)
        await self.present.refresh()
        self.engine.wake()
        await self.quiet()

    async def _saved(self, target: Target) -> Target:
        directory = await self.present.refresh()
        return next(t for t in directory.levels["account", target.account_id] if (t.name, t.for_kind) == (target.name, target.for_kind))

    # --- what comes in -----------------------------------------------------------------------------------------------

    async def owe(self, target: Target, count: int = 1, *, offer: bool = True, **message: Any) -> list[int]:
        """Stores messages that are owed to the target, and offers them; gives the ids of the deliveries."""
        owed: list[Owed] = await self.db.inner.write(_owe, target, count, {"at": self.clock.now(), **message})
        if offer:
            self.engine.offer(owed)
        return [one.delivery_id for one in owed]

    # --- what passes -------------------------------------------------------------------------------------------------

    async def quiet(self, turns: int = 25) -> None:
        """Waits until nothing moves any more but the clock."""
        still = 0
        while still < turns:
            before = (self.db.moves, self.sender.moves)
            await turn()
            still = 0 if self.db.under_way or before != (self.db.moves, self.sender.moves) else still + 1

    async def advance(self, *, minutes: float = 0, seconds: float = 0) -> None:
        """Lets time pass, from one planned instant to the next."""
        left = minutes * 60 + seconds
        while True:
            await self.quiet()
            step = self.clock.next_due()
            if step is None or step > left:
                break
            self.clock.advance(step)
            left -= step
        self.clock.advance(left)
        await self.quiet()

    # --- what is stored ----------------------------------------------------------------------------------------------

    async def states(self) -> dict[int, str]:
        rows = await self.db.inner.read(statement, "SELECT id, state FROM deliveries ORDER BY id")
        return {row[0]: row[1] for row in rows}

    async def ends(self) -> dict[int, str]:
        """Why deliveries ended, or how their last attempt did."""
        rows = await self.db.inner.read(statement, "SELECT id, outcome FROM deliveries ORDER BY id")
        return {row[0]: row[1] for row in rows}

    async def owed(self) -> set[int]:
        return {row[0] for row in await self.db.inner.read(statement, "SELECT delivery_id FROM owed")}

    async def attempts(self, delivery: int) -> list[Attempt]:
        found: list[Attempt] = await self.db.inner.read(deliveries.attempts, delivery)
        return found


Unit = Generator[Request, Any, Any]


def _save_account(account: Account) -> Unit:
    ids = yield from save_accounts([account])
    yield from bump("directory")
    return ids


def _save_target(target: Target) -> Unit:
    yield from save_targets([target])
    yield from bump("targets")


def _remove_target(target_id: int) -> Unit:
    yield from remove_targets([target_id])
    yield from bump("targets")


def _owe(target: Target, count: int, fields: dict[str, Any]) -> Unit:
    attachments: Sequence[Attachment] = fields.pop("attachments", ())
    now = fields.pop("at")
    ids = yield from reserve("messages", count)
    made = [a_message(number=key, account=target.account_id, received_at=now, **fields) for key in ids]
    yield from messages.add(made)
    if attachments:
        yield from messages.add_attachments([(message.id, attachments) for message in made])
    keys = yield from reserve("deliveries", count)
    owed = [Owed(key, target.id, target.account_id, message.id, now, message=message) for key, message in zip(keys, made, strict=True)]
    yield from deliveries.owe(owed)
    return owed
