"""Calls in flight and deliveries in memory are bounded, and one target does not stop another (contract 8)."""

from __future__ import annotations

import asyncio

import pytest

from odzew.forward.turns import EngineLimits
from tests.forward.conftest import Open


async def test_limits_hold_in_all_for_each_account_and_for_each_target(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls=10, calls_per_account=6, calls_per_target=4))
    here.sender.seconds = lambda made: 1.0
    ids = []
    for name in ("one", "two", "three"):
        account = await here.an_account(name)
        for number in range(3):
            ids += await here.owe(await here.a_target(f"{name}{number}.example", account), 20)
    await here.advance(seconds=60)
    assert sorted(made.delivery for made in here.sender.made) == ids
    assert here.sender.most["all"] == 10
    for key, most in here.sender.most.items():
        assert most <= (6 if key.startswith("account") else 10 if key == "all" else 4), key


@pytest.mark.parametrize(("concurrency", "most"), [(None, 8), (1, 1), (3, 3), (20, 20)])
async def test_the_concurrency_that_a_target_asks_for_is_what_it_gets(gateway: Open, concurrency: int | None, most: int) -> None:
    here = await gateway()
    here.sender.seconds = lambda made: 1.0
    await here.owe(await here.a_target(concurrency=concurrency), 30)
    await here.advance(seconds=40)
    assert here.sender.most["client.example"] == most
    assert len(here.sender.made) == 30


async def test_the_calls_of_an_account_are_shared_in_turns(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls=2))
    here.sender.seconds = lambda made: 1.0
    big, small = await here.an_account("big"), await here.an_account("small")
    await here.owe(await here.a_target("big.example", big), 50)
    await here.owe(await here.a_target("small.example", small), 5)
    await here.advance(seconds=6)
    assert here.sender.delivered_to("small.example") == sorted(here.sender.delivered_to("small.example"))
    assert len(here.sender.delivered_to("small.example")) == 5, "five of the first twelve calls"


async def test_ten_thousand_owed_to_a_dead_target_do_not_stop_another(gateway: Open) -> None:
    here = await gateway()
    here.sender.seconds = lambda made: 10.0 if made.host == "dead.example" else 0.0
    here.sender.status = lambda made: 500 if made.host == "dead.example" else 200
    dead, alive = await here.a_target("dead.example"), await here.a_target("alive.example")
    await here.owe(dead, 10_000)
    await here.quiet()
    assert here.sender.in_flight["dead.example"] == 8
    fresh = await here.owe(alive, 20)
    await here.quiet()
    assert sorted(here.sender.delivered_to("alive.example")) == fresh, "without a second of waiting"
    await here.advance(seconds=25)
    assert len(here.sender.delivered_to("dead.example")) == 8 + 4 + 2, "fewer at once each time"
    assert max(len(lane.held) for lane in here.engine._lanes.values()) <= 510


async def test_what_does_not_fit_into_memory_is_loaded_in_order(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=1, lane=20))
    here.sender.seconds = lambda made: 0.1
    target = await here.a_target()
    first = await here.owe(target, 100)
    await here.advance(seconds=1)
    later = await here.owe(target, 50)
    await here.advance(seconds=20)
    assert [made.delivery for made in here.sender.made] == first + later
    assert here.db.reads["due_and_later"] < 40, "twenty at a time"


async def test_an_outcome_that_is_stored_while_its_row_is_being_read_makes_no_second_call(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=4, lane=8))
    here.sender.seconds = lambda made: 1.0
    target = await here.a_target()
    ids = await here.owe(target, 4)
    await here.quiet()
    here.db.gates["due_and_later"] = asyncio.Event()
    here.engine.look()
    await here.quiet()
    assert here.db.reads["due_and_later"] >= 1, "the rows were read while the calls were in flight"
    await here.advance(seconds=1)
    assert set((await here.states()).values()) == {"delivered"}
    here.db.gates.pop("due_and_later").set()
    await here.advance(seconds=5)
    assert [made.delivery for made in here.sender.made] == ids


async def test_what_is_offered_while_a_load_is_under_way_takes_its_turn_behind_it_and_is_called_once(gateway: Open) -> None:
    here = await gateway()
    target = await here.a_target()
    first = await here.owe(target, 2, offer=False)
    here.db.gates["due_and_later"] = asyncio.Event()
    here.engine.look()
    await here.quiet()
    second = await here.owe(target, 2)
    await here.quiet()
    assert here.sender.made == []
    here.db.gates.pop("due_and_later").set()
    await here.quiet()
    assert [made.delivery for made in here.sender.made] == first + second


async def test_a_fault_of_whoever_is_told_of_attempts_stops_nothing(gateway: Open) -> None:
    here = await gateway()

    def broken(*told: object) -> None:
        raise RuntimeError("a listener of ours is broken")

    here.engine._attempted = broken
    await here.owe(await here.a_target(), 3)
    await here.quiet()
    assert set((await here.states()).values()) == {"delivered"}
