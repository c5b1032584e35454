"""Deliveries sent again while an engine runs: a whole new round, the same id, never two calls at once."""

from __future__ import annotations

import asyncio

from odzew.clock import FixedClock
from odzew.store.delivery_list import Wanted
from odzew.store.resend import Pace, Resent, resend, resend_window
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
