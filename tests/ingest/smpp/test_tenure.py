"""The binds of a source over several processes: exactly as many as configured, given up in time, taken over soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from odzew.clock import FixedClock
from odzew.ingest.smpp.tenure import LOOK, MARGIN
from odzew.store.db import Database
from odzew.store.leases import LASTS
from odzew.wire.pdu import Command, Status
from tests.ingest.smpp.office import Office, idle, put_source, rows
from tests.ingest.smpp.peer import Smsc, deliver, until

Start = Callable[[str], Awaitable[Office]]


@pytest.fixture
def database_url(pg_migrated: str) -> str:
    """Only what is shared is leased."""
    return pg_migrated


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    smsc = await Smsc().start()
    yield smsc
    await smsc.stop()


@pytest.fixture
async def start(open_again: Callable[[], Database], clock: FixedClock, db: Database) -> AsyncIterator[Start]:
    """Starts processes, each with connections of its own."""
    offices: list[Office] = []

    async def start(process: str) -> Office:
        office = Office(open_again(), clock, process)
        offices.append(office)
        return await office.open()

    yield start
    for office in offices:
        office.away.away = office.away.hangs = False
        await office.close()


async def passing(clock: FixedClock, condition: Callable[[], bool], within: float) -> float:
    """Lets time pass until something has happened, at most `within` seconds. How many seconds it took."""
    began = clock.monotonic()
    while not condition():
        assert clock.monotonic() - began <= within, "it took too long"
        await idle()
        if not condition():
            clock.advance(0.25)
    return clock.monotonic() - began


async def test_two_processes_share_the_binds(start: Start, db: Database, smsc: Smsc, clock: FixedClock) -> None:
    """Started together, each gets some; together they hold exactly as many as are configured."""
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew", binds=3))
    offices = [await start("first"), await start("second")]
    await passing(clock, lambda: smsc.bound == 3, 10)
    assert sorted(office.bound() for office in offices) == [1, 2]
    for _ in range(60):
        clock.advance(1)
        await idle()
        assert smsc.open == 3
    assert sum(office.bound() for office in offices) == 3
    held = [{slot for _, slot, phase in office.phases() if phase == "bound"} for office in offices]
    assert held[0] | held[1] == {0, 1, 2}
    assert not held[0] & held[1]


async def test_one_process_alone_takes_them_all(start: Start, db: Database, smsc: Smsc, clock: FixedClock) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew", binds=6))
    office = await start("first")
    await passing(clock, lambda: office.bound() == 6, 5)
    assert smsc.open == 6


async def test_another_takes_over_from_one_that_died(start: Start, db: Database, smsc: Smsc, clock: FixedClock) -> None:
    """Within 20 s, and what the dead one had stored last is suspected of coming twice."""
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    dead = await start("first")
    await passing(clock, lambda: dead.bound() == 1, 5)
    other = await start("second")
    smsc.talk.say(deliver(sequence=1))
    await smsc.talk.answered(1)
    dead.away.hangs = True  # nothing of it reaches the database any more
    took = await passing(clock, lambda: other.bound() == 1, 20)
    assert LASTS - LOOK < took < 20
    assert smsc.open == 1  # the old one was closed before
    assert len(await rows(db, "SELECT 1 FROM suspects")) == 1
    smsc.talk.say(deliver(sequence=1), deliver(b"other", 2))
    await until(lambda: smsc.talk.answers() == {1: Status.ROK, 2: Status.ROK})
    assert await rows(db, "SELECT role FROM arrivals ORDER BY id") == [("message",), ("copy",), ("message",)]


async def test_one_that_stops_hands_over_at_once(start: Start, db: Database, smsc: Smsc, clock: FixedClock) -> None:
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    first = await start("first")
    await passing(clock, lambda: first.bound() == 1, 5)
    second = await start("second")
    await idle()
    assert second.phases() == [("net", 0, "elsewhere")]
    stopping = asyncio.ensure_future(first.carriers.stop(5))
    await until(stopping.done)
    assert len(smsc.talks[0].of(Command.UNBIND)) == 1
    assert await passing(clock, lambda: second.bound() == 1, 5) <= LOOK
    assert await rows(db, "SELECT 1 FROM suspects") == []


@pytest.mark.parametrize("trouble", ["away", "hangs"])
async def test_without_the_database_the_bind_is_given_up_in_time(
    start: Start, db: Database, smsc: Smsc, clock: FixedClock, trouble: str
) -> None:
    """Before the lease runs out, so that no other can be bound beside us; and it comes back."""
    await db.write(lambda: put_source("net", hosts=[smsc.host], system_id="odzew"))
    office = await start("first")
    await passing(clock, lambda: office.bound() == 1, 5)
    setattr(office.away, trouble, True)
    took = await passing(clock, lambda: smsc.open == 0, LASTS)
    assert took <= LASTS - MARGIN + 1
    assert len(smsc.talks[0].of(Command.UNBIND)) == 1
    if trouble == "hangs":
        return  # what hangs there hangs for ever
    office.away.away = False
    await passing(clock, lambda: office.bound() == 1, 10)
    assert smsc.open == 1
