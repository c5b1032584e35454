"""Failures are counted, slow what follows, and then refuse it. The clock stands still unless a test moves it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.access.throttle import DEFAULT_LIMITS, Limits, Throttle
from odzew.clock import FixedClock
from odzew.errors import Busy
from tests.access.builders import HERE, turns

ELSEWHERE = "198.51.100.20"


@pytest.fixture
def throttle(clock: FixedClock) -> Throttle:
    return Throttle(clock)


async def wait_of(throttle: Throttle, clock: FixedClock, address: str, login: str | None) -> float:
    """Seconds that an attempt has to wait. Busy if it is refused."""
    attempt = asyncio.create_task(throttle.admit(address, login))
    await turns()
    waits = 0.0 if attempt.done() else clock.next_due() or 0.0
    if waits:
        attempt.cancel()
        await asyncio.wait([attempt])
    else:
        attempt.result()
    return waits


async def is_refused(throttle: Throttle, clock: FixedClock, address: str, login: str | None) -> bool:
    try:
        await wait_of(throttle, clock, address, login)
    except Busy:
        return True
    return False


def fail(throttle: Throttle, times: int, address: str = HERE, login: str | None = "webapi") -> None:
    for _ in range(times):
        throttle.failed(address, login)


WAITS = (
    # failures before, seconds to wait
    (0, 0.0),
    (1, 0.0),
    (9, 0.0),
    (10, 0.25),
    (11, 0.5),
    (12, 1.0),
    (13, 2.0),
    (14, 4.0),
    (15, 4.0),
    (19, 4.0),
)


@pytest.mark.parametrize(("failures", "seconds"), WAITS)
async def test_after_ten_failures_attempts_wait_longer_and_longer(
    throttle: Throttle, clock: FixedClock, failures: int, seconds: float
) -> None:
    fail(throttle, failures)
    assert await wait_of(throttle, clock, HERE, "webapi") == pytest.approx(seconds)


async def test_a_wait_ends_by_the_clock_and_then_admits(throttle: Throttle, clock: FixedClock) -> None:
    fail(throttle, 12)
    attempt = asyncio.create_task(throttle.admit(HERE, "webapi"))
    await turns()
    clock.advance(0.99)
    await turns()
    assert not attempt.done()
    clock.advance(0.02)
    await turns()
    assert attempt.done()
    assert attempt.exception() is None


async def test_after_twenty_failures_attempts_are_refused_until_one_is_five_minutes_old(throttle: Throttle, clock: FixedClock) -> None:
    for _ in range(20):
        throttle.failed(HERE, "webapi")
        clock.advance(1)
    with pytest.raises(Busy) as refused:
        await throttle.admit(HERE, "webapi")
    assert refused.value.retry_after == 280
    clock.advance(279.5)
    assert await is_refused(throttle, clock, HERE, "webapi")
    clock.advance(0.5)
    assert await wait_of(throttle, clock, HERE, "webapi") == 4.0  # 19 are left in the window
    clock.advance(300)
    assert await wait_of(throttle, clock, HERE, "webapi") == 0.0


async def test_a_waiting_attempt_is_refused_if_meanwhile_others_failed(throttle: Throttle, clock: FixedClock) -> None:
    fail(throttle, 19)
    attempt = asyncio.create_task(throttle.admit(HERE, "webapi"))
    await turns()
    fail(throttle, 1)
    clock.advance(4)
    await turns()
    assert isinstance(attempt.exception(), Busy)


SCOPE = (
    # what is shown, 20 failures of (address, login), an attempt of (address, login), refused?
    ("the same", (HERE, "webapi"), (HERE, "webapi"), True),
    ("another login from there", (HERE, "webapi"), (HERE, "other"), True),
    ("that login from elsewhere", (HERE, "webapi"), (ELSEWHERE, "webapi"), True),
    ("another login from elsewhere", (HERE, "webapi"), (ELSEWHERE, "other"), False),
    ("a login in another case is another", (HERE, "webapi"), (ELSEWHERE, "WebApi"), False),
    ("a wrong token from there", (HERE, "webapi"), (HERE, None), True),
    ("a wrong token from elsewhere", (HERE, "webapi"), (ELSEWHERE, None), False),
    ("a log-in after wrong tokens", (HERE, None), (HERE, "webapi"), True),
    ("a log-in from elsewhere after wrong tokens", (HERE, None), (ELSEWHERE, "webapi"), False),
    ("the same customer's IPv6 network", ("2001:db8::1", "a"), ("2001:db8::ffff", "b"), True),
    ("another IPv6 network", ("2001:db8::1", "a"), ("2001:db8:0:1::1", "b"), False),
    ("the mapped spelling", (HERE, "a"), (f"::ffff:{HERE}", "b"), True),
    ("a lone surrogate", (HERE, "\ud800"), (ELSEWHERE, "\ud800"), True),
    ("a login of a megabyte", (HERE, "x" * 1_000_000), (ELSEWHERE, "x" * 1_000_000), True),
    ("no address", ("", "a"), ("", "b"), True),
)


@pytest.mark.parametrize(("failed", "attempt", "refused"), [case[1:] for case in SCOPE], ids=[case[0] for case in SCOPE])
async def test_failures_count_against_their_address_and_their_login(
    throttle: Throttle, clock: FixedClock, failed: tuple[str, str | None], attempt: tuple[str, str | None], refused: bool
) -> None:
    fail(throttle, 20, *failed)
    assert await is_refused(throttle, clock, *attempt) is refused


async def test_a_success_clears_the_logins_failures_but_not_the_addresss(throttle: Throttle, clock: FixedClock) -> None:
    fail(throttle, 15)
    throttle.succeeded(ELSEWHERE, "webapi")
    assert await wait_of(throttle, clock, "203.0.113.1", "webapi") == 0.0
    assert await wait_of(throttle, clock, HERE, "webapi") == 4.0
    assert await wait_of(throttle, clock, HERE, "other") == 4.0


async def test_strangers_cannot_shut_out_a_login_from_where_it_is_known(throttle: Throttle, clock: FixedClock) -> None:
    throttle.succeeded(HERE, "webapi")
    fail(throttle, 50, ELSEWHERE, "webapi")  # somebody guesses this login
    fail(throttle, 50, HERE, "neighbour")  # and somebody fails behind the same address
    assert await wait_of(throttle, clock, HERE, "webapi") == 0.0
    assert await is_refused(throttle, clock, ELSEWHERE, "webapi")
    assert await is_refused(throttle, clock, HERE, "neighbour")
    clock.advance(DEFAULT_LIMITS.known_for)
    fail(throttle, 50, ELSEWHERE, "webapi")
    assert await is_refused(throttle, clock, HERE, "webapi")  # known for a day


async def test_a_known_login_has_its_own_failures_counted(throttle: Throttle, clock: FixedClock) -> None:
    throttle.succeeded(HERE, "webapi")
    fail(throttle, 12)
    assert await wait_of(throttle, clock, HERE, "webapi") == 1.0
    throttle.succeeded(HERE, "webapi")  # or a guesser beside a busy client would be counted anew with each of its calls
    assert await wait_of(throttle, clock, HERE, "webapi") == 1.0
    fail(throttle, 8)
    assert await is_refused(throttle, clock, HERE, "webapi")


async def test_only_so_many_wait_at_once(clock: FixedClock) -> None:
    throttle = Throttle(clock, Limits(waiting=3))
    fail(throttle, 12)
    waiting = [asyncio.create_task(throttle.admit(HERE, "webapi")) for _ in range(3)]
    await turns()
    with pytest.raises(Busy) as refused:
        await throttle.admit(HERE, "webapi")
    assert refused.value.retry_after == 1
    await throttle.admit(ELSEWHERE, "other")  # whoever need not wait is not concerned
    waiting[0].cancel()
    await turns()
    assert await wait_of(throttle, clock, HERE, "webapi") == 1.0  # its place is free
    clock.advance(1)
    await asyncio.gather(*waiting[1:])
    assert await wait_of(throttle, clock, HERE, "webapi") == 1.0


async def test_of_many_addresses_those_that_failed_longest_ago_are_forgotten(clock: FixedClock) -> None:
    throttle = Throttle(clock, Limits(remembered=100))
    for number in range(101):
        fail(throttle, 20, f"10.0.0.{number}", f"login-{number}")
    assert not await is_refused(throttle, clock, "10.0.0.0", "login-0")
    assert await is_refused(throttle, clock, "10.0.0.1", "nobody")
    assert await is_refused(throttle, clock, ELSEWHERE, "login-1")
    assert await is_refused(throttle, clock, "10.0.0.100", "nobody")


async def test_of_many_known_pairs_the_oldest_are_forgotten(clock: FixedClock) -> None:
    throttle = Throttle(clock, Limits(remembered=2))
    for login in ("first", "second", "first", "third"):  # "second" is the one that entered longest ago
        throttle.succeeded(HERE, login)
    fail(throttle, 20, HERE, "neighbour")
    assert await wait_of(throttle, clock, HERE, "first") == 0.0
    assert await wait_of(throttle, clock, HERE, "third") == 0.0
    assert await is_refused(throttle, clock, HERE, "second")


async def test_no_number_of_failures_overflows_the_wait(clock: FixedClock) -> None:
    throttle = Throttle(clock, replace(DEFAULT_LIMITS, refuse_after=5000))
    fail(throttle, 4999)
    assert await wait_of(throttle, clock, HERE, "webapi") == 4.0


@given(st.lists(st.floats(0, 100), max_size=60))
async def test_refused_means_twenty_failures_within_five_minutes(gaps: list[float]) -> None:
    clock = FixedClock()
    throttle = Throttle(clock)
    instants = []
    for gap in gaps:
        clock.advance(gap)
        throttle.failed(HERE, "webapi")
        instants.append(clock.monotonic())
    within = sum(instant > clock.monotonic() - 300 for instant in instants)
    assert await is_refused(throttle, clock, HERE, "webapi") is (within >= 20)
