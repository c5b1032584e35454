"""The blacklist of an account on each engine."""

from __future__ import annotations

from odzew.store import blacklist
from odzew.store.db import Database
from tests.builders import an_account


async def test_adding_twice_keeps_id_and_time(db: Database) -> None:
    account = await db.write(an_account)
    key = await db.write(blacklist.add, account, "Alfa")
    assert await db.write(blacklist.add, account, "Alfa") == key
    other = await db.write(blacklist.add, account, "alfa")
    assert other > key  # spelled otherwise, it is another
    assert [row[:2] for row in map(tuple, await db.read(blacklist.entries, account, None, 0, 0, 10))] == [(key, "Alfa"), (other, "alfa")]


async def test_entries_in_parts(db: Database) -> None:
    account, stranger = await db.write(an_account), await db.write(an_account, "other")
    keys = [await db.write(blacklist.add, owner, f"s{n}") for n in range(6) for owner in (account, stranger)][::2]
    assert await db.read(blacklist.count, account, None) == 6
    assert await db.read(blacklist.count, account, "s3") == 1
    assert [row[0] for row in await db.read(blacklist.entries, account, None, keys[1], 1, 3)] == keys[3:6]
    assert [row[1] for row in await db.read(blacklist.entries, account, "s3", 0, 0, 3)] == ["s3"]


async def test_deleting(db: Database) -> None:
    account = await db.write(an_account)
    await db.write(blacklist.add, account, "a")
    assert await db.read(blacklist.holds, account, "a") is True
    assert [await db.write(blacklist.delete, account, "a") for _ in range(2)] == [True, False]
    assert await db.read(blacklist.holds, account, "a") is False


async def test_many_are_taken_off_at_once(db: Database) -> None:
    account, stranger = await db.write(an_account), await db.write(an_account, "other")
    for phone in ("a", "b", "c"):
        await db.write(blacklist.add, account, phone)
    await db.write(blacklist.add, stranger, "a")
    assert await db.write(blacklist.delete_all, account, ["a", "c", "x", "a"]) == 2
    assert [row[1] for row in await db.read(blacklist.entries, account, None, 0, 0, 10)] == ["b"]
    assert await db.read(blacklist.holds, stranger, "a")


async def test_which_of_many_senders_are_on_their_account_s_list(db: Database) -> None:
    account, stranger = await db.write(an_account), await db.write(an_account, "other")
    for owner, phone in ((account, "a"), (account, "b"), (stranger, "b"), (stranger, 'c"\\')):
        await db.write(blacklist.add, owner, phone)
    asked = [(account, "a"), (account, "a"), (account, "x"), (stranger, "a"), (stranger, "b"), (stranger, 'c"\\'), (99, "b")]
    assert await db.read(blacklist.among, asked) == {(account, "a"), (stranger, "b"), (stranger, 'c"\\')}
    assert await db.read(blacklist.among, []) == set()
