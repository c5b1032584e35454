"""Arrivals: kept exactly as they came, known again by their source's own id, and shown where they could not be read."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.model import Arrival
from odzew.store import arrivals
from odzew.store.db import Database, statement
from tests import builders

AT = 1_413_883_083_000_000


def an_arrival(**fields: Any) -> Arrival:
    values: dict[str, Any] = {"source_id": 1, "sender": "+48500600700", "recipient": "71200", "raw": b"\x00raw\xff"} | fields
    return Arrival(**values)


async def add(db: Database, *rows: tuple[int, Arrival, int | None]) -> None:
    made = [
        arrivals.row_of(key, arrival, message, AT, "message" if message else "unreadable", None if message else "no")
        for key, arrival, message in rows
    ]
    await db.write(arrivals.add, made)


async def test_known_again_by_source_and_id(db: Database) -> None:
    await builders.store_messages(db, builders.a_message(10, kind="nd"), builders.a_message(11, account_id=None, kind="unclaimed"))
    await add(
        db,
        (1, an_arrival(ref="a"), 10),
        (2, an_arrival(ref="b"), 11),
        (3, an_arrival(ref="c"), None),
        (4, an_arrival(ref="a", source_id=2), 11),
        (5, an_arrival(), 10),
    )
    asked = [(1, "a"), (1, "b"), (1, "c"), (1, "d"), (2, "a"), (2, "b"), (3, "a"), (1, "' OR 1=1")]
    assert await db.read(arrivals.known, asked) == {
        (1, "a"): (10, "nd"), (1, "b"): (11, "unclaimed"), (1, "c"): (None, "unreadable"), (2, "a"): (11, "unclaimed"),
    }  # fmt: skip
    assert await db.read(arrivals.known, []) == {}


async def test_many_are_asked_for_at_once(db: Database) -> None:
    await add(db, *((n, an_arrival(ref=f"ref {n}"), None) for n in range(1, 1001)))
    assert len(await db.read(arrivals.known, [(1, f"ref {n}") for n in range(2000)])) == 1000


async def test_unreadable_ones_are_shown_page_by_page(db: Database) -> None:
    await add(db, (1, an_arrival(), None), (2, an_arrival(), 10), (3, an_arrival(sender="x"), None), (4, an_arrival(), None))
    first = await db.read(arrivals.aside, "unreadable", 0, 2)
    assert [(row.id, row.source_id, row.stored_at, row.sender, row.recipient) for row in first] == [
        (1, 1, AT, "+48500600700", "71200"), (3, 1, AT, "x", "71200"),
    ]  # fmt: skip
    assert [(row.raw, row.fault) for row in first] == [(b"\x00raw\xff", "no")] * 2
    assert [row.id for row in await db.read(arrivals.aside, "unreadable", 3, 2)] == [4]


async def test_the_arrivals_of_a_message_come_in_their_order(db: Database) -> None:
    await add(db, (1, an_arrival(raw=b"one", network_time=5), 10), (2, an_arrival(), 11), (3, an_arrival(raw=b"two"), 10))
    found = await db.read(arrivals.of_message, 10)
    assert [(row[0], row[1], row[2], row[3], bytes(row[6])) for row in found] == [(1, 1, AT, 5, b"one"), (3, 1, AT, None, b"two")]
    assert await db.read(arrivals.of_message, 12) == []


# what an arrival says, what is kept of it
KEPT: tuple[tuple[dict[str, Any], str, Any], ...] = (
    ({"sender": "x" * 65}, "sender", "x" * 64),
    ({"recipient": "y" * 100_000}, "recipient", "y" * 64),
    ({"network_time": (1 << 63) - 1}, "network_time", (1 << 63) - 1),
    ({"network_time": 1 << 63}, "network_time", None),
    ({"network_time": -(1 << 90)}, "network_time", None),
    ({"extra": {"smsc": "\0\ud800"}}, "extra", '{"smsc": "\\u0000\\ud800"}'),
    ({"extra": {}}, "extra", None),
)


@pytest.mark.parametrize(("fields", "column", "kept"), KEPT)
async def test_what_no_engine_can_store_is_left_out(db: Database, fields: dict[str, Any], column: str, kept: Any) -> None:
    await add(db, (1, an_arrival(**fields), 10))
    assert (await db.read(statement, f"SELECT {column} FROM arrivals"))[0][0] == kept
