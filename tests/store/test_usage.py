"""When tokens and users were last used, and the newest refused calls of each account."""

from __future__ import annotations

from dataclasses import replace

from odzew.store import usage
from odzew.store.changes import counters
from odzew.store.db import Database
from odzew.store.usage import KEPT, ApiError
from tests.builders import a_token, a_user, an_account


async def test_the_last_use_never_goes_back_and_tells_nobody(db: Database) -> None:
    account = await db.write(an_account)
    token = await db.write(a_token, account)
    await db.write(a_token, account, "f" * 32, (), "never")
    user = await db.write(a_user, account, "jan", "hash")
    before = await db.read(counters)
    for at in (50, 70, 60):
        await db.write(usage.note, {token: at, 99: at}, {user: at}, [])
    assert await db.read(usage.last_used_tokens, account) == {token: 70}
    assert await db.read(usage.last_used_users, account) == {user: 70}
    assert await db.read(usage.last_used_tokens, None) == {}
    assert await db.read(counters) == before


async def test_refused_calls_are_listed_newest_first(db: Database) -> None:
    errors = [ApiError(1 + n % 2, n, "messages/recived", 1006, "crm", "192.0.2.1") for n in range(10)]
    await db.write(usage.note, {}, {}, errors)
    found = await db.read(usage.errors, 1)
    assert [replace(error, id=0) for error in found] == errors[8::-2]
    assert [error.at for error in await db.read(usage.errors, 1, found[1].id, 2)] == [4, 2]
    assert await db.read(usage.errors, 3) == []


async def test_only_the_newest_are_kept_of_each_account(db: Database) -> None:
    await db.write(usage.note, {}, {}, [ApiError(2, 1, "a", 1001, "", "")])
    await db.write(usage.note, {}, {}, [ApiError(1, n, "a", 1001, "", "") for n in range(KEPT + 25)])
    found = await db.read(usage.errors, 1, None, 2 * KEPT)
    assert (len(found), found[0].at, found[-1].at) == (KEPT, KEPT + 24, 25)
    assert len(await db.read(usage.errors, 2)) == 1


async def test_words_of_any_length_are_cut(db: Database) -> None:
    await db.write(usage.note, {}, {}, [ApiError(1, 1, "a" * 10_000, 1000, "ż" * 10_000, "1" * 10_000)])
    (error,) = await db.read(usage.errors, 1)
    assert (len(error.action), len(error.who), len(error.address)) == (100, 200, 100)
