"""The engine against everything at once: simulation.py is the world, simulation_rules.py what happens, simulation_judge.py what must hold.

A few examples here; `make proof ARGS=simulation` draws thousands, and looks for every fault of simulation_faults.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import Phase, settings

from odzew.clock import SECOND
from tests.forward.simulation import World
from tests.forward.simulation_calls import TIMES, Made, Manner, earliest
from tests.forward.simulation_faults import FAULTS, Fault, found_in
from tests.forward.simulation_rules import Forwarding, Sharing

FEW = settings(stateful_step_count=25, deadline=None, phases=[Phase.generate])  # to shrink what fails may take minutes: `make proof` does
TestForwarding = Forwarding.TestCase
TestForwarding.settings = settings(FEW, max_examples=20)
TestSharing = Sharing.TestCase
TestSharing.settings = settings(FEW, max_examples=12)

SOON = (
    "a shard is given back while calls are in flight", "a repeat is a second early", "a failure counts as a delivery",
    "what is in flight is loaded and called again", "one call too many of an account", "one call too many to a target",
    "a target that is off is called", "what is not offered is never found",
)  # fmt: skip


@pytest.mark.parametrize(("machine", "fault"), [row[1:] for row in FAULTS if row[0] in SOON], ids=SOON)
def test_a_fault_is_found(machine: type[Forwarding], fault: Fault) -> None:
    assert found_in(machine, fault, at_most=30, same=True)


# --- what the model knows by itself ----------------------------------------------------------------------------------


def _made(number: int, of: int, at: int) -> Made:
    return Made(7, 1, "a.example", at, number, of, 1, "p1", 1)


# attempt, of how many, its start and the first one's (seconds): the next one is due then (seconds), jitter adds at most so much
DUE: tuple[tuple[int, int, float, float, float, float], ...] = (
    (1, 5, 0, 0, 6, 0.2),
    (2, 5, 6, 0, 12, 0.2),
    (2, 5, 100, 0, 106, 0),  # after an outage the gap counts
    (3, 5, 106, 0, 112, 0),
    (4, 5, 112, 0, 112 + 42, 0),
    (4, 5, 18, 0, 60, 0.2),
    (1, 4, 0, 0, 6, 0.2),
    (3, 4, 18, 0, 48, 0.2),
    (1, 2, 0, 0, 30, 1),
)


@pytest.mark.parametrize(("number", "of", "started", "first", "due", "jitter"), DUE)
def test_when_the_next_attempt_is_due(number: int, of: int, started: float, first: float, due: float, jitter: float) -> None:
    least, most = earliest(_made(number, of, round(started * SECOND)), round(first * SECOND), round(started * SECOND))
    assert (least, most) == (round(due * SECOND), round((due + jitter) * SECOND))


def test_every_schedule_has_another_number_of_attempts() -> None:
    assert all(len(times.slots) == number == len(times.minutes) + 1 for number, times in TIMES.items())


# --- a story with a known end ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", [False, True])
def test_a_process_that_is_killed_while_it_stores_an_outcome_is_replaced_and_the_call_made_again(shared: bool) -> None:
    async def story() -> None:
        await world.begin()
        await world.advance(1.0)
        [first] = world.living
        first.db.away = {"write"}
        await world.message("b.example", 1, first)
        await world.advance(1.0)
        assert [(made.process, made.outcome) for made in world.calls] == [("p1", "ok")]
        first.fuse = 1
        await world.advance(20.0)
        assert not world.living
        world.spawn()
        await world.end()

    tally: Counter[str] = Counter()
    world = World(shared, tally)
    with asyncio.Runner() as runner:
        runner.run(story())
    assert [(made.process, made.number, made.outcome) for made in world.calls] == [("p1", 1, "ok"), ("p2", 1, "ok")]
    assert tally["crashes"] == 1
    world.close()


async def _stalled_until_another_has_taken_over(world: World) -> None:
    """A process is stalled while its calls are in flight, comes back, and would write their outcomes."""
    await world.begin()
    await world.advance(1.0)
    world.spawn()
    await world.advance(8.0)
    first, second = world.living
    host = next(host for host, target in world.targets.items() if first.shards is not None and first.shards.holds(target.id))
    world.manners[host] = Manner(500, 8.0)
    await world.message(host, 2, first)
    await world.advance(0.5)
    first.stall(40.0)
    await world.advance(30.0)
    assert {made.process for made in world.calls} == {first.name, second.name}
    await world.advance(20.0)
    world.judge.at_rest()
    await world.end()


async def _dropped_and_sent_again(world: World) -> None:
    """Calls are in flight, of first attempts and of second ones, when what was missed is dropped, and sent again at once."""
    await world.begin()
    world.manners["b.example"] = Manner(500, 3.0)
    await world.message("b.example", 1, world.living[0])
    await world.advance(5.0)
    await world.message("b.example", 1, world.living[0])
    await world.advance(2.5)
    await world.pause("b.example")
    await world.resume("b.example", drop=True)
    await world.send_again("b.example", False, 100.0)
    await world.advance(5.0)
    world.judge.at_rest()
    await world.end()


def _run(story: Callable[[World], Coroutine[Any, Any, None]], shared: bool = True) -> None:
    world = World(shared, Counter())
    try:
        with asyncio.Runner() as runner:
            runner.run(story(world))
    finally:
        world.close()


def test_what_an_old_epoch_brings_back_is_not_written() -> None:
    _run(_stalled_until_another_has_taken_over)
    fault = next(row[2] for row in FAULTS if row[0] == "an outcome of an old epoch is written")
    with fault(), pytest.raises(AssertionError, match="writes of 1, which p2 holds"):
        _run(_stalled_until_another_has_taken_over)


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("fault", ["an outcome is written into a later round", "a call under way keeps no number of its own"])
def test_what_an_old_round_brings_back_is_not_written_into_the_new_one(fault: str, shared: bool) -> None:
    _run(_dropped_and_sent_again, shared)
    with next(row[2] for row in FAULTS if row[0] == fault)(), pytest.raises(AssertionError, match=r"attempts of Row|sent again count"):
        _run(_dropped_and_sent_again, shared)
