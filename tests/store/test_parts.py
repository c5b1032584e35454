"""Sets of parts and what is noted of them."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.model import Arrival
from odzew.store import arrivals, sessions
from odzew.store import parts as store_parts
from odzew.store.db import Database, statement
from odzew.store.parts import Held, PartSet, State, key_of
from tests.store.questions import plan


def a_set(key: int, word: str = "k", state: State = "open", moved_at: int = 100, **fields: Any) -> PartSet:
    values: dict[str, Any] = {"source_id": 1, "sender": "+48500600700", "recipient": "71200", "total": 3, "due_at": moved_at + 50} | fields
    return PartSet(key, word, state=state, moved_at=moved_at, **values)


async def of_key(db: Database, since: int = 0, *words: str) -> dict[str, list[int]]:
    found = await db.read(store_parts.of_keys, words or ("k",), since)
    return {word: [one.id for one in sets] for word, sets in found.items()}


async def add(db: Database, *rows: tuple[int, int, int, str, str]) -> None:
    """(set, number, arrival, role, digest); the arrivals too."""
    await db.write(store_parts.add, rows)
    made = [arrivals.row_of(row[2], Arrival(1, "a", "b", b"raw"), None, 0, "part") for row in rows]
    await db.write(arrivals.add, made)


async def test_a_set_comes_back_as_it_was_stored(db: Database) -> None:
    one = a_set(5, parts={}, message_id=9, state="incomplete")
    await db.write(store_parts.save, [one], [])
    await add(db, (5, 1, 11, "part", "d1"), (5, 2, 12, "echo", "d2"), (5, 2, 13, "repeat", "d2"), (5, 1, 14, "copy", "d1"))
    ((back,),) = (await db.read(store_parts.of_keys, ["k"], 0)).values()
    assert back.parts == {1: Held(11, "d1"), 2: Held(12, "d2", echo=True)}
    for name in ("id", "key", "source_id", "sender", "recipient", "total", "state", "message_id", "moved_at", "due_at"):
        assert getattr(back, name) == getattr(one, name)


# state, when it moved, whether it is found by who asks for what moved since 100
FOUND: tuple[tuple[State, int, bool], ...] = (
    ("open", 100, True), ("open", 1, True), ("whole", 100, True), ("whole", 99, False), ("incomplete", 100, True),
    ("incomplete", 99, False), ("past", 100, False), ("echo", 100, False),
)  # fmt: skip


@pytest.mark.parametrize(("state", "moved_at", "is_found"), FOUND)
async def test_what_a_further_part_may_concern(db: Database, state: State, moved_at: int, is_found: bool) -> None:
    await db.write(store_parts.save, [a_set(1, state=state, moved_at=moved_at)], [])
    assert await of_key(db, 100) == ({"k": [1]} if is_found else {})


async def test_sets_of_many_keys_come_oldest_first(db: Database) -> None:
    await db.write(store_parts.save, [a_set(3, "b"), a_set(2, "a"), a_set(1, "b"), a_set(4, "c")], [])
    assert await of_key(db, 0, "a", "b", "x") == {"a": [2], "b": [1, 3]}
    assert await of_key(db, 0, *(str(n) for n in range(2000))) == {}


async def test_changes_are_saved(db: Database) -> None:
    one = a_set(1)
    await db.write(store_parts.save, [one], [])
    one.state, one.message_id, one.moved_at, one.due_at = "whole", 7, 300, 350
    await db.write(store_parts.save, [], [one])
    ((back,),) = (await db.read(store_parts.of_keys, ["k"], 0)).values()
    assert (back.state, back.message_id, back.moved_at, back.due_at) == ("whole", 7, 300, 350)
    await db.write(store_parts.save, [], [])
    await db.write(store_parts.add, [])
    await db.write(store_parts.displace, [])
    await db.write(store_parts.name_messages, [])


async def test_the_longest_overdue_come_first_and_only_open_ones(db: Database) -> None:
    made = [a_set(1, "a", moved_at=30), a_set(2, "b", moved_at=10), a_set(3, "c", "whole", moved_at=5), a_set(4, "d", moved_at=51)]
    await db.write(store_parts.save, made, [])
    assert [key for key, _ in await db.read(store_parts.overdue, 100, 10)] == ["b", "a"]
    assert await db.read(store_parts.overdue, 100, 1) == [("b", "+48500600700")]
    assert await db.read(store_parts.overdue, 59, 10) == []


async def test_parts_that_wait_are_counted_by_source(db: Database) -> None:
    await db.write(store_parts.save, [a_set(1), a_set(2, source_id=2), a_set(3, state="incomplete")], [])
    await add(
        db, (1, 1, 11, "part", "x"), (1, 2, 12, "echo", "x"), (1, 2, 13, "repeat", "x"), (2, 1, 14, "part", "x"), (3, 1, 15, "part", "x")
    )
    assert await db.read(store_parts.waiting) == {1: 2, 2: 1}


async def test_what_is_displaced_is_a_repetition_everywhere(db: Database) -> None:
    await db.write(store_parts.save, [a_set(1)], [])
    await add(db, (1, 1, 11, "echo", "x"), (1, 2, 12, "part", "y"))
    await db.write(store_parts.displace, [11])
    assert [row[0] for row in await db.read(statement, "SELECT role FROM set_parts ORDER BY arrival_id")] == ["repeat", "part"]
    ((one,),) = (await db.read(store_parts.of_keys, ["k"], 0)).values()
    assert list(one.parts) == [2]
    assert [row[0] for row in await db.read(statement, "SELECT role FROM arrivals ORDER BY id")] == ["repeat", "part"]


async def test_messages_are_named_on_all_that_came_of_their_sets(db: Database) -> None:
    await db.write(store_parts.save, [a_set(1, message_id=70), a_set(2, "b", message_id=80), a_set(3, "c")], [])
    await add(
        db, (1, 1, 11, "part", "x"), (1, 1, 12, "repeat", "x"), (1, 1, 13, "copy", "x"), (2, 1, 21, "part", "x"), (3, 1, 31, "part", "x")
    )
    await db.write(statement, "UPDATE arrivals SET message_id = 60 WHERE id = 12")  # of an earlier one: it keeps that name
    await db.write(store_parts.name_messages, [1, 2, 3])
    rows = await db.read(statement, "SELECT id, message_id FROM arrivals ORDER BY id")
    assert [tuple(row) for row in rows] == [(11, 70), (12, 60), (13, 70), (21, 80), (31, None)]


async def test_to_which_set_an_arrival_belongs(db: Database) -> None:
    await db.write(store_parts.save, [a_set(1), a_set(2, "b")], [])
    await add(db, (1, 3, 11, "part", "x"), (2, 1, 12, "copy", "y"))
    assert await db.read(store_parts.of_arrivals, [11, 12, 13]) == {11: (1, 3, "x"), 12: (2, 1, "y")}


def test_a_key_tells_all_of_it_apart() -> None:
    keys = {
        key_of(1, "a", "b", "u8:1", 2), key_of(2, "a", "b", "u8:1", 2), key_of(1, "b", "a", "u8:1", 2), key_of(1, "a", "b", "u16:1", 2),
        key_of(1, "a", "b", "sar:1", 2), key_of(1, "a", "b", "u8:1", 3), key_of(1, "ab", "", "u8:1", 2), key_of(1, "a", "b", "u8:12", 2),
    }  # fmt: skip
    assert len(keys) == 8


@pytest.mark.parametrize(
    ("unit", "arguments", "index"),
    [
        (store_parts.of_keys, (["k"], 0), "part_sets_key"), (store_parts.overdue, (100, 10), "part_sets_open"),
        (store_parts.of_arrivals, ([1],), "set_parts_arrival"), (sessions.use_up, ([(0, 1, b"digest")], 0), "suspects_digest"),
    ],
)  # fmt: skip
async def test_the_questions_lean_on_their_indexes(db: Database, unit: Any, arguments: tuple[Any, ...], index: str) -> None:
    assert any(index in line for line in await plan(db, unit, *arguments))
