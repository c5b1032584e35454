"""What is noted of targets while they are called, who hears of it, and what it costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from odzew.clock import DAY, MINUTE, SECOND, FixedClock
from odzew.forward.target_health import FLUSHED, TargetHealth
from odzew.model import Attempt, Owed
from odzew.store.db import Database
from odzew.store.deliveries import Result
from odzew.store.target_states import TargetState, resume, save, states
from tests.forward.builders import Watched
from tests.forward.inline import turn

BEGUN = 1_413_883_083 * SECOND


class House:
    """One process's watch. `told` is what it told of: (kind, account, target, words)."""

    def __init__(self, db: Database, clock: FixedClock) -> None:
        self.db = Watched(db)
        self.clock = clock
        self.told: list[tuple[str, int, int, str]] = []
        self.health = TargetHealth(
            self.db, clock, lambda kind, account, target, words, at: self.told.append((kind, account, target, words))
        )

    def attempt(self, outcome: str = "http_5xx", *, minute: float = 0, target: int = 7, state: Any = None) -> None:
        state = state or ("delivered" if outcome == "ok" else "pending")
        at = BEGUN + round(minute * MINUTE)
        attempt = Attempt(1, 1, at, 1000, outcome)
        self.health.attempted(Owed(1, target, 3, 1, at), attempt, Result(attempt, target, state, at, 0, None))

    def fails(self, days: int = 0, target: int = 7) -> None:
        """Five failures over an hour, on each of so many days and one."""
        for day in range(days + 1):
            for minute in (0, 5, 10, 15, 60):
                self.attempt(minute=day * DAY / MINUTE + minute, target=target)

    async def stored(self) -> dict[int, TargetState]:
        found: dict[int, TargetState] = await self.db.inner.read(states)
        return found


Open = Callable[[], House]


@pytest.fixture
def house(db: Database, clock: FixedClock) -> House:
    return House(db, clock)


async def test_a_target_that_is_well_costs_no_write_and_no_word(house: House) -> None:
    for minute in range(100):
        house.attempt("ok", minute=minute)
    await house.health.flush()
    assert (house.db.writes.total(), house.told, await house.stored()) == (0, [], {})


async def test_what_failed_is_written_once_for_all(house: House) -> None:
    house.attempt("ok", minute=-1)
    house.fails()
    house.attempt(target=8)
    await house.health.flush()
    await house.health.flush()
    assert house.db.writes.total() == 1
    stored = await house.stored()
    assert stored[7] == TargetState(7, BEGUN, 5, 1, BEGUN - MINUTE, BEGUN + 60 * MINUTE, "http_5xx")
    assert stored[8].failures == 1


async def test_its_owner_hears_once_that_it_fails_and_once_that_it_answers(house: House) -> None:
    house.fails(days=1)
    assert [row[:3] for row in house.told] == [("failing", 3, 7)]
    assert "5 attempts in a row" in house.told[0][3]
    assert "The URL's server failed (5xx)." in house.told[0][3]
    house.attempt("ok", minute=9999)
    house.attempt("ok", minute=10_000)
    assert [row[0] for row in house.told] == ["failing", "recovered"]


async def test_one_that_is_well_again_is_written_once_and_forgotten(house: House) -> None:
    house.fails()
    await house.health.flush()
    house.attempt("ok", minute=61)
    await house.health.flush()
    for minute in range(70, 80):
        house.attempt("ok", minute=minute)
    await house.health.flush()
    assert house.db.writes.total() == 2
    assert (await house.stored())[7] == TargetState(
        7, last_success_at=BEGUN + 61 * MINUTE, last_failure_at=BEGUN + 60 * MINUTE, last_outcome="ok"
    )
    house.attempt(minute=90)
    await house.health.flush()
    assert (await house.stored())[7].last_success_at == BEGUN + 79 * MINUTE


async def test_after_five_days_it_is_paused_and_said_so(house: House) -> None:
    house.fails(days=4)
    assert not house.health.is_paused(7)
    house.fails(days=5)
    assert house.health.is_paused(7)
    assert not house.health.is_paused(8)
    assert [row[0] for row in house.told] == ["failing", "paused"]
    await house.health.flush()
    assert (await house.stored())[7].paused_at is not None


async def test_every_exhausted_delivery_is_told(house: House) -> None:
    house.attempt(state="exhausted")
    house.attempt(state="exhausted", minute=1)
    house.health.ended(7, 3, "cut_short", BEGUN)
    assert [row[0] for row in house.told] == ["exhausted"] * 3
    assert house.told[2][3].endswith("cut_short")


async def test_a_new_process_knows_what_the_last_one_knew(house: House, db: Database, clock: FixedClock) -> None:
    house.fails(days=5)
    house.attempt(target=8)
    await house.health.flush()
    other = House(db, clock)
    await other.health.refresh()
    assert other.health.is_paused(7)
    for minute in (5, 10, 15, 60):
        other.attempt(minute=minute, target=8)
    assert [row[:3] for row in other.told] == [("failing", 3, 8)]


async def test_what_a_person_resumed_is_called_again(house: House) -> None:
    house.fails(days=5)
    await house.health.flush()
    await house.db.inner.write(resume, 7)
    await house.health.refresh()
    assert not house.health.is_paused(7)
    house.attempt(minute=99_999)
    await house.health.flush()
    assert (await house.stored())[7].failures == 1


async def test_what_is_not_written_yet_is_newer_than_what_is_read(house: House) -> None:
    house.fails()
    await house.health.flush()
    house.attempt(minute=90)
    await house.health.refresh()
    await house.health.flush()
    assert (await house.stored())[7].failures == 6


async def test_a_read_during_a_write_takes_nothing_back(house: House) -> None:
    house.fails()
    house.db.gates["save"] = asyncio.Event()
    writing = asyncio.create_task(house.health.flush())
    await turn()
    house.attempt(minute=90)
    await house.health.refresh()
    house.db.gates.pop("save").set()
    await writing
    await house.health.flush()
    assert (await house.stored())[7].failures == 6


async def test_a_database_that_is_away_loses_nothing(house: House) -> None:
    house.fails()
    house.db.away = {"write", "read"}
    await house.health.flush()
    await house.health.refresh()
    house.db.away = set()
    await house.health.flush()
    assert (await house.stored())[7].failures == 5


async def test_it_writes_by_itself_every_few_seconds(house: House, clock: FixedClock) -> None:
    running = asyncio.create_task(house.health.run())
    await turn()
    house.fails()
    clock.advance(FLUSHED - 0.1)
    await turn()
    assert house.db.writes.total() == 0
    clock.advance(0.1)
    while not house.db.writes.total():
        await turn()
    assert (await house.stored())[7].failures == 5
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_processes_that_share_hear_of_each_other(db: Database, clock: FixedClock) -> None:
    house = House(db, clock)
    house.db.shared = True
    running = asyncio.create_task(house.health.run())
    await db.write(save, [TargetState(7, 1, 50, 6, None, 2, "dns", 3, "failing")])
    while not house.health.is_paused(7):
        clock.advance(FLUSHED)
        await turn()
    assert house.told == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
