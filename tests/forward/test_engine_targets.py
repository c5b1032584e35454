"""The target's present settings count at every attempt (contract 5.6), and what is owed to one that is off ends."""

from __future__ import annotations

import asyncio

from odzew.clock import FixedClock
from odzew.forward.turns import EngineLimits
from odzew.store.db import statement
from tests.forward.builders import SECRET
from tests.forward.conftest import Open


async def test_a_repeat_goes_where_the_target_points_by_then(gateway: Open) -> None:
    here = await gateway(secret_of=lambda reference: SECRET)
    here.sender.status = lambda made: 500
    target = await here.a_target("old.example")
    await here.owe(target)
    await here.quiet()
    await here.edit(target, url="https://new.example/hook?n=#NUMER#", secret="env:ACME")
    await here.advance(minutes=6)
    old, new = here.sender.made
    assert (old.host, new.host, new.target) == ("old.example", "new.example", "/hook?n=%2B48500600700")
    assert "webhook-signature" not in old.headers
    assert "webhook-signature" in new.headers


async def test_a_target_that_is_switched_off_is_called_no_more_and_its_deliveries_end(gateway: Open) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target()
    ids = await here.owe(target, 3)
    await here.quiet()
    assert await here.owed() == set(ids), "none of them is due now"
    await here.edit(target, active=False)
    assert set((await here.states()).values()) == {"cancelled"}
    assert set((await here.ends()).values()) == {"switched_off"}
    assert await here.owed() == set()
    await here.advance(minutes=70)
    assert len(here.sender.made) == 3


async def test_a_target_that_is_removed_is_called_no_more_and_its_deliveries_end(gateway: Open) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    gone, stays = await here.a_target("gone.example"), await here.a_target("stays.example")
    lost, kept = await here.owe(gone), await here.owe(stays)
    await here.remove(gone)
    await here.advance(minutes=6)
    assert await here.states() == {lost[0]: "cancelled", kept[0]: "pending"}
    assert [made.host for made in here.sender.made].count("stays.example") == 2


async def test_more_than_fit_one_transaction_are_cancelled(gateway: Open) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target()
    await here.stop()
    await here.owe(target, 2_500, offer=False)
    await here.edit(target, wake=False, active=False)
    await here.start()
    await here.quiet()
    assert here.sender.made == []
    assert await here.owed() == set()
    assert list((await here.states()).values()) == ["cancelled"] * 2_500


async def test_one_that_is_switched_off_while_it_is_called_gets_no_repeat(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=2))
    here.sender.seconds = lambda made: 5.0
    here.sender.status = lambda made: 200 if made.delivery == ids[0] else 500
    target = await here.a_target()
    ids = await here.owe(target, 4)
    await here.quiet()
    assert len(here.sender.made) == 2
    await here.edit(target, active=False)
    assert await here.states() == {ids[0]: "pending", ids[1]: "pending", ids[2]: "cancelled", ids[3]: "cancelled"}
    await here.advance(seconds=6)
    assert await here.states() == {ids[0]: "delivered", ids[1]: "cancelled", ids[2]: "cancelled", ids[3]: "cancelled"}
    await here.advance(minutes=70)
    assert len(here.sender.made) == 2
    assert [len(await here.attempts(key)) for key in ids] == [1, 1, 0, 0], "what was called is in the record"
    assert await here.owed() == set()


async def test_one_that_is_switched_off_without_a_word_to_the_engine_is_not_called(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=1))
    here.sender.seconds = lambda made: 5.0
    target = await here.a_target()
    ids = await here.owe(target, 3)
    await here.quiet()
    await here.edit(target, wake=False, active=False)
    await here.advance(seconds=6)
    assert len(here.sender.made) == 1
    assert list((await here.states()).values()) == ["delivered", "cancelled", "cancelled"]
    assert await here.owed() == set(), ids


async def test_one_that_is_switched_off_while_its_deliveries_are_being_read_is_not_called(gateway: Open) -> None:
    here = await gateway()
    target = await here.a_target()
    ids = await here.owe(target, 3, offer=False)
    here.db.gates["due_and_later"] = asyncio.Event()
    here.engine.look()
    await here.quiet()
    await here.edit(target, active=False)
    here.db.gates.pop("due_and_later").set()
    await here.quiet()
    assert here.sender.made == []
    assert list((await here.states()).values()) == ["cancelled"] * 3, ids


async def test_a_target_that_is_switched_on_again_gets_only_what_comes_from_then_on(gateway: Open) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target()
    [before] = await here.owe(target)
    await here.quiet()
    off = await here.edit(target, active=False)
    here.sender.status = lambda made: 200
    on = await here.edit(off, active=True)
    [after] = await here.owe(on)
    await here.advance(minutes=70)
    assert await here.states() == {before: "cancelled", after: "delivered"}
    assert [made.delivery for made in here.sender.made] == [before, after]


async def test_nothing_is_cancelled_because_a_directory_in_memory_is_old(gateway: Open) -> None:
    here = await gateway()
    target = await here.a_target()
    before = here.present.directory
    other = await here.a_target("newer.example")
    here.present.directory = before
    [delivery] = await here.owe(other)
    await here.advance(seconds=5)
    assert (here.sender.made, await here.states()) == ([], {delivery: "pending"}), target
    assert here.db.reads["waiting_targets"] + here.db.writes["cancel"] < 20, "it is asked now and then, not all the time"
    await here.present.refresh()
    here.engine.wake()
    await here.quiet()
    assert await here.states() == {delivery: "delivered"}


async def test_waking_one_target_reads_what_it_waits_for_again_and_calls_nobody_twice(gateway: Open) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=2))
    here.sender.seconds = lambda made: 1.0
    target, other = await here.a_target("a.example"), await here.a_target("b.example")
    ids, others = await here.owe(target, 6), await here.owe(other, 6)
    await here.quiet()
    reads = here.db.reads["due_and_later"]
    waiting = {lane.target_id: len(lane) for lane in here.engine._lanes.values()}
    here.engine.wake(target.id)
    assert {lane.target_id: len(lane) for lane in here.engine._lanes.values()} == {**waiting, target.id: 0}
    await here.quiet()
    assert here.db.reads["due_and_later"] > reads
    await here.advance(seconds=10)
    assert here.sender.delivered_to("a.example") == ids
    assert here.sender.delivered_to("b.example") == others
    assert here.sender.twice == []


async def test_a_correction_of_a_message_is_seen_by_its_repeats(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    await here.owe(await here.a_target(), text="przed")
    await here.quiet()
    await here.db.write(statement, "UPDATE messages SET text = ?", "po")
    await here.advance(minutes=6)
    assert [made.target.rpartition("=")[2] for made in here.sender.made] == ["przed", "po"]
