"""Fresh deliveries and a backlog of the same target that is larger than memory: neither waits for the whole of the other."""

from __future__ import annotations

import asyncio
from collections import Counter

from odzew.clock import FixedClock
from odzew.forward.turns import EngineLimits
from odzew.model import Target
from odzew.store.resend import Pace, resend
from tests.forward.builders import Gateway
from tests.forward.conftest import Open

SMALL = EngineLimits(calls_per_target=1, lane=10)


async def an_overdue_backlog(here: Gateway, count: int, minutes: float = 10) -> tuple[Target, list[int]]:
    """What a target that is well again was owed while nobody called it; a call takes 0.1 s, one at a time."""
    here.sender.seconds = lambda made: 0.1
    target = await here.a_target()
    ids = await here.owe(target, count, offer=False)
    here.clock.advance(minutes * 60)
    here.engine.look()
    await here.quiet()
    return target, ids


async def test_a_fresh_delivery_passes_a_backlog_that_is_overdue(gateway: Open) -> None:
    here = await gateway(limits=SMALL)
    target, old = await an_overdue_backlog(here, 60)
    await here.advance(seconds=1)
    fresh = await here.owe(target)
    before = len(here.sender.made)
    await here.advance(seconds=0.5)
    assert fresh[0] in [made.delivery for made in here.sender.made[before : before + 3]]
    await here.advance(seconds=8)
    assert Counter(made.delivery for made in here.sender.made) == Counter(old + fresh), "each is called once"
    assert [made.delivery for made in here.sender.made if made.delivery in old] == old, "the backlog keeps its order"


async def fresh_of_forty(here: Gateway, target: Target, backlog: list[int]) -> int:
    """Twice as many come as can be called: how many of forty calls are theirs. In the end each is called, once."""
    fresh: list[int] = []
    for _ in range(12):
        fresh += await here.owe(target, 10)
        await here.advance(seconds=0.5)
    made = [one.delivery for one in here.sender.made]
    since = made[made.index(fresh[0]) :][:40]
    assert max(len(lane.held) for lane in here.engine._lanes.values()) <= 2 * SMALL.lane + 2
    await here.advance(seconds=20)
    assert Counter(one.delivery for one in here.sender.made) == Counter(backlog + fresh)
    assert here.sender.twice == []
    return sum(one in fresh for one in since)


async def test_however_many_are_fresh_every_other_call_is_of_the_backlog(gateway: Open) -> None:
    here = await gateway(limits=SMALL)
    assert 19 <= await fresh_of_forty(here, *await an_overdue_backlog(here, 60)) <= 21


async def test_so_it_is_where_the_backlog_is_of_repeats(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=1, lane=10, calls=2))
    here.sender.status = lambda made: 503
    target, ids = await an_overdue_backlog(here, 60, minutes=0)
    await here.advance(seconds=10)
    assert Counter(made.delivery for made in here.sender.made) == Counter(ids), "all have failed once"
    here.sender.made.clear()
    here.sender.status = lambda made: 200
    here.db.away = {"read"}  # an outage of ours
    await here.advance(minutes=20)
    here.db.away = set()
    await here.advance(seconds=2)
    assert 19 <= await fresh_of_forty(here, target, ids) <= 21


async def test_one_that_comes_while_the_backlog_is_being_read_is_called_once_and_soon(gateway: Open) -> None:
    here = await gateway(limits=SMALL)
    gate = here.db.gates["due_and_later"] = asyncio.Event()
    target, old = await an_overdue_backlog(here, 50)
    fresh = await here.owe(target, 3)
    await here.quiet()
    assert here.sender.made == [], "what is being read may hold them too"
    gate.set()
    here.db.gates.clear()
    await here.advance(seconds=0.75)
    assert [made.delivery for made in here.sender.made if made.delivery in fresh] == fresh
    await here.advance(seconds=10)
    assert Counter(made.delivery for made in here.sender.made) == Counter(old + fresh)


async def test_what_another_process_has_taken_passes_too_with_the_next_load(gateway: Open) -> None:
    here = await gateway(limits=SMALL)
    target, old = await an_overdue_backlog(here, 60)
    await here.advance(seconds=1)
    fresh = await here.owe(target, 8, offer=False)
    here.engine.expect(target.id)
    await here.advance(seconds=4)
    made = [one.delivery for one in here.sender.made]
    assert len(set(made) & set(fresh)) == 8
    assert len(set(made) & set(old)) < 50
    await here.advance(seconds=5)
    assert Counter(one.delivery for one in here.sender.made) == Counter(old + fresh)


async def test_what_is_sent_again_passes_nothing(gateway: Open) -> None:
    here = await gateway(limits=SMALL)
    _, [first, *old] = await an_overdue_backlog(here, 40)
    await here.advance(seconds=1)
    await here.db.inner.write(resend, [first], Pace(0, 100), True)
    here.engine.look()
    await here.advance(seconds=6)
    assert [one.delivery for one in here.sender.made] == [first, *old, first]


async def test_what_fell_due_within_the_last_minute_is_no_backlog(gateway: Open) -> None:
    here = await gateway(limits=SMALL)
    target, old = await an_overdue_backlog(here, 60, minutes=0.5)
    await here.advance(seconds=1)
    fresh = await here.owe(target)
    await here.advance(seconds=8)
    assert [made.delivery for made in here.sender.made] == old + fresh


async def test_one_that_passed_the_backlog_and_was_dropped_from_memory_is_read_again(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(limits=SMALL)
    target, old = await an_overdue_backlog(here, 50)
    await here.advance(seconds=1)
    fresh = await here.owe(target, 5)
    await here.edit(target, concurrency=2)
    await here.advance(seconds=8)
    assert Counter(made.delivery for made in here.sender.made) == Counter(old + fresh)
    assert await here.owed() == set()
