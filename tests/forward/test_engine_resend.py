"""Deliveries sent again while an engine runs: a whole new round, the same id, never two calls at once."""

from __future__ import annotations

import asyncio

import pytest

from odzew.clock import MINUTE, FixedClock
from odzew.forward.schedule import Schedule
from odzew.store.delivery_list import Wanted
from odzew.store.resend import Pace, Resent, drop_owed, resend, resend_window
from tests.forward.builders import Gateway
from tests.forward.conftest import Open


async def exhausted(here: Gateway, count: int = 1) -> list[int]:
    """Deliveries of one target whose five attempts have failed."""
    here.sender.status = lambda made: 500
    ids = await here.owe(await here.a_target(), count)
    await here.advance(minutes=70)
    assert set((await here.states()).values()) == {"exhausted"}
    here.sender.made.clear()
    return ids


async def send_again(here: Gateway, *ids: int, delivered: bool = False) -> Resent:
    done: Resent = await here.db.inner.write(resend, list(ids), Pace(0, 1000), delivered)
    here.engine.look()
    return done


async def test_a_new_round_has_all_its_attempts_at_their_times(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    [delivery] = await exhausted(here)
    begun = clock.now()
    await send_again(here, delivery)
    await here.advance(minutes=70)
    assert [round(minute) for minute in here.sender.minutes(begun)] == [0, 5, 10, 15, 60]
    assert [made.headers["x-attempt"] for made in here.sender.made] == [f"{number}/5" for number in range(1, 6)]
    assert {made.headers["webhook-id"] for made in here.sender.made} == {f"msg_{delivery}"}
    assert [one.number for one in await here.attempts(delivery)] == list(range(1, 11))
    assert await here.states() == {delivery: "exhausted"}


async def test_one_that_succeeds_in_the_second_round_is_delivered(gateway: Open) -> None:
    here = await gateway()
    [delivery] = await exhausted(here)
    here.sender.status = lambda made: 200
    await send_again(here, delivery)
    await here.advance(seconds=1)
    assert await here.states() == {delivery: "delivered"}
    assert [one.outcome for one in await here.attempts(delivery)] == ["http_5xx"] * 5 + ["ok"]
    assert (await send_again(here, delivery)).delivered == 1
    assert (await send_again(here, delivery, delivered=True)).sent_again == 1
    await here.advance(seconds=1)
    assert [one.number for one in await here.attempts(delivery)] == list(range(1, 8))
    assert await here.owed() == set()


async def test_while_the_first_round_is_in_flight_it_is_left_alone(gateway: Open) -> None:
    here = await gateway()
    here.sender.seconds = lambda made: 3.0
    [delivery] = await here.owe(await here.a_target())
    await here.quiet()
    assert await send_again(here, delivery, delivered=True) == Resent(still_owed=1)
    await here.advance(seconds=10)
    assert (len(here.sender.made), here.sender.twice) == (1, [])
    assert await here.states() == {delivery: "delivered"}


async def test_sent_again_between_the_commit_of_its_end_and_its_release_from_memory(gateway: Open) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    [delivery] = await here.owe(await here.a_target(retry_minutes=()))
    gate = here.db.gates["write"] = asyncio.Event()  # the ledger's unit: committed, but not yet told
    await here.quiet()
    assert await here.states() == {delivery: "exhausted"}
    here.sender.status = lambda made: 200
    assert (await send_again(here, delivery)).sent_again == 1
    await here.quiet()
    gate.set()
    here.db.gates.clear()
    await here.advance(minutes=1)
    assert await here.states() == {delivery: "delivered"}
    assert here.sender.twice == []
    assert [one.number for one in await here.attempts(delivery)] == [1, 2]


async def test_a_target_that_is_switched_off_meanwhile_ends_the_new_round(gateway: Open) -> None:
    here = await gateway()
    [delivery] = await exhausted(here)
    [target] = here.present.directory.targets.values()
    await here.db.inner.write(resend, [delivery], Pace(here.clock.now() + 3_600_000_000, 1))
    await here.edit(target, active=False)
    await here.advance(minutes=1)
    assert await here.states() == {delivery: "cancelled"}
    assert (await send_again(here, delivery)) == Resent(target_off=1)
    assert here.sender.made == []


async def test_after_a_kill_the_new_round_goes_on_where_it_was(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    [delivery] = await exhausted(here)
    await send_again(here, delivery)
    await here.advance(minutes=6)
    await here.kill()
    after = await gateway(sender=None)
    after.sender.status = lambda made: 500
    await after.advance(minutes=70)
    assert [made.headers["x-attempt"] for made in after.sender.made] == ["3/5", "4/5", "5/5"]
    assert [one.number for one in await after.attempts(delivery)] == list(range(1, 11))


async def test_many_are_called_at_the_pace_and_each_once(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    ids = await exhausted(here, 30)
    here.sender.status = lambda made: 200
    begun = clock.now()
    await here.db.inner.write(resend_window, Wanted("exhausted"), (0, 0), Pace(begun, 2))
    here.engine.look()
    await here.advance(seconds=20)
    assert sorted(made.delivery for made in here.sender.made) == sorted(ids)
    for number, made in enumerate(sorted(here.sender.made, key=lambda made: made.at)):
        assert made.at >= begun + number * 500_000
    assert set((await here.states()).values()) == {"delivered"}


# --- a call of the old round that is still under way -----------------------------------------------------------------

async def dropped_and_sent_again(here: Gateway, delivery: int) -> None:
    """As at the resuming of a target when what it missed is dropped, and regretted."""
    [target] = here.present.directory.targets.values()
    assert await here.db.inner.write(drop_owed, target.id, delivery) == 1
    assert await send_again(here, delivery) == Resent(sent_again=1)


@pytest.mark.parametrize("before", [0, 1, 2], ids=["its first attempt", "its second", "its third"])
@pytest.mark.parametrize("late", [200, 500], ids=["succeeds", "fails"])
async def test_a_call_under_way_when_it_is_dropped_and_sent_again_belongs_to_the_old_round(
    gateway: Open, clock: FixedClock, before: int, late: int
) -> None:
    here = await gateway()
    here.sender.status = lambda made: late if here.sender.made.index(made) == before else 500
    here.sender.seconds = lambda made: 30.0 if here.sender.made.index(made) == before else 0.0
    [delivery] = await here.owe(await here.a_target())
    await here.advance(minutes=5 * before, seconds=15)
    assert len(here.sender.made) == before + 1
    begun = clock.now()
    await dropped_and_sent_again(here, delivery)
    await here.advance(seconds=10)
    assert len(here.sender.made) == before + 1, "it waits for the call that is under way"
    await here.advance(seconds=20)
    assert (await here.states(), await here.owed()) == ({delivery: "pending"}, {delivery})
    await here.advance(minutes=71)
    assert here.sender.twice == []
    new = here.sender.made[before + 1 :]
    assert [made.headers["x-attempt"] for made in new] == [f"{number}/5" for number in range(1, 6)], "a whole new round"
    assert [round((made.at - new[0].at) / MINUTE) for made in new] == [0, 5, 10, 15, 60]
    assert new[0].at - begun <= MINUTE
    tried = await here.attempts(delivery)
    assert [one.number for one in tried] == list(range(1, before + 7)), "none is lost"
    assert [one.started_at for one in tried] == [made.at for made in here.sender.made]
    assert tried[before].outcome == ("ok" if late == 200 else "http_5xx")
    assert await here.states() == {delivery: "exhausted"}


@pytest.mark.parametrize("unit", ["result", "ending"])
async def test_an_end_whose_commit_was_told_as_a_failure_is_not_stored_again_in_the_new_round(
    gateway: Open, clock: FixedClock, unit: str
) -> None:
    here = await gateway(schedule=Schedule((0.5,)))
    here.sender.status = lambda made: 500
    [delivery] = await here.owe(await here.a_target())
    await here.advance(seconds=10)
    if unit == "ending":
        [target] = here.present.directory.targets.values()
        await here.edit(target, retry_minutes=())  # so there is nothing left to try
    here.db.answers_lost = 1
    while (await here.states())[delivery] == "pending":
        await here.advance(seconds=0.25)
    assert here.engine.in_hand[2] == 1, "it is not known to be stored"
    here.sender.status = lambda made: 200
    await send_again(here, delivery)
    await here.advance(minutes=1)
    assert await here.states() == {delivery: "delivered"}
    assert [one.number for one in await here.attempts(delivery)] == list(range(1, len(here.sender.made) + 1))
    assert (await here.owed(), here.sender.twice) == (set(), [])
