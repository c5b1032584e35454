"""A wall clock that leaps ahead is noticed, one that is pulled gently is not."""

from __future__ import annotations

import pytest

from odzew.clock import DAY, HOUR, MINUTE, SECOND, FixedClock
from odzew.forward.leap import Leaps
from tests.forward.conftest import Open


@pytest.mark.parametrize(
    ("passes", "set_by", "leapt"),
    [
        (0.0, 0, False), (3600.0, 0, False), (30.0, 30 * SECOND, False), (0.0, MINUTE, False), (0.0, MINUTE + SECOND, True),
        (3600.0, 2 * MINUTE, True), (0.0, 30 * DAY, True), (0.0, -HOUR, False),
    ],
)  # fmt: skip
def test_a_leap(passes: float, set_by: int, leapt: bool) -> None:
    clock = FixedClock()
    leaps = Leaps(clock)
    clock.advance(passes)
    clock.set_wall(clock.now() + set_by)
    assert leaps.leapt(clock.now()) == leapt
    clock.advance(passes)
    assert not leaps.leapt(clock.now()), "told once"


def test_a_clock_that_is_pulled_gently_never_leaps() -> None:
    clock = FixedClock()
    leaps = Leaps(clock)
    for _ in range(1000):
        clock.advance(60)
        clock.set_wall(clock.now() + SECOND)
        assert not leaps.leapt(clock.now())


async def test_nothing_is_cut_short_because_the_clock_was_set(gateway: Open) -> None:
    here = await gateway()
    here.sender.status = lambda made: 500
    target = await here.a_target(retry_minutes=(5.0, 10.0), retry_basis="previous")
    await here.owe(target, 3)
    await here.quiet()
    for _ in range(2):
        here.clock.set_wall(here.clock.now() + 30 * DAY)
        await here.advance(minutes=16)
    assert set((await here.states()).values()) == {"exhausted"}
    assert set((await here.ends()).values()) == {"http_5xx"}, "by its last attempt, not cut_short"
    assert len(here.sender.made) == 9
