"""The wall clock is set forward and back: nothing is lost, what is new does not wait, and repeats keep to the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from odzew.clock import DAY, HOUR, SECOND
from odzew.forward.loader import LOOK
from odzew.store.db import statement
from tests.flow.in_process import JITTER, REPEATS, House, running
from tests.forward.receiver import until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with running(tmp_path) as house:
        yield house


async def delivered(house: House) -> list[str]:
    await house.passes(0)
    rows = await house.server.db.read(statement, "SELECT state FROM deliveries ORDER BY id")
    return [row[0] for row in rows]


async def fails_once(house: House) -> None:
    """A message that has failed once, and would succeed from now on."""
    await house.message("first")
    await house.attempts(1)
    await house.passes(0)
    house.answer = None


@pytest.mark.parametrize("ahead", [HOUR, 30 * DAY])
async def test_set_forward_one_call_is_made_soon_and_what_is_new_at_once(ahead: int, house: House) -> None:
    await fails_once(house)
    house.clock.set_wall(house.clock.now() + ahead)
    await house.message("second")
    await until(lambda: "second" in house.called_with())
    await house.passes(0)
    await house.passes(LOOK)
    await house.attempts(3)
    assert sorted(house.called_with()) == ["first", "first", "second"]
    assert await delivered(house) == ["delivered", "delivered"]


async def test_set_forward_the_other_repeats_keep_their_gaps(house: House) -> None:
    await fails_once(house)
    house.answer = "status"
    house.clock.set_wall(house.clock.now() + 30 * DAY)
    await house.passes(LOOK)
    await house.attempts(2)
    for number, gap in enumerate(REPEATS[1:], 3):
        await house.passes(gap - JITTER)
        assert len(house.ended) == number - 1, "never early"
        await house.passes(2 * JITTER)
        await house.attempts(number)
    assert await delivered(house) == ["exhausted"]


@pytest.mark.parametrize("behind", [HOUR, 3 * DAY])
async def test_set_back_what_is_new_does_not_wait_and_the_repeat_comes_when_its_time_has_come_again(behind: int, house: House) -> None:
    await fails_once(house)
    house.clock.set_wall(house.clock.now() - behind)
    await house.message("second")
    await house.attempts(2)
    await house.passes(behind / SECOND)
    await house.attempts(2)
    await house.passes(REPEATS[0] + JITTER)
    await house.attempts(3)
    assert house.called_with() == ["first", "second", "first"]
    assert await delivered(house) == ["delivered", "delivered"]


async def test_set_back_and_started_again(house: House) -> None:
    await fails_once(house)
    await house.message("second")
    await house.attempts(2)
    house.clock.set_wall(house.clock.now() - DAY)
    await house.restart()
    await house.message("third")
    await house.attempts(3)
    await house.passes(DAY / SECOND + REPEATS[0] + JITTER)
    await house.attempts(4)
    assert sorted(house.called_with()) == ["first", "first", "second", "third"]
    assert await delivered(house) == ["delivered"] * 3


async def test_set_to_and_fro_again_and_again(house: House) -> None:
    house.answer = None
    for number in range(20):
        house.clock.set_wall(house.clock.now() + (HOUR if number % 2 else -HOUR))
        await house.message(f"message {number}")
        await house.passes(1.0)
    await house.attempts(20)
    assert house.called_with() == [f"message {number}" for number in range(20)]
    received = await house.server.db.read(statement, "SELECT received_at FROM messages ORDER BY id")
    assert received == sorted(received), "the time of what came never goes back"
