"""What the simulation has found, each as a short story of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from odzew.clock import FixedClock
from odzew.forward.call import Answer, Call
from odzew.forward.turns import EngineLimits
from tests.forward.builders import Gateway, ScriptedSender, Share
from tests.forward.inline import Disk, InlineDatabase, turn

SMALL = EngineLimits(calls_per_target=2, lane=4)
Open = Callable[..., Awaitable[Gateway]]


@pytest.fixture
async def gateway(clock: FixedClock) -> AsyncIterator[Open]:
    """A process on a store that takes a known number of turns of the loop."""
    disk, started = Disk(), []

    async def start(**rest: object) -> Gateway:
        started.append(await Gateway(InlineDatabase(disk, clock), clock, **({"limits": SMALL} | rest)).start())  # type: ignore[arg-type]  # passed on
        return started[-1]

    yield start
    for one in started:
        await one.stop()
    disk.close()


class Busy(ScriptedSender):
    """Answers 503 and asks to be left alone for 20 s."""

    async def send(self, call: Call) -> Answer:
        await super().send(call)
        return Answer("http_5xx", 503, retry_after=20.0)


async def _turns(number: int) -> None:
    for _ in range(number):
        await turn()


async def test_more_than_a_lane_holds_is_not_read_again_and_again_while_its_url_is_left_alone(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(sender=Busy(clock))
    target = await here.a_target()
    await here.owe(target, 20, offer=False)
    here.engine.look()
    await _turns(300)
    reads = here.db.reads["due_and_later"]
    await _turns(300)
    assert here.db.reads["due_and_later"] == reads <= 5
    called = len(here.sender.made)
    await here.advance(seconds=19)
    assert len(here.sender.made) == called
    await here.advance(seconds=2)
    assert len(here.sender.made) > called, "it is called when that time is over"


async def test_it_is_not_read_again_and_again_either_while_too_little_is_left_of_its_lease(gateway: Open) -> None:
    share = Share()
    share.seconds = 5.0
    here = await gateway(holding=share, longest=10.0)
    await here.owe(await here.a_target(), 20, offer=False)
    here.engine.look()
    await _turns(300)
    reads = here.db.reads["due_and_later"]
    await _turns(300)
    assert here.db.reads["due_and_later"] == reads <= 5
    share.seconds = 60.0
    await here.advance(seconds=2)
    assert set((await here.states()).values()) == {"delivered"}


async def test_what_is_owed_to_a_url_that_is_left_alone_is_ended_at_once_when_it_is_switched_off(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(sender=Busy(clock))
    target = await here.a_target()
    await here.owe(target, 20, offer=False)
    here.engine.look()
    await _turns(300)
    await here.edit(target, active=False)
    assert set((await here.states()).values()) == {"cancelled"}


async def test_an_edit_of_one_target_does_not_let_the_engine_forget_that_others_fail(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(limits=EngineLimits(calls=5, calls_per_target=4))  # so failing targets get one slot, all together
    here.sender.status, here.sender.seconds = lambda made: 500, lambda made: 3.0
    sick, also_sick, other = [await here.a_target(f"{name}.example", retry_minutes=()) for name in ("sick", "also-sick", "other")]
    await here.owe(sick, 40)
    await here.owe(also_sick, 40)
    await here.advance(seconds=40)
    here.sender.most.clear()
    await here.edit(other, concurrency=2)
    await here.advance(seconds=10)
    assert here.sender.most["all"] == 1
