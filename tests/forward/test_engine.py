"""The forwarding engine in the course of time (contract 5.5): who is called when, on both database engines."""

from __future__ import annotations

import pytest

from odzew.clock import HOUR, MINUTE, SECOND, FixedClock
from odzew.forward.loader import SPACED
from odzew.forward.schedule import Schedule
from odzew.forward.turns import EngineLimits
from odzew.inbox.receive import Inbox
from odzew.model import Arrival, Basis, Number
from odzew.store import delivery_list, unread
from odzew.store.numbers import save_numbers
from tests.forward.conftest import Open

# Defaults of contract 5.5; the jitter of a delivery comes on top of each repeat.
CONTRACT: tuple[tuple[Basis, list[float]], ...] = (("first", [0, 5, 10, 15, 60]), ("previous", [0, 5, 15, 30, 90]))

@pytest.mark.parametrize(("basis", "minutes"), CONTRACT)
async def test_a_url_that_always_fails_is_called_at_the_contracts_times_and_then_never_again(
    gateway: Open, clock: FixedClock, basis: Basis, minutes: list[float]
) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target(retry_basis=basis)
    begun = clock.now()
    [delivery] = await here.owe(target)
    jitter = Schedule(basis=basis).jitter(delivery)
    for number, minute in enumerate(minutes):
        due = begun + round(minute * MINUTE) + (jitter if number else 0)
        await here.advance(seconds=max(0.0, (due - clock.now() - 1) / SECOND))
        assert len(here.sender.made) == (number or 1), "early"
        await here.advance(seconds=0.003)
        assert due <= here.sender.made[-1].at <= due + 2_000
        assert here.sender.made[-1].headers["x-attempt"] == f"{number + 1}/5"
    assert 0 <= jitter <= 10 * SECOND
    assert await here.states() == {delivery: "exhausted"}
    await here.advance(minutes=90)
    assert len(here.sender.made) == 5
    attempts = await here.attempts(delivery)
    assert [(a.number, a.outcome, a.status, a.delayed) for a in attempts] == [(n, "http_5xx", 500, False) for n in range(1, 6)]
    assert {made.headers["webhook-id"] for made in here.sender.made} == {f"msg_{delivery}"}
    listed, _ = await here.db.read(delivery_list.page, delivery_list.Wanted("exhausted"), None, 10)
    assert [(row.id, row.state, row.attempts, row.outcome) for row in listed] == [(delivery, "exhausted", 5, "http_5xx")]
    assert await here.db.read(unread.count, unread.Filter(target.account_id)) == 1, "the pull API still has it"


async def test_a_fresh_delivery_leaves_at_once_and_from_memory(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    target = await here.a_target()
    reads = here.db.reads.copy()
    begun = clock.now()
    [delivery] = await here.owe(target)
    await here.quiet()
    assert clock.now() == begun
    assert [made.delivery for made in here.sender.made] == [delivery]
    assert here.db.reads == reads, "nothing was read back"
    assert await here.states() == {delivery: "delivered"}
    assert await here.owed() == set()
    assert here.sender.made[0].headers["x-attempt"] == "1/5"


async def test_the_engine_takes_what_the_inbox_has_stored(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    target = await here.a_target(for_kind="ndi")
    await here.db.write(save_numbers, [Number(0, "+48664078059", "ndi", target.account_id)])
    await here.present.refresh()
    inbox = Inbox(here.db, here.present, lambda received: here.engine.offer(received.owed))
    receipts = await inbox.receive([Arrival(1, "500600700", "664078059", b"raw", f"wiadomość {n}") for n in range(3)])
    await here.quiet()
    await inbox.close()
    assert [receipt.kind for receipt in receipts] == ["ndi"] * 3
    shown = [made.target for made in here.sender.made]
    assert shown == [f"/in?id={receipt.message_id}&t=wiadomo%C5%9B%C4%87%20{n}" for n, receipt in enumerate(receipts)]
    assert len({made.headers["webhook-id"] for made in here.sender.made}) == 3
    assert set((await here.states()).values()) == {"delivered"}


async def test_a_repeat_that_succeeds_ends_the_delivery(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 503 if len(here.sender.made) == 1 else 200
    begun = clock.now()
    [delivery] = await here.owe(await here.a_target())
    await here.advance(minutes=120)
    assert [round(minute) for minute in here.sender.minutes(begun)] == [0, 5]
    assert await here.states() == {delivery: "delivered"}
    assert [a.outcome for a in await here.attempts(delivery)] == ["http_5xx", "ok"]


async def test_times_count_from_the_start_of_an_attempt_however_long_it_takes(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status, here.sender.seconds = lambda made: 500, lambda made: 9.0
    begun = clock.now()
    [delivery] = await here.owe(await here.a_target())
    await here.advance(minutes=16)
    jitter = Schedule().jitter(delivery)
    assert [round(minute * MINUTE) for minute in here.sender.minutes(begun)] == [0, *(n * MINUTE + jitter for n in (5, 10, 15))]
    assert {a.took_us for a in await here.attempts(delivery)} == {9 * SECOND}


async def test_each_delivery_has_one_jitter_that_moves_all_its_repeats_alike(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    begun = clock.now()
    ids = await here.owe(await here.a_target(), 20)
    await here.advance(minutes=62)
    late: dict[int, list[int]] = {}
    for key in ids:
        times = zip(here.sender.minutes(begun, key), (0, 5, 10, 15, 60), strict=True)
        first, *late[key] = [round((minute - slot) * MINUTE) for minute, slot in times]
        assert first == 0
    for key, repeats in late.items():
        assert all(0 <= repeat - Schedule().jitter(key) <= SPACED for repeat in repeats)
    assert len({repeats[0] // SPACED for repeats in late.values()}) > 10, "they do not come back together"


async def test_an_attempt_that_had_to_wait_for_others_is_marked_as_delayed(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=1))
    here.sender.seconds = lambda made: 61.0
    ids = await here.owe(await here.a_target(), 2)
    await here.advance(minutes=3)
    assert [[a.delayed for a in await here.attempts(key)] for key in ids] == [[False], [True]]


async def test_what_is_not_done_after_24_hours_of_service_is_cut_short(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(limits=EngineLimits(calls_per_target=1))
    here.sender.seconds = lambda made: (24 * HOUR + 1) / SECOND
    first, second = await here.owe(await here.a_target(), 2)
    await here.quiet()
    clock.advance(24 * 3600 + 1)
    await here.quiet()
    assert await here.states() == {first: "delivered", second: "exhausted"}
    assert (await here.ends())[second] == "cut_short"
    assert await here.attempts(second) == []
    assert len(here.sender.made) == 1


async def test_an_outage_of_ours_does_not_count_towards_the_24_hours(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    begun = clock.now()
    [delivery] = await here.owe(await here.a_target())
    await here.advance(minutes=6)
    await here.stop()
    clock.advance(30 * 3600)
    await here.start()
    await here.advance(minutes=60)
    assert [round(minute) for minute in here.sender.minutes(begun)] == [0, 5, 1806, 1811, 1856]
    assert await here.states() == {delivery: "exhausted"}
    assert (await here.ends())[delivery] == "http_5xx", "all attempts were made"


async def test_after_an_outage_of_30_minutes_one_call_is_made_at_once_and_the_rest_keep_their_gaps(
    gateway: Open, clock: FixedClock
) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    begun = clock.now()
    [delivery] = await here.owe(await here.a_target())
    await here.quiet()
    await here.stop()
    clock.advance(30 * 60)
    await here.start()
    assert here.sender.minutes(begun) == [0, 30]
    await here.advance(minutes=120)
    assert here.sender.minutes(begun) == [0, 30, 35, 40, 85]
    assert [a.delayed for a in await here.attempts(delivery)] == [False] * 5, "an outage of ours is no protection"


@pytest.mark.parametrize(("step", "times"), [(HOUR, [0, 60, 65, 70, 115]), (-HOUR, [0, 5, 10, 15, 60])])
async def test_a_wall_clock_that_is_set_skips_no_attempt_and_makes_no_burst(
    gateway: Open, clock: FixedClock, step: int, times: list[float]
) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target()
    begun = clock.now()
    [delivery] = await here.owe(target)
    await here.quiet()
    clock.set_wall(begun + step)
    [fresh] = await here.owe(target)
    await here.quiet()
    assert [made.delivery for made in here.sender.made][:2] == [delivery, fresh], "a fresh one leaves at once whatever the wall says"
    await here.advance(minutes=200)
    assert [round(minute) for minute in here.sender.minutes(begun, delivery)] == times
    assert set((await here.states()).values()) == {"exhausted"}


async def test_a_shorter_schedule_counts_at_once(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target()
    [delivery] = await here.owe(target)
    await here.advance(minutes=11)
    assert len(here.sender.made) == 3
    await here.edit(target, retry_minutes=(1.0,))
    await here.advance(minutes=60)
    assert len(here.sender.made) == 3
    assert (await here.states(), await here.ends()) == ({delivery: "exhausted"}, {delivery: "no_more_attempts"})


async def test_a_target_may_have_a_schedule_of_its_own(gateway: Open, clock: FixedClock) -> None:
    here = await gateway(schedule=Schedule((2.0,)))
    here.sender.status = lambda made: 500
    begun = clock.now()
    [own] = await here.owe(await here.a_target("own.example", retry_minutes=(0.5, 1.0, 1.5)))
    [other] = await here.owe(await here.a_target("other.example"))
    await here.advance(minutes=10)
    assert [round(minute, 1) for minute in here.sender.minutes(begun, own)] == [0, 0.5, 1.0, 1.5]
    assert [round(minute) for minute in here.sender.minutes(begun, other)] == [0, 2]
    assert [made.headers["x-attempt"] for made in here.sender.made if made.delivery == own] == ["1/4", "2/4", "3/4", "4/4"]


async def test_what_was_not_offered_is_found_all_the_same(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    target = await here.a_target()
    announced = await here.owe(target, offer=False)
    here.engine.look()
    await here.quiet()
    assert [made.delivery for made in here.sender.made] == announced
    forgotten = await here.owe(target, offer=False)
    await here.advance(seconds=31)
    assert [made.delivery for made in here.sender.made] == announced + forgotten


async def test_the_backstop_works_though_something_else_falls_due_all_the_time(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500 if made.host == "busy.example" else 200
    await here.owe(await here.a_target("busy.example", retry_minutes=tuple(n / 6 for n in range(1, 20))))
    forgotten = await here.owe(await here.a_target("idle.example"), offer=False)
    await here.advance(seconds=61)
    assert here.sender.delivered_to("idle.example") == forgotten


async def test_an_engine_that_does_not_run_takes_nothing(gateway: Open, clock: FixedClock) -> None:
    here = await gateway()
    target = await here.a_target()
    await here.stop()
    runs = [here.engine.runs]
    ids = await here.owe(target, 3)
    await here.quiet()
    assert here.sender.made == []
    await here.start()
    assert [*runs, here.engine.runs] == [False, True]
    assert [made.delivery for made in here.sender.made] == ids
