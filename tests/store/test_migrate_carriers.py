"""A database of the first release with rows in it becomes one of the carriers: nothing is lost, nothing changes its meaning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.model import Message
from odzew.store import arrivals, deliveries, messages
from odzew.store.changes import counters
from odzew.store.db import Database, Many, Request, Reserve, Rows, statement
from odzew.store.engines import open_database
from odzew.store.lookup import messages_of
from odzew.store.migrate import MIGRATIONS
from odzew.store.sqlite import statements


def the_first_release(engine: str) -> Generator[Request, Any, None]:
    """Its tables, and in them a message that was read and one that is unclaimed, each with its arrival; and what nobody could read."""
    number, name, sql = MIGRATIONS[engine][0]
    yield Rows("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    for piece in statements(sql):
        yield Rows(piece)
    yield Rows("INSERT INTO migrations (number, name) VALUES (?, ?)", (number, name))
    yield Many(
        """INSERT INTO messages (id, account_id, kind, sender, recipient, text, received_at, pulled_at)
           VALUES (?, ?, ?, '+48500600700', '71200', ?, 5, ?)""",
        [(10, 1, "nd", "read", 7), (11, None, "unclaimed", "nobody's", None)],
    )
    yield Many(
        """INSERT INTO arrivals (id, source_id, ref, message_id, stored_at, sender, recipient, raw, fault)
           VALUES (?, 1, ?, ?, 5, '+48500600700', '71200', ?, ?)""",
        [
            (1, "a", 10, b"one", None),
            (2, None, 11, b"two", None),
            (3, "c", None, b"\0bad", "NumberError: no"),
            (4, None, None, b"\0worse", "no"),
        ],
    )
    yield Rows("INSERT INTO deliveries (id, message_id, target_id, account_id) VALUES (100, 10, 1, 1)")
    yield Rows("INSERT INTO owed (delivery_id, target_id, due_at) VALUES (100, 1, 5)")


@pytest.fixture
async def old(empty_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """Such a database, before."""
    database = open_database(empty_url, clock, fixed=True)
    await database.write(the_first_release, database.engine)
    assert await database.version() == 1
    yield database
    await database.close()


async def test_what_was_unreadable_is_and_the_rest_are_messages(old: Database) -> None:
    assert "0002_carriers" in await old.migrate()
    rows = await old.read(statement, "SELECT id, role, message_id, session_id FROM arrivals ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (1, "message", 10, None), (2, "message", 11, None), (3, "unreadable", None, None), (4, "unreadable", None, None),
    ]  # fmt: skip
    shown = await old.read(arrivals.aside, "unreadable", 0, 10)
    assert [(row.id, row.raw, row.fault) for row in shown] == [(3, b"\0bad", "NumberError: no"), (4, b"\0worse", "no")]
    assert await old.read(arrivals.known, [(1, "a"), (1, "c")]) == {(1, "a"): (10, "nd"), (1, "c"): (None, "unreadable")}


async def test_messages_are_whole_texts_and_deliveries_no_completions(old: Database) -> None:
    await old.migrate()
    found: dict[int, Message] = await old.read(messages.get, [10, 11])
    assert [(one.text, one.form, bool(one.incomplete)) for one in found.values()] == [
        ("read", "text", False), ("nobody's", "text", False),
    ]  # fmt: skip
    assert [one.id for one in await old.read(messages_of, 1, None, 10)] == [10]
    assert await old.read(messages.flagged, None, 10) == []
    assert [tuple(row) for row in await old.read(statement, "SELECT pulled_at FROM messages ORDER BY id")] == [(7,), (None,)]
    (owed,) = await old.read(deliveries.due_of_target, 1, 10, 10)
    assert (owed.delivery_id, owed.completion) == (100, False)


async def test_nobody_is_suspected_and_sets_can_be_numbered(old: Database) -> None:
    await old.migrate()
    assert (await old.read(counters))["suspects"] == 0

    def numbered() -> Generator[Request, Any, Any]:
        return (yield Reserve("part_sets", 3))

    assert await old.write(numbered) == [1, 2, 3]
    for table in ("part_sets", "set_parts", "sessions", "suspects"):
        assert [tuple(row) for row in await old.read(statement, f"SELECT count(*) FROM {table}")] == [(0,)]
