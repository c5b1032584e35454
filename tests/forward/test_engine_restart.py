"""Nothing owed is lost and nobody is called twice without need: restarts, crashes, a database that is away, a lease that is lost."""

from __future__ import annotations

import asyncio

import pytest

from odzew.clock import FixedClock
from odzew.errors import StoreError
from odzew.forward.turns import EngineLimits
from odzew.store.db import Database
from odzew.store.leases import Fence, give_back, take
from tests.forward.builders import Gateway, ScriptedSender, Share
from tests.forward.conftest import Open
from tests.forward.inline import Disk, InlineDatabase, turn

LASTS = 15_000_000


async def test_repeats_survive_a_restart_of_the_process(gateway: Open, clock: FixedClock) -> None:
    before = await gateway()
    before.sender.status = lambda made: 500
    begun = clock.now()
    [delivery] = await before.owe(await before.a_target())
    await before.advance(minutes=6)
    await before.stop()
    after = await gateway(sender=before.sender)
    await after.advance(minutes=70)
    assert [round(minute) for minute in before.sender.minutes(begun)] == [0, 5, 10, 15, 60]
    assert [made.headers["x-attempt"] for made in before.sender.made] == [f"{n}/5" for n in range(1, 6)]
    assert await after.states() == {delivery: "exhausted"}


async def test_an_outage_that_ends_in_a_new_process_costs_no_attempt(gateway: Open, clock: FixedClock) -> None:
    before = await gateway()
    before.sender.status = lambda made: 500
    begun = clock.now()
    await before.owe(await before.a_target())
    await before.quiet()
    await before.kill()
    clock.advance(30 * 60)
    after = await gateway(sender=ScriptedSender(clock, status=lambda made: 500))
    await after.advance(minutes=120)
    assert before.sender.minutes(begun) == [0]
    assert after.sender.minutes(begun) == [30, 35, 40, 85]


async def test_stopping_lets_calls_in_flight_end_and_stores_how(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=2))
    here.sender.seconds = lambda made: 3.0
    ids = await here.owe(await here.a_target(), 4)
    await here.quiet()
    stopping = asyncio.create_task(here.engine.stop(patience=10))
    await here.advance(seconds=3)
    await stopping
    assert [made.delivery for made in here.sender.made] == ids[:2]
    assert list((await here.states()).values()) == ["delivered", "delivered", "pending", "pending"]


async def test_stopping_waits_no_longer_than_it_should(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.seconds = lambda made: 3_600.0
    [delivery] = await here.owe(await here.a_target())
    await here.quiet()
    stopping = asyncio.create_task(here.engine.stop(patience=10))
    await here.advance(seconds=9.9)
    assert not stopping.done()
    await here.advance(seconds=0.2)
    await stopping
    assert await here.states() == {delivery: "pending"}
    here.sender.seconds = lambda made: 0.0
    await here.start()
    assert [made.headers["x-attempt"] for made in here.sender.made] == ["1/5", "1/5"], "the outcome of the first is not known"


async def test_a_start_during_a_stop_waits_for_its_end(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.seconds = lambda made: 5.0
    ids = await here.owe(await here.a_target(), 12)
    await here.quiet()
    stopping = asyncio.create_task(here.engine.stop(patience=10))
    await here.quiet()
    here.engine.start()
    await here.quiet()
    assert len(here.sender.made) == 8, "nothing is called while the old calls end"
    await here.advance(seconds=20)
    await stopping
    assert [made.delivery for made in here.sender.made] == ids
    assert here.sender.twice == []
    assert here.engine.runs


async def test_a_database_that_is_away_when_outcomes_are_stored_makes_no_second_call(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500 if made.delivery == ids[0] else 200
    begun = clock.now()
    ids = await here.owe(await here.a_target(), 20)
    here.db.away = {"write"}
    await here.advance(minutes=4)
    assert set((await here.states()).values()) == {"pending"}
    assert len(here.sender.made) == 20
    here.db.away = set()
    await here.advance(minutes=2)
    assert list((await here.states()).values()) == ["pending"] + ["delivered"] * 19
    assert [round(minute) for minute in here.sender.minutes(begun, ids[0])] == [0, 5]
    assert len(here.sender.made) == 21


async def test_a_commit_whose_answer_was_lost_is_repeated_without_harm(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target()
    ids = await here.owe(target, 3)
    here.db.answers_lost = 2
    await here.advance(seconds=2)
    assert len(here.sender.made) == 3
    assert [[a.number for a in await here.attempts(key)] for key in ids] == [[1]] * 3
    await here.advance(minutes=6)
    assert len(here.sender.made) == 6


async def test_a_database_that_is_away_when_work_is_looked_for_is_asked_again(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    target = await here.a_target()
    await here.stop()
    ids = await here.owe(target, 5)
    here.db.away = {"read"}
    here.engine.start()
    await here.advance(seconds=20)
    assert here.sender.made == []
    here.db.away = set()
    await here.advance(seconds=2)
    assert [made.delivery for made in here.sender.made] == ids


async def test_a_message_that_cannot_be_read_now_is_no_attempt(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    target = await here.a_target("mms.example", for_kind="mms")
    [delivery] = await here.owe(target, kind="mms")
    here.db.away = {"read"}
    await here.advance(seconds=5)
    assert (here.sender.made, await here.states()) == ([], {delivery: "pending"})
    here.db.away = set()
    await here.advance(seconds=3)
    assert [made.headers["x-attempt"] for made in here.sender.made] == ["1/5"]
    assert [a.number for a in await here.attempts(delivery)] == [1]


async def test_a_database_that_is_away_at_the_load_of_a_repeat_only_delays_it(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    begun = clock.now()
    await here.owe(await here.a_target())
    await here.advance(minutes=4)
    here.db.away = {"read"}
    await here.advance(minutes=3)
    here.db.away = set()
    await here.advance(minutes=60)
    assert [round(minute, 1) for minute in here.sender.minutes(begun)][2:] == pytest.approx([12, 17, 62], abs=0.3)


async def test_outcomes_of_a_process_that_has_lost_its_lease_are_dropped(db: Database, clock: FixedClock) -> None:
    share = Share(Fence("shard:1", "old", await _taken(db, "old")))
    old = await Gateway(db, clock, holding=share).start()
    old.sender.seconds = lambda made: 30.0
    old.sender.status = lambda made: 500
    target = await old.a_target()
    ids = await old.owe(target, 3)
    await old.quiet()
    await db.write(give_back, "shard:1", "old")
    clock.advance(0.001)
    new = await Gateway(db, clock, holding=Share(Fence("shard:1", "new", await _taken(db, "new")))).start()
    assert set((await new.states()).values()) == {"delivered"}
    await old.advance(seconds=60)
    assert set((await new.states()).values()) == {"delivered"}, "the old owner's failures are not written"
    assert [[a.outcome for a in await new.attempts(key)] for key in ids] == [["ok"]] * 3
    share.ours = lambda target: False
    old.engine.lose(lambda target: True)
    await old.owe(target, 2)
    await old.advance(seconds=120)
    assert len(old.sender.made) == 3, "it calls nobody any more"
    await old.stop()
    await new.stop()


async def test_a_target_is_not_cancelled_by_a_process_that_has_lost_its_lease(db: Database, clock: FixedClock) -> None:
    epoch = await _taken(db, "old")
    old = await Gateway(db, clock, holding=Share(Fence("shard:1", "old", epoch))).start()
    old.sender.status = lambda made: 500
    target = await old.a_target()
    [delivery] = await old.owe(target)
    await old.quiet()
    await db.write(give_back, "shard:1", "old")
    clock.advance(0.001)
    assert await _taken(db, "new") == epoch + 1
    await old.edit(target, active=False)
    assert await old.states() == {delivery: "pending"}
    await old.stop()


async def _taken(db: Database, owner: str) -> int:
    epoch: int | None = await db.write(take, "shard:1", owner, LASTS)
    assert epoch is not None
    return epoch


async def test_calls_to_targets_that_were_lost_are_cut_off_and_the_others_are_not(gateway: Open) -> None:
    share = Share()
    here = await gateway(holding=share)
    here.sender.seconds = lambda made: 5.0
    lost, kept = await here.a_target("lost.example"), await here.a_target("kept.example")
    gone, stays = await here.owe(lost, 20), await here.owe(kept, 20)
    await here.quiet()
    share.ours = lambda target: target != lost.id
    here.engine.lose(lambda target: target == lost.id)
    await here.advance(seconds=60)
    states = await here.states()
    assert {states[key] for key in stays} == {"delivered"}
    assert {states[key] for key in gone} == {"pending"}
    assert len(here.sender.delivered_to("lost.example")) == 8, "those in flight at the loss, and none after it"
    share.ours = lambda target: True
    here.engine.gain()
    await here.advance(seconds=60)
    assert set((await here.states()).values()) == {"delivered"}
    assert here.sender.twice == []


async def test_what_waits_of_a_target_that_is_given_back_is_dropped_and_what_is_in_flight_ends(gateway: Open) -> None:
    share = Share()
    here = await gateway(holding=share)
    here.sender.seconds = lambda made: 5.0
    target = await here.a_target()
    ids = await here.owe(target, 20)
    await here.quiet()
    share.ours = lambda target: False
    here.engine.lose(lambda target: False)
    assert not here.engine.is_idle(lambda one: one == target.id)
    assert here.engine.is_idle(lambda one: one != target.id)
    await here.advance(seconds=60)
    assert here.engine.is_idle(lambda one: True)
    assert sorted((await here.states()).values()) == ["delivered"] * 8 + ["pending"] * 12
    assert [made.delivery for made in here.sender.made] == ids[:8]


async def test_no_call_starts_that_could_outlast_the_lease(gateway: Open) -> None:
    share = Share()
    share.seconds = 10.0
    here = await gateway(holding=share, longest=10.0)
    [delivery] = await here.owe(await here.a_target())
    await here.advance(seconds=10)
    assert here.sender.made == []
    share.seconds = 10.1
    await here.advance(seconds=2)
    assert [made.delivery for made in here.sender.made] == [delivery]


async def test_what_another_process_owed_is_expected_by_its_target(gateway: Open) -> None:
    share = Share()
    here = await gateway(holding=share)
    ours, theirs = await here.a_target("ours.example"), await here.a_target("theirs.example")
    share.ours = lambda target: target == ours.id
    ids = await here.owe(ours, 2, offer=False)
    await here.owe(theirs, 2, offer=False)
    for target in (ours.id, theirs.id, 999):
        here.engine.expect(target)
    await here.advance(seconds=1)
    assert [made.delivery for made in here.sender.made] == ids


# --- a crash at every await ------------------------------------------------------------------------------------------


async def _life(disk: Disk, clock: FixedClock, turns: int) -> tuple[Gateway, list[int], bool]:
    """A process that is killed after so many turns of the loop; what it had acknowledged, and whether it came to its end."""
    here = Gateway(InlineDatabase(disk, clock), clock, limits=EngineLimits(calls_per_target=2, lane=4))
    here.sender.status = lambda made: 500 if made.delivery % 2 else 200
    known: list[int] = []

    async def live() -> None:
        await here.present.refresh()
        here.engine.start()
        target = here.present.directory.targets[1]
        for _ in range(3):
            known.extend(await here.owe(target, 3))
            await here.quiet(5)
        while not (step := here.clock.next_due()) or step < 301:
            clock.advance(step or 1.0)
            await here.quiet(5)
            if len(here.sender.made) >= 14:
                return

    living = asyncio.create_task(live(), name="odzew-life")
    for _ in range(turns):
        await turn()
    ended = living.done()
    await here.kill()
    return here, known, ended


async def test_a_crash_at_any_await_loses_nothing_and_repeats_at_most_what_was_in_flight() -> None:
    turns, ended = 0, False
    while not ended:
        turns += 1 if turns < 150 else 7
        clock, disk = FixedClock(), Disk()
        await Gateway(InlineDatabase(disk, clock), clock).a_target(retry_minutes=(5.0,))
        dead, known, ended = await _life(disk, clock, turns)
        after = Gateway(InlineDatabase(disk, clock), clock)
        stored = len(await after.states())
        recorded = {key: len(await after.attempts(key)) for key in known}
        uncertain = {key: len([m for m in dead.sender.made if m.delivery == key]) - recorded[key] for key in known}
        assert set(uncertain.values()) <= {0, 1}, "what is in flight is called once at a time"
        after.sender.status = dead.sender.status
        await after.start()
        await after.advance(minutes=12)
        states = await after.states()
        assert len(states) == stored
        assert set(known) <= set(states)
        assert states == {key: "exhausted" if key % 2 else "delivered" for key in states}, f"after {turns} turns"
        for key in known:
            calls = [made for made in (*dead.sender.made, *after.sender.made) if made.delivery == key]
            assert len(calls) == (2 if key % 2 else 1) + uncertain[key]
            assert dead.sender.twice == after.sender.twice == []
        await after.stop()
        disk.close()
    assert turns > 60


async def test_a_fault_of_the_store_that_is_not_temporary_does_not_end_forwarding(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    real, faults = here.db.inner, [StoreError("the database refused: no such table"), RuntimeError("a fault of ours")]

    class Faulty:
        engine, shared = real.engine, False
        write = real.write

        async def read(self, unit, *args):  # type: ignore[no-untyped-def]
            if faults and unit.__name__ == "waiting_targets":
                raise faults.pop()
            return await real.read(unit, *args)

    here.db.inner = Faulty()  # type: ignore[assignment]
    ids = await here.owe(await here.a_target(), 2, offer=False)
    here.engine.look()
    await here.advance(seconds=5)
    assert faults == []
    assert [made.delivery for made in here.sender.made] == ids
