"""Who called and what was refused is written beside the calls: at most so often, nothing lost while the database is away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from odzew.access.rights import Credential
from odzew.access.usage import EVERY, USED, Usage
from odzew.clock import SECOND, FixedClock
from odzew.errors import StoreUnavailable
from odzew.store import usage
from odzew.store.db import Database
from odzew.store.usage import KEPT
from tests.builders import a_token, a_user, an_account
from tests.inbox.house import turn

TOKEN, USER = Credential(1, "crm", token_id=1), Credential(1, "jan", user_id=1)


@pytest.fixture
async def account(db: Database) -> int:
    key: int = await db.write(an_account)
    await db.write(a_token, key)
    await db.write(a_user, key, "jan", "hash")
    return key


class Away:
    """A real database that can be away; it counts what is written."""

    def __init__(self, db: Database) -> None:
        self._db, self.away, self.writes = db, False, 0

    async def write(self, unit: Any, *args: Any) -> Any:
        if self.away:
            raise StoreUnavailable("away")
        self.writes += 1
        return await self._db.write(unit, *args)


async def test_the_last_use_is_written_at_most_once_a_minute(db: Database, clock: FixedClock, account: int) -> None:
    counted = Away(db)
    noting = Usage(counted, clock)  # type: ignore[arg-type]  # a database that only writes
    start = clock.now()
    for _ in range(round(2 * USED / EVERY)):
        noting.noted(TOKEN, "messages/recived", None, "192.0.2.1")
        noting.noted(USER, "messages/recived", None, "192.0.2.1")
        await noting.write()
        clock.advance(EVERY)
    assert counted.writes == 2
    assert await db.read(usage.last_used_tokens, account) == {1: start + USED * SECOND}
    await noting.write(everything=True)
    used = {1: start + (2 * USED - EVERY) * SECOND}
    assert (await db.read(usage.last_used_tokens, account), await db.read(usage.last_used_users, account)) == (used, used)
    assert await db.read(usage.errors, account) == []


async def test_nothing_is_written_while_nothing_is_called(db: Database, clock: FixedClock) -> None:
    counted = Away(db)
    noting = Usage(counted, clock)  # type: ignore[arg-type]  # as above
    await noting.write()
    await noting.write(everything=True)
    assert counted.writes == 0


async def test_what_was_refused_is_written_with_who_and_from_where(db: Database, clock: FixedClock, account: int) -> None:
    noting = Usage(db, clock)
    running = asyncio.create_task(noting.run())
    noting.noted(TOKEN, "messages/recived", 1006, "192.0.2.1")
    noting.noted(TOKEN, "messages/recived", None, "192.0.2.1")
    noting.noted(USER, "contacts/add", 2000, "192.0.2.2")
    while not (found := await db.read(usage.errors, account)):
        clock.advance(EVERY)
        await turn()
    assert [(error.action, error.code, error.who, error.address) for error in found] == [
        ("contacts/add", 2000, "jan", "192.0.2.2"), ("messages/recived", 1006, "crm", "192.0.2.1"),
    ]  # fmt: skip
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_while_the_database_is_away_it_waits(db: Database, clock: FixedClock, account: int) -> None:
    away = Away(db)
    noting = Usage(away, clock)  # type: ignore[arg-type]  # as above
    away.away = True
    noting.noted(TOKEN, "a", 1006, "")
    first = clock.now()
    await noting.write()
    clock.advance(1)
    noting.noted(USER, "b", 1006, "")
    away.away = False
    await noting.write()
    assert [error.action for error in await db.read(usage.errors, account)] == ["b", "a"]
    assert await db.read(usage.last_used_tokens, account) == {1: first}
    assert await db.read(usage.last_used_users, account) == {1: first + SECOND}


async def test_of_very_many_refusals_the_newest_wait(db: Database, clock: FixedClock, account: int) -> None:
    noting = Usage(db, clock)
    for number in range(KEPT + 10):
        noting.noted(TOKEN, str(number), 1006, "")
    await noting.write()
    found = await db.read(usage.errors, account, None, 2 * KEPT)
    assert (len(found), found[0].action, found[-1].action) == (KEPT, str(KEPT + 9), "10")
