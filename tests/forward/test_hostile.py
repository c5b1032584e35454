"""Every hostile client of `proof.hostile` at once, on each database engine: how its calls end, and that the others notice nothing.

The clock stands still until everything is done that needs no time; so whoever waits for a hostile client is found out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from odzew.clock import SECOND, FixedClock
from odzew.forward.call import KIB
from odzew.forward.engine import Engine
from odzew.forward.exchange import Exchange
from odzew.forward.guard import Guard
from odzew.forward.outcome import OUTCOMES
from odzew.forward.resolver import SystemResolver
from odzew.forward.sender import HttpSender
from odzew.model import Attachment, Attempt, Target
from odzew.store import deliveries
from odzew.store.db import Database
from proof.hostile_certificates import Certificates
from proof.hostile_names import ADDRESS, METADATA, HostileNames
from proof.hostile_peer import Peer
from proof.hostile_rows import ROWS, Row
from tests.forward.builders import Gateway
from tests.forward.client import Client
from tests.forward.inline import turn

EACH = 2  # messages for each hostile client
GOOD = 3
GOOD_EACH = 20
PICTURE = 1024 * KIB
LONGEST = 18.0  # seconds that a call with such a picture may take, and a little more
CHANGES = next(row for row in ROWS if len(row.expected) > 1 and not row.either)


def needs_time(row: Row) -> bool:
    return any(outcome.startswith("timeout") for outcome in row.expected)


class Town:
    """An engine with the real sender and the real resolver; all the hostile clients, and an honest one with several targets."""

    def __init__(self, db: Database, clock: FixedClock, client: Client, certificates: Certificates) -> None:
        self.clock = clock
        self.client = client
        self.names = HostileNames(hangs=None)
        self.resolver = SystemResolver(clock, lookup=self.names)
        self.sender = HttpSender(clock, self.resolver, Guard())
        self.setting = Gateway(db, clock)
        self.done = 0
        exchange = Exchange(self.setting.db, clock, self.sender, lambda reference: None)
        self.engine = Engine(self.setting.db, clock, exchange, lambda: self.setting.present.directory, attempted=self._attempted)
        self.peers = [Peer(row, clock, certificates) for row in ROWS]
        self.targets: dict[str, Target] = {}
        self.owed: dict[str, list[int]] = {}
        self._authority = str(certificates.authority)

    def _attempted(self, *told: object) -> None:
        self.done += 1

    async def start(self) -> None:
        honest = await self.setting.an_account("honest", forward_allow=("127.0.0.1",))
        hostile = await self.setting.an_account("hostile", forward_allow=(ADDRESS,))
        for number in range(GOOD):
            url = f"http://127.0.0.1:{self.client.port}/{number}?id=#ID#"
            self.targets[f"good {number}"] = await self.setting.a_target(url=url, account=honest, name=f"good {number}")
        for peer in self.peers:
            row = (await peer.start()).row
            self.targets[row.name] = await self.setting.a_target(
                url=row.url(peer.port), account=hostile, name=row.name, for_kind="mms" if row.mms else "sms",
                ca=self._authority if row.https else None, retry_minutes=(10_000.0,),
            )  # fmt: skip
        await self.setting.present.refresh()
        self.engine.start()
        await self.setting.quiet()

    async def owe(self, name: str, count: int, mms: bool = False) -> None:
        more = {"kind": "mms", "attachments": [Attachment("a.jpg", "image/jpeg", bytes(PICTURE))]} if mms else {}
        self.owed.setdefault(name, []).extend(await self.setting.owe(self.targets[name], count, offer=False, **more))
        self.engine.look()

    async def after(self, attempts: int) -> None:
        """Waits, while the clock stands still, until so many attempts have been made and stored."""
        await patiently(lambda: self.done >= attempts)
        await self.setting.quiet()

    async def attempts(self, name: str) -> list[Attempt]:
        return [attempt for key in self.owed[name] for attempt in await self.setting.db.read(deliveries.attempts, key)]

    async def stop(self) -> None:
        self.names.let_go.set()
        stopping = asyncio.ensure_future(self.engine.stop(0.0))
        while not stopping.done():  # after a failed test calls may still be in flight
            self.clock.advance(0.0)
            await turn()
        await stopping
        await self.sender.close()
        self.resolver.close()
        for peer in self.peers:
            await peer.stop()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(Path(tmp_path_factory.mktemp("certificates"))).make()


@pytest.fixture
async def town(db: Database, clock: FixedClock, client: Client, certificates: Certificates) -> AsyncIterator[Town]:
    town = Town(db, clock, client, certificates)
    await town.start()
    yield town
    await town.stop()


async def test_every_hostile_client_gets_its_outcome_and_nobody_else_notices(town: Town, clock: FixedClock) -> None:
    for row in ROWS:
        await town.owe(row.name, EACH, row.mms)
    for number in range(GOOD):
        await town.owe(f"good {number}", GOOD_EACH)
    quick = sum(EACH for row in ROWS if not needs_time(row))
    begun = clock.now()
    await town.after(quick + GOOD * GOOD_EACH)
    states = await town.setting.states()
    assert {states[key] for number in range(GOOD) for key in town.owed[f"good {number}"]} == {"delivered"}
    assert clock.now() == begun, "none of them waited for anybody"

    slow = [peer for peer in town.peers if needs_time(peer.row) and peer.row.script is not None]
    await patiently(lambda: all(peer.visits >= EACH for peer in slow))
    everything = len(ROWS) * EACH + GOOD * GOOD_EACH
    while town.done < everything:
        assert clock.now() - begun < LONGEST * SECOND, "a call goes on for longer than it may"
        clock.advance(1.0)
        await town.setting.quiet()
    clock.advance(31.0)  # what was remembered of a name is forgotten
    await town.owe(CHANGES.name, 1)
    await town.after(everything + 1)

    found = {row.name: {attempt.outcome for attempt in await town.attempts(row.name)} for row in ROWS}
    assert {name: one for name, one in found.items() if not _either(name)} == {
        row.name: set(row.expected) for row in ROWS if not row.either
    }
    assert all(found[row.name] <= set(row.expected) for row in ROWS)
    reached = {attempt.address for row in ROWS for attempt in await town.attempts(row.name)}
    assert reached <= {ADDRESS, ""}
    assert [fault for peer in town.peers for fault in peer.faults] == []


async def patiently(condition: Callable[[], bool]) -> None:
    """Waits until something has happened that threads and a disk have a part in: at each turn they are let run."""
    loop = asyncio.get_running_loop()
    while not condition():
        await loop.run_in_executor(None, lambda: None)


def _either(name: str) -> bool:
    return next(row for row in ROWS if row.name == name).either


def test_the_rows_say_what_can_happen() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {outcome for row in ROWS for outcome in row.expected} <= set(OUTCOMES)
    assert CHANGES.host.startswith("changes")


def test_the_names_are_what_the_rows_need() -> None:
    names = HostileNames()
    names.let_go.set()
    assert [names("changes.hostile.test") for _ in range(3)] == [[ADDRESS], [METADATA], [METADATA]]
    first, second = names("many.hostile.test"), names("many.hostile.test")
    assert (len(first), len(set(first) | set(second))) == (10_000, 20_000)
    for host in ("later.hostile.test", "hangs.hostile.test"):
        with pytest.raises(OSError, match="Temporary"):
            names(host)
