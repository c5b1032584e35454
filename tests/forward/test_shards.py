"""Shards: divided over the processes that are there, handed over in order, taken over from the dead, never held twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import FixedClock
from odzew.errors import StoreUnavailable
from odzew.forward.shards import LOOK, MOVED, SHARDS, Everything, Shards, shard_of, wanted_by
from odzew.store.db import Database, Request
from odzew.store.leases import LASTS, Fence, lost
from tests.forward.builders import Gateway, Watched

names = st.lists(st.text(max_size=12), min_size=1, max_size=12, unique=True)


# --- who should hold what --------------------------------------------------------------------------------------------


@given(names)
def test_every_shard_is_wanted_by_exactly_one(processes: list[str]) -> None:
    wanted = [wanted_by(process, processes) for process in processes]
    assert sum(map(len, wanted)) == SHARDS
    assert set().union(*wanted) == set(range(SHARDS))


@given(names, st.text(max_size=12))
def test_one_that_comes_takes_its_share_and_moves_nothing_else(processes: list[str], new: str) -> None:
    for process in processes:
        if new not in processes:
            assert wanted_by(process, [*processes, new]) == wanted_by(process, processes) - wanted_by(new, [*processes, new])


def test_the_shares_are_about_even() -> None:
    processes = [f"host-{number}-0a1b2c3d" for number in range(4)]
    assert all(SHARDS / 8 <= len(wanted_by(process, processes)) <= SHARDS / 2 for process in processes)


def test_one_that_is_not_known_wants_nothing() -> None:
    assert wanted_by("gone", ["here"]) == wanted_by("gone", []) == set()


def test_the_only_process_holds_everything() -> None:
    only = Everything()
    assert (only.holds(7), only.fence(7), only.left(7)) == (True, None, float("inf"))


# --- processes -------------------------------------------------------------------------------------------------------


class Follower:
    """An engine that only follows its shards. `busy` are targets that it still holds something of."""

    def __init__(self) -> None:
        self.gains = 0
        self.cut: set[int] = set()
        self.busy: set[int] = set()

    def gain(self) -> None:
        self.gains += 1

    def lose(self, gone: Callable[[int], bool]) -> None:
        self.cut |= {target for target in range(SHARDS) if gone(target)}

    def is_idle(self, mine: Callable[[int], bool]) -> bool:
        return not any(map(mine, self.busy))


class Process:
    """One process, and what it holds."""

    def __init__(self, db: Database, clock: FixedClock, name: str) -> None:
        self.db = Watched(db)
        self.shards = Shards(self.db, clock, name)
        self.engine = self.shards.engine = Follower()

    def holds(self) -> set[int]:
        return {target for target in range(SHARDS) if self.shards.holds(target)}


@pytest.fixture
def start(db: Database, open_again: Callable[[], Database], clock: FixedClock) -> Callable[[str], Process]:
    first = [db]
    return lambda name: Process(first.pop() if first else open_again(), clock, name)


async def looks(*processes: Process, times: int = 1) -> None:
    for _ in range(times):
        for process in processes:
            await process.shards.look()


Start = Callable[[str], Process]


async def test_one_alone_holds_all(start: Start) -> None:
    one = start("one")
    assert one.holds() == set()
    await looks(one)
    assert (one.holds(), one.engine.gains) == (set(range(SHARDS)), 1)
    assert (one.shards.fence(130), one.shards.left(130)) == (Fence("shard:2", "one", 1), LASTS)
    await looks(one, times=3)
    assert (one.engine.gains, one.engine.cut) == (1, set())
    assert len(one.shards.held) == SHARDS


async def test_a_second_one_is_given_its_share_and_nobody_s_calls_are_cut_off(start: Start) -> None:
    one, two = start("one"), start("two")
    await looks(one)
    await looks(two)
    assert two.holds() == set(), "all of it is held, and not yet given back"
    await looks(one, two, times=2)
    assert one.holds() | two.holds() == set(range(SHARDS))
    assert one.holds() & two.holds() == set()
    assert two.holds() == wanted_by("two", ["one", "two"])
    assert (one.engine.cut, two.engine.cut) == (set(), set())


async def test_what_is_in_flight_is_waited_for_before_a_shard_is_given_back(start: Start) -> None:
    one, two = start("one"), start("two")
    await looks(one)
    busy = min(wanted_by("two", ["one", "two"]))
    one.engine.busy = {busy}
    await looks(two)
    await looks(one, two, times=3)
    assert (one.shards.holds(busy), two.shards.holds(busy)) == (False, False), "nothing new is begun by either"
    assert busy in one.shards.held
    one.engine.busy = set()
    await looks(one, two)
    assert two.shards.holds(busy)


async def test_a_dead_one_is_replaced_within_twenty_seconds_and_its_outcomes_are_fenced(
    start: Start, db: Database, clock: FixedClock
) -> None:
    one, two = start("one"), start("two")
    await looks(one)
    await looks(two)
    await looks(one, two, times=2)
    of_one = min(one.holds())
    old = one.shards.fence(of_one)
    assert old is not None
    seconds = 0.0
    while two.holds() != set(range(SHARDS)):
        clock.advance(LOOK)
        seconds += LOOK
        await looks(two)
        assert not two.shards.holds(of_one) or not one.shards.holds(of_one)
    assert LASTS <= seconds < 20.0
    new = two.shards.fence(of_one)
    assert new == Fence(f"shard:{of_one}", "two", old.epoch + 1)
    assert await db.write(lost, [old, new]) == {old}
    await looks(one)
    assert of_one in one.engine.cut, "one that was only asleep cuts its calls off"


async def test_one_that_stops_hands_over_at_once(start: Start, db: Database, open_again: Callable[[], Database]) -> None:
    heard: list[str] = []
    one, two = start("one"), start("two")
    two.db.listen(heard.append)
    await two.db.look()
    await looks(one)
    await looks(two)
    await looks(one, two, times=2)
    await one.shards.close()
    await looks(two)
    assert two.holds() == set(range(SHARDS))
    assert one.holds() == set()
    while db.shared and MOVED not in heard:  # it comes as soon as anything is read
        await two.db.read(look_at_nothing)


def look_at_nothing() -> Generator[Request, Any, None]:
    yield from ()


async def test_a_store_that_is_away_ends_the_holding_in_time(start: Start, clock: FixedClock) -> None:
    one = start("one")
    await looks(one)
    one.db.away = {"write"}
    clock.advance(LASTS - 1.0)
    await looks(one)
    assert one.shards.left(5) == pytest.approx(1.0)
    assert one.engine.cut == set()
    clock.advance(1.0)
    assert (one.shards.holds(5), one.shards.left(5)) == (False, 0.0)
    await looks(one)
    assert one.engine.cut == set(range(SHARDS))
    one.db.away = set()
    await looks(one)
    assert one.holds() == set(range(SHARDS))
    one.db.away = {"write"}
    await one.shards.close()
    with pytest.raises(StoreUnavailable):
        await one.db.write(lost, [])


# --- with engines ----------------------------------------------------------------------------------------------------


class Forwarder(Gateway):
    """A process that forwards to its share."""

    def __init__(self, db: Database, clock: FixedClock, name: str) -> None:
        watched = Watched(db)
        self.shards = Shards(watched, clock, name)
        super().__init__(db, clock, holding=self.shards, longest=11.0)
        self.shards.engine = self.engine


@pytest.fixture
async def forwarders(db: Database, open_again: Callable[[], Database], clock: FixedClock) -> AsyncIterator[list[Forwarder]]:
    started = [Forwarder(db, clock, "one"), Forwarder(open_again(), clock, "two")]
    yield started
    for one in started:
        if not one.db.killed:
            await one.stop()


async def test_two_that_forward_call_each_message_once_and_one_takes_over_from_the_other(
    forwarders: list[Forwarder], clock: FixedClock
) -> None:
    one, two = forwarders
    for process in forwarders:
        await process.start()
        await process.shards.look()
    for _ in range(2):
        for process in forwarders:
            await process.shards.look()
    targets = [await one.a_target(f"client-{number}.example") for number in range(20)]
    await two.present.refresh()
    shares = Counter(one.shards.holds(target.id) for target in targets)
    assert min(shares[True], shares[False]) > 0, f"both have some: {shares}"
    one.sender.seconds = two.sender.seconds = lambda made: 1.0
    ids = [key for target in targets for key in await one.owe(target, 3)]
    for target in targets:  # what the notification does
        two.engine.expect(target.id)
    for _ in range(3):
        await two.quiet()
        await one.advance(seconds=2)
        for process in forwarders:
            await process.shards.look()
    called = [made.delivery for process in forwarders for made in process.sender.made]
    assert sorted(called) == sorted(ids)
    assert set((await one.states()).values()) == {"delivered"}
    two.sender.seconds = lambda made: 600.0
    left = [key for target in targets for key in await one.owe(target, 1)]
    for target in targets:
        two.engine.expect(target.id)
    await two.quiet()
    two.db.killed = two.sender.killed = True  # as by SIGKILL: not another word reaches the database or a client
    for _ in range(8):
        clock.advance(LOOK)
        await one.shards.look()
        await one.quiet()
    await one.advance(seconds=3)
    states = await one.states()
    assert {states[key] for key in left} == {"delivered"}
    assert len(one.sender.made) + len(two.sender.made) == len(ids) + len(left) + shares[False], "twice only what was in flight"
    assert shard_of(targets[0].id) == targets[0].id % SHARDS
