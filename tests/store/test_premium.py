"""Received premium messages on each engine."""

from __future__ import annotations

from odzew.store import premium
from odzew.store.db import Database, statement
from tests.builders import RECEIVED, a_message, store_messages


async def test_all_of_an_account_whether_read_or_not(db: Database) -> None:
    await store_messages(
        db, a_message(1, 1, "pre", "AUTO", recipient="71200"), a_message(2, 1, "nd"), a_message(3, 2, "pre"), a_message(4, 1, "pre"),
        a_message(5, 1, "pre"),
    )  # fmt: skip
    await db.write(statement, "UPDATE messages SET pulled_at = 1 WHERE id = 4")
    rows = await db.read(premium.entries, 1, 0, 0, 10)
    assert tuple(rows[0]) == (1, "71200", "+48500600700", RECEIVED + 1_000_000, "AUTO")
    assert [row[0] for row in rows] == [1, 4, 5]
    assert [row[0] for row in await db.read(premium.entries, 1, 1, 0, 1)] == [4]
    assert [row[0] for row in await db.read(premium.entries, 1, 0, 2, 10)] == [5]
    assert [await db.read(premium.count, account) for account in (1, 2, 3)] == [3, 1, 0]


async def test_what_is_withheld_is_left_out(db: Database) -> None:
    await store_messages(db, *[a_message(n, 1, "pre", withheld="blacklist" if n == 2 else None) for n in (1, 2, 3)])
    assert [row[0] for row in await db.read(premium.entries, 1, 0, 0, 10)] == [1, 3]
    assert await db.read(premium.count, 1) == 2
