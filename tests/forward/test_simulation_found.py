"""What the simulation has found, each as a short story of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from odzew.clock import FixedClock
from odzew.forward.call import Answer, Call
from odzew.forward.shards import Shards, wanted_by
from odzew.forward.turns import EngineLimits
from odzew.store.leases import LASTS
from tests.forward.builders import Gateway, ScriptedSender, Share
from tests.forward.inline import Disk, InlineDatabase, turn

SMALL = EngineLimits(calls_per_target=2, lane=4)
Open = Callable[..., Awaitable[Gateway]]


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.close()


@pytest.fixture
async def gateway(disk: Disk, clock: FixedClock) -> AsyncIterator[Open]:
    """A process on a store that takes a known number of turns of the loop."""
    started: list[Gateway] = []

    async def start(**rest: object) -> Gateway:
        started.append(await Gateway(InlineDatabase(disk, clock), clock, **({"limits": SMALL} | rest)).start())  # type: ignore[arg-type]  # passed on
        return started[-1]

    yield start
    for one in started:
        await one.stop()


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


# --- shards ----------------------------------------------------------------------------------------------------------


class Follower:
    """An engine that only follows its shards. It is `busy` with all of them, or with none."""

    def __init__(self) -> None:
        self.gains = 0
        self.busy = False

    def gain(self) -> None:
        self.gains += 1

    def lose(self, gone: Callable[[int], bool]) -> None:
        """What waits of targets that are not held is forgotten."""

    def is_idle(self, mine: Callable[[int], bool]) -> bool:
        return not self.busy


def _shards(disk: Disk, clock: FixedClock, name: str) -> tuple[Shards, Follower]:
    shards, follower = Shards(InlineDatabase(disk, clock), clock, name), Follower()
    shards.engine = follower
    return shards, follower


async def test_what_was_to_be_given_back_and_is_not_is_looked_at_again(disk: Disk, clock: FixedClock) -> None:
    (one, engine), (two, _) = _shards(disk, clock, "one"), _shards(disk, clock, "two")
    await one.look()
    engine.busy, target = True, min(wanted_by("two", ["one", "two"]))
    await two.look()
    await one.look()
    assert (engine.gains, one.holds(target), target in one.held) == (1, False, True)
    await two.close()
    await one.look()
    assert one.holds(target)
    assert engine.gains == 2, "what was forgotten is looked for"


async def test_what_could_not_be_relied_on_for_a_while_is_looked_at_again(disk: Disk, clock: FixedClock) -> None:
    one, engine = _shards(disk, clock, "one")
    await one.look()
    clock.advance(LASTS + 1.0)  # the store did not answer for so long
    assert not one.holds(7)
    await one.look()
    assert (one.holds(7), engine.gains) == (True, 2)
    await one.look()
    assert engine.gains == 2
