"""What users change about themselves, and that a one-time code is good once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import NotOurs
from odzew.model import User
from odzew.store import credentials
from odzew.store.changes import counters
from odzew.store.db import Database
from odzew.store.directory import load
from tests.builders import a_user, an_account


@pytest.fixture
async def user(db: Database) -> int:
    key: int = await db.write(a_user, await db.write(an_account), "jan", "hash")
    return key


async def found(db: Database) -> User:
    user: User = (await db.read(load)).users["jan"]
    return user


# what is set, and what the user has then that a new one has not
CHANGES: tuple[tuple[Any, tuple[Any, ...], dict[str, Any]], ...] = (
    (credentials.set_password, ("other",), {"password_hash": "other", "changed_at": 1_413_883_083_000_000}),
    (credentials.set_totp, ("sealed",), {"totp_secret": "sealed", "changed_at": 1_413_883_083_000_000}),
    (credentials.set_totp, (None,), {"changed_at": 1_413_883_083_000_000}),
    (credentials.set_language, ("pl",), {"language": "pl"}),
    (credentials.set_language, (None,), {}),
    (credentials.set_name, ("Jan Żółw",), {"name": "Jan Żółw"}),
)


@pytest.mark.parametrize(("unit", "values", "expected"), CHANGES)
async def test_a_change_is_in_the_directory_and_told(
    db: Database, clock: FixedClock, user: int, unit: Any, values: tuple[Any, ...], expected: dict[str, Any]
) -> None:
    new, before = await found(db), await db.read(counters)
    await db.write(unit, user, *values)
    changed = await found(db)
    assert {name: getattr(changed, name) for name in User.__slots__ if getattr(changed, name) != getattr(new, name)} == expected
    assert (await db.read(counters))["directory"] == before["directory"] + 1


@pytest.mark.parametrize(("unit", "values"), [row[:2] for row in CHANGES])
async def test_of_nobody_nothing_is_changed(db: Database, user: int, unit: Any, values: tuple[Any, ...]) -> None:
    before = await db.read(counters)
    with pytest.raises(NotOurs, match="no user 99"):
        await db.write(unit, 99, *values)
    assert await db.read(counters) == before


async def test_a_code_is_good_once_and_no_earlier_one_after_it(db: Database, user: int) -> None:
    assert not await db.write(credentials.use_totp_step, user, 100)  # none are on
    await db.write(credentials.set_totp, user, "sealed")
    used = [await db.write(credentials.use_totp_step, user, step) for step in (100, 100, 99, 101, 100)]
    assert used == [True, False, False, True, False]
    await db.write(credentials.set_totp, user, "another secret")
    assert await db.write(credentials.use_totp_step, user, 50)
    assert not await db.write(credentials.use_totp_step, 99, 500)


async def test_of_many_that_use_one_code_at_once_one_may(db: Database, user: int) -> None:
    await db.write(credentials.set_totp, user, "sealed")
    used = await asyncio.gather(*(db.write(credentials.use_totp_step, user, 100) for _ in range(8)))
    assert sorted(used) == [False] * 7 + [True]
