"""Outcomes on their way into the database: in groups, kept while it is away, and one that it refuses does not hold up the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Generator, Sequence
from typing import Any

import pytest

from odzew.clock import SECOND, FixedClock
from odzew.forward.ledger import FULL, GROUP, UNSTORABLE, Entry, Ledger
from odzew.model import Attempt, Owed
from odzew.store import deliveries
from odzew.store.db import Request, statement
from odzew.store.deliveries import Ending, Result
from odzew.store.leases import Fence, take
from tests.forward.builders import Watched
from tests.forward.inline import Disk, InlineDatabase, turn

T0 = 1_413_883_083 * SECOND


class Desk:
    """A ledger, and what it told."""

    def __init__(self, clock: FixedClock) -> None:
        self.disk = Disk()
        self.clock = clock
        self.db = Watched(InlineDatabase(self.disk, clock))
        self.groups: list[int] = []
        self.written: list[int] = []
        self.fences = 0
        self.dropped: list[int] = []
        self.ledger = Ledger(self.db, clock, self._written, self._fenced)

    def _written(self, entries: Sequence[Entry]) -> None:
        self.groups.append(len(entries))
        self.written += [e.attempt.delivery_id if isinstance(e, Result) else e.delivery_id for e in entries]

    def _fenced(self, fences: Collection[Fence], entries: Sequence[Entry]) -> None:
        self.fences += 1
        self.dropped += [e.attempt.delivery_id if isinstance(e, Result) else e.delivery_id for e in entries]

    def add(self, *entries: Entry, fence: Fence | None = None) -> None:
        for entry in entries:
            self.ledger.add(entry, fence)

    async def owe(self, count: int) -> None:
        await self.db.inner.write(_owe, [Owed(key, 1, 1, key, T0) for key in range(1, count + 1)])

    async def flush(self) -> None:
        """Lets time pass until all is written."""
        flushing = asyncio.create_task(self.ledger.flush())
        while not flushing.done():
            for _ in range(10):
                await turn()
            self.clock.advance(0.1)
        await flushing

    def states(self) -> dict[int, str]:
        return dict(self.disk.connection.execute("SELECT id, state FROM deliveries ORDER BY id").fetchall())

    def details(self) -> dict[int, str]:
        return dict(self.disk.connection.execute("SELECT delivery_id, detail FROM attempts ORDER BY 1").fetchall())


def _owe(owed: list[Owed]) -> Generator[Request, Any, None]:
    yield from deliveries.owe(owed)


def a_result(key: int, outcome: str = "ok", detail: str = "", status: int | None = 200) -> Result:
    attempt = Attempt(key, 1, T0, 1000, outcome, "http://client.example/", "192.0.2.1", status, b"OK", detail)
    done = outcome == "ok"
    return Result(attempt, 1, "delivered" if done else "pending", T0, 0, None if done else T0 + 300 * SECOND)


@pytest.fixture
async def desk(clock: FixedClock) -> AsyncIterator[Desk]:
    desk = Desk(clock)
    yield desk
    await desk.ledger.give_up()
    desk.disk.close()


async def test_results_and_endings_are_stored_together(desk: Desk) -> None:
    await desk.owe(4)
    desk.add(a_result(1), a_result(2, "http_5xx", status=500), Ending(3, 1, "cancelled", "switched_off", T0 + 9))
    await desk.flush()
    assert desk.states() == {1: "delivered", 2: "pending", 3: "cancelled", 4: "pending"}
    query = "SELECT delivery_id, due_at FROM owed ORDER BY 1"
    assert [tuple(row) for row in await desk.db.read(statement, query)] == [(2, T0 + 300 * SECOND), (4, T0)]
    ended = await desk.db.read(statement, "SELECT id, outcome, slot, ended_at FROM deliveries WHERE state <> 'pending' ORDER BY id")
    assert [tuple(row) for row in ended] == [(1, "ok", 1, T0 + 1000), (3, "switched_off", 0, T0 + 9)]
    assert desk.written == [1, 2, 3]


async def test_what_waits_while_a_commit_runs_is_the_next_group(desk: Desk) -> None:
    await desk.owe(100)
    desk.add(a_result(1))
    await turn()
    for key in range(2, 101):
        desk.add(a_result(key))
    await desk.flush()
    assert desk.groups == [1, 99]
    assert set(desk.states().values()) == {"delivered"}


async def test_a_group_is_bounded_and_so_is_what_waits(desk: Desk) -> None:
    await desk.owe(FULL)
    full = [desk.ledger.is_full]
    desk.add(*map(a_result, range(1, FULL + 1)))
    full.append(desk.ledger.is_full)
    await desk.flush()
    assert desk.groups == [GROUP, FULL - GROUP]
    assert [*full, desk.ledger.is_full] == [False, True, False]


async def test_nothing_is_lost_or_told_while_the_database_is_away(desk: Desk) -> None:
    await desk.owe(3)
    desk.db.away = {"write"}
    desk.add(a_result(1), a_result(2))
    for _ in range(20):
        desk.clock.advance(0.5)
        for _ in range(10):
            await turn()
    assert desk.written == []
    desk.add(a_result(3))
    desk.db.away = set()
    await desk.flush()
    assert desk.written == [1, 2, 3]


async def test_a_delivery_that_was_ended_meanwhile_keeps_its_end(desk: Desk) -> None:
    await desk.owe(1)
    desk.add(Ending(1, 1, "cancelled", "switched_off", T0))
    await desk.flush()
    desk.add(a_result(1, "http_5xx", status=500))
    await desk.flush()
    assert desk.states() == {1: "cancelled"}
    assert await desk.db.read(statement, "SELECT * FROM owed") == []


POISON = (("a lone surrogate", {"detail": "\ud800"}), ("an integer that no column holds", {"status": 1 << 70}))


@pytest.mark.parametrize("fault", [fault for _, fault in POISON], ids=[name for name, _ in POISON])
@pytest.mark.parametrize("position", [1, 500, 1000])
async def test_what_the_database_cannot_store_is_stored_without_details_and_holds_nobody_up(
    desk: Desk, position: int, fault: dict[str, Any]
) -> None:
    await desk.owe(1000)
    desk.add(*(a_result(key, **(fault if key == position else {})) for key in range(1, 1001)))
    await desk.flush()
    assert set(desk.states().values()) == {"delivered"}
    assert sorted(desk.written) == list(range(1, 1001))
    assert {key: detail for key, detail in desk.details().items() if detail} == {position: UNSTORABLE}
    assert len(desk.groups) < 20, "groups are large again after the culprit"


async def test_what_cannot_be_stored_at_all_is_kept_and_its_turn_comes_again(desk: Desk) -> None:
    await desk.owe(3)
    impossible = a_result(2)._replace(served_us=1 << 70)
    desk.add(a_result(1), impossible, a_result(3))
    for _ in range(50):
        desk.clock.advance(0.5)
        for _ in range(10):
            await turn()
    assert sorted(desk.written) == [1, 3]
    assert desk.states() == {1: "delivered", 2: "pending", 3: "delivered"}
    assert len(await desk.ledger.give_up()) == 1


async def test_a_database_that_refuses_everything_loses_nothing(desk: Desk) -> None:
    await desk.owe(5)
    desk.disk.connection.execute("ALTER TABLE deliveries RENAME TO elsewhere")
    desk.add(*map(a_result, range(1, 6)))
    for _ in range(100):
        desk.clock.advance(0.5)
        for _ in range(10):
            await turn()
    assert desk.written == []
    desk.disk.connection.execute("ALTER TABLE elsewhere RENAME TO deliveries")
    await desk.flush()
    assert sorted(desk.written) == [1, 2, 3, 4, 5]
    assert set(desk.states().values()) == {"delivered"}


async def test_what_is_fenced_is_dropped_and_the_rest_is_written(desk: Desk) -> None:
    await desk.owe(4)
    epoch = await desk.db.inner.write(take, "shard:2", "here", 15_000_000)
    desk.add(a_result(1), fence=Fence("shard:1", "here", 1))  # a lease that nobody has
    desk.add(a_result(2), fence=Fence("shard:2", "here", epoch))
    desk.add(a_result(3), fence=Fence("shard:2", "here", epoch - 1))
    desk.add(a_result(4))
    await desk.flush()
    assert (sorted(desk.written), sorted(desk.dropped)) == ([2, 4], [1, 3])
    assert {key for key, state in desk.states().items() if state == "delivered"} == {2, 4}
    assert await desk.ledger.give_up() == []


async def test_giving_up_tells_what_was_not_written(desk: Desk) -> None:
    await desk.owe(2)
    desk.db.away = {"write"}
    desk.add(a_result(1), a_result(2))
    await turn()
    assert [entry.state for entry in await desk.ledger.give_up()] == ["delivered", "delivered"]
    await desk.flush()
    assert desk.written == []

