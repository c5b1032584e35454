"""Recovery codes: each good once, for its user alone, for as long as the one-time codes that it stands in for."""

from __future__ import annotations

import asyncio

import pytest

from odzew.store import credentials, recovery_codes
from odzew.store.db import Database
from tests.builders import a_user, an_account

CODES = [bytes([number]) * 32 for number in range(10)]


@pytest.fixture
async def users(db: Database) -> tuple[int, int]:
    """Two users with one-time codes."""
    account = await db.write(an_account)
    first, second = await db.write(a_user, account, "jan", "hash"), await db.write(a_user, account, "ewa", "hash")
    for user in (first, second):
        await db.write(credentials.set_totp, user, "sealed")
    return first, second


async def test_a_code_is_good_once_and_for_its_user_alone(db: Database, users: tuple[int, int]) -> None:
    jan, ewa = users
    assert await db.write(recovery_codes.replace, jan, CODES)
    assert await db.write(recovery_codes.use, ewa, CODES[0]) is None
    assert [await db.write(recovery_codes.use, jan, code) for code in (CODES[0], CODES[0], CODES[9], b"x" * 32)] == [9, None, 8, None]
    assert [await db.read(recovery_codes.left, user) for user in users] == [8, 0]


async def test_new_ones_end_the_old_ones(db: Database, users: tuple[int, int]) -> None:
    jan, ewa = users
    for user in users:
        await db.write(recovery_codes.replace, user, CODES[:5])
    await db.write(recovery_codes.replace, jan, CODES[5:])
    assert await db.write(recovery_codes.use, jan, CODES[0]) is None
    assert await db.write(recovery_codes.use, jan, CODES[5]) == 4
    assert await db.write(recovery_codes.use, ewa, CODES[0]) == 4  # another user's stay


@pytest.mark.parametrize("secret", [None, "another secret"])
async def test_they_end_with_the_secret_that_they_were_made_for(db: Database, users: tuple[int, int], secret: str | None) -> None:
    for user in users:
        await db.write(recovery_codes.replace, user, CODES)
    await db.write(credentials.set_totp, users[0], secret)
    assert [await db.read(recovery_codes.left, user) for user in users] == [0, 10]


async def test_who_has_no_one_time_codes_gets_none(db: Database, users: tuple[int, int]) -> None:
    await db.write(credentials.set_totp, users[0], None)
    assert not await db.write(recovery_codes.replace, users[0], CODES)
    assert not await db.write(recovery_codes.replace, 99, CODES)
    assert await db.read(recovery_codes.left, users[0]) == 0


async def test_of_many_that_use_one_code_at_once_one_may(db: Database, users: tuple[int, int]) -> None:
    await db.write(recovery_codes.replace, users[0], CODES)
    used = await asyncio.gather(*(db.write(recovery_codes.use, users[0], CODES[3]) for _ in range(8)))
    assert [left for left in used if left is not None] == [9]


async def test_two_that_make_new_ones_at_once_leave_one_set(db: Database, users: tuple[int, int]) -> None:
    sets = [[bytes([number, other]) * 16 for number in range(10)] for other in range(6)]
    await asyncio.gather(*(db.write(recovery_codes.replace, users[0], codes) for codes in sets))
    assert await db.read(recovery_codes.left, users[0]) == 10
