"""The only clock, and the one that stands still."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import DAY, HOUR, MINUTE, SECOND, Clock, FixedClock, from_datetime, to_datetime


async def turn() -> None:
    """Lets every task that can go on do so."""
    for _ in range(3):
        passed = asyncio.Event()
        asyncio.get_running_loop().call_soon(passed.set)
        await passed.wait()


# --- the clock of the machine ----------------------------------------------------------------------------------------


def test_the_machine_s_clock_counts_microseconds_since_the_epoch() -> None:
    clock = Clock()
    before = datetime.now(UTC)  # the one place where another clock is asked: is ours that of the machine?
    now = clock.now()
    after = datetime.now(UTC)
    assert before - timedelta(seconds=1) <= to_datetime(now) <= after + timedelta(seconds=1)
    first = clock.monotonic()
    assert clock.monotonic() >= first


async def test_the_machine_s_clock_waits_and_limits() -> None:
    clock = Clock()
    await clock.sleep(0)
    await clock.sleep(-5)
    with pytest.raises(TimeoutError):
        async with clock.deadline(0):
            await asyncio.Event().wait()
    assert await clock.wait(asyncio.Event(), 0) is False


# --- one that stands still -------------------------------------------------------------------------------------------


def test_it_moves_only_when_it_is_advanced(clock: FixedClock) -> None:
    now, monotonic = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == (now, monotonic)
    clock.advance(1.5)
    assert (clock.now() - now, clock.monotonic() - monotonic) == (1_500_000, 1.5)


def test_the_wall_clock_can_be_set_alone(clock: FixedClock) -> None:
    monotonic = clock.monotonic()
    clock.set_wall(5)
    assert (clock.now(), clock.monotonic()) == (5, monotonic)
    clock.advance(1)
    assert clock.now() == 5 + SECOND


async def test_what_was_planned_is_called_in_order_each_at_its_own_instant(clock: FixedClock) -> None:
    called: list[tuple[str, float]] = []
    start = clock.monotonic()

    def plan(name: str, seconds: float) -> None:
        clock.call_later(seconds, lambda: called.append((name, clock.monotonic() - start)))

    plan("late", 3)
    plan("first", 1)
    plan("second", 1)
    clock.call_later(2, lambda: plan("planned on the way", 0.5))
    clock.call_later(1.5, lambda: called.append(("cancelled", 0))).cancel()
    clock.advance(0.5)
    assert called == []
    clock.advance(2.5)
    assert called == [("first", 1), ("second", 1), ("planned on the way", 2.5), ("late", 3)]
    clock.advance(100)
    assert len(called) == 4


def test_when_something_is_due_next(clock: FixedClock) -> None:
    assert clock.next_due() is None
    first = clock.call_later(2, lambda: None)
    clock.call_later(5, lambda: None)
    assert clock.next_due() == 2
    first.cancel()
    assert clock.next_due() == 5
    clock.advance(5)
    assert clock.next_due() is None


async def test_a_sleep_ends_with_the_time_and_not_before(clock: FixedClock) -> None:
    sleeping = asyncio.ensure_future(clock.sleep(10))
    await turn()
    clock.advance(9.999)
    await turn()
    assert not sleeping.done()
    clock.advance(0.001)
    await turn()
    assert sleeping.done()


async def test_a_cancelled_sleep_plans_nothing_more(clock: FixedClock) -> None:
    sleeping = asyncio.ensure_future(clock.sleep(10))
    await turn()
    assert clock.next_due() == 10
    sleeping.cancel()
    await turn()
    assert clock.next_due() is None


@pytest.mark.parametrize("event_first", [True, False])
async def test_a_wait_ends_with_the_event_or_the_time(clock: FixedClock, event_first: bool) -> None:
    event = asyncio.Event()
    waiting = asyncio.ensure_future(clock.wait(event, 5))
    await turn()
    if event_first:
        event.set()
    else:
        clock.advance(5)
    assert await waiting is event_first
    assert clock.next_due() is None


async def test_a_wait_for_what_has_happened_does_not_wait(clock: FixedClock) -> None:
    event = asyncio.Event()
    event.set()
    assert await clock.wait(event, 0) is True


async def test_a_deadline_cancels_what_runs_inside(clock: FixedClock) -> None:
    cleaned = False

    async def work() -> None:
        nonlocal cleaned
        async with clock.deadline(3):
            try:
                await asyncio.Event().wait()
            finally:
                cleaned = True

    working = asyncio.ensure_future(work())
    await turn()
    clock.advance(3)
    with pytest.raises(TimeoutError):
        await working
    assert cleaned


async def test_a_deadline_that_was_met_is_forgotten(clock: FixedClock) -> None:
    async with clock.deadline(3):
        await turn()
    assert clock.next_due() is None
    clock.advance(10)
    await turn()


async def test_an_error_inside_a_deadline_comes_out_as_it_is(clock: FixedClock) -> None:
    with pytest.raises(KeyError):
        async with clock.deadline(3):
            raise KeyError("mine")
    assert clock.next_due() is None


async def test_cancelled_from_outside_is_no_timeout(clock: FixedClock) -> None:
    async def work() -> None:
        async with clock.deadline(3):
            await asyncio.Event().wait()

    working = asyncio.ensure_future(work())
    await turn()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


# --- instants as datetimes -------------------------------------------------------------------------------------------

INSTANTS = (
    (0, datetime(1970, 1, 1, tzinfo=UTC)),
    (1, datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
    (-1, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    (1_413_883_083 * SECOND, datetime(2014, 10, 21, 9, 18, 3, tzinfo=UTC)),
    (DAY + HOUR + MINUTE, datetime(1970, 1, 2, 1, 1, tzinfo=UTC)),
)


@pytest.mark.parametrize(("instant", "moment"), INSTANTS)
def test_instants_and_datetimes(instant: int, moment: datetime) -> None:
    assert to_datetime(instant) == moment
    assert from_datetime(moment) == instant


def test_a_datetime_of_another_zone_is_the_same_instant() -> None:
    assert from_datetime(datetime(2014, 10, 21, 11, 18, 3, tzinfo=timezone(timedelta(hours=2)))) == 1_413_883_083 * SECOND


def test_a_datetime_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="zone"):
        from_datetime(datetime(2014, 10, 21))  # noqa: DTZ001 - that it has none is the case


@given(st.integers(from_datetime(datetime(1, 1, 2, tzinfo=UTC)), from_datetime(datetime(9999, 12, 30, tzinfo=UTC))))
def test_every_instant_comes_back(instant: int) -> None:
    assert from_datetime(to_datetime(instant)) == instant
