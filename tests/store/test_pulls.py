"""Open pulls: what they marked can always be taken back, a window at a time."""

from __future__ import annotations

import pytest

from odzew.errors import StoreUnavailable
from odzew.store import pulls
from odzew.store.db import Database, MakeUnit, statement
from tests.builders import a_message, store_messages, unread_ids


async def a_pull(db: Database, owner: str, *windows: list[int]) -> int:
    pull: int = await db.write(pulls.begin, 1, owner)
    for position, ids in enumerate(windows):
        await db.write(pulls.add_window, pull, position, ids)
    return pull


async def left(db: Database) -> list[int]:
    return [(await db.read(statement, f"SELECT count(*) FROM {table}"))[0][0] for table in ("pulls", "pull_windows")]


async def test_what_was_closed_stays_marked(db: Database) -> None:
    await store_messages(db, *[a_message(n) for n in range(1, 7)])
    pull = await a_pull(db, "a#1", [1, 2], [4])
    await db.write(pulls.close, pull)
    assert await db.read(unread_ids) == [3, 5, 6]
    assert await left(db) == [0, 0]
    assert await db.write(pulls.take_back_window, pull) is None
    assert await db.read(unread_ids) == [3, 5, 6]


async def test_what_is_taken_back_is_offered_again_window_by_window(db: Database) -> None:
    await store_messages(db, *[a_message(n) for n in range(1, 7)])
    pull = await a_pull(db, "a#1", [1, 2], [4])
    other = await a_pull(db, "a#2", [5])
    assert await db.write(pulls.take_back_window, pull) == 1
    assert await db.read(unread_ids) == [1, 2, 3, 6]
    assert await db.write(pulls.take_back_window, pull) == 1
    assert await db.write(pulls.take_back_window, pull) is None
    assert await db.read(unread_ids) == [1, 2, 3, 4, 6]
    assert await db.read(pulls.open_pulls, ()) == [other]


async def test_what_another_pull_has_marked_since_then_stays(db: Database) -> None:
    await store_messages(db, a_message(1), a_message(2))
    first = await a_pull(db, "a#1", [1, 2])
    await db.write(statement, "UPDATE messages SET pulled_at = NULL, pull_id = NULL WHERE id = 1")  # offered again by hand
    second = await a_pull(db, "a#2", [1])
    await db.write(pulls.close, second)
    while await db.write(pulls.take_back_window, first) is not None:
        pass
    assert await db.read(unread_ids) == [2]


async def test_open_pulls_of_processes_that_are_gone(db: Database) -> None:
    mine, gone = await a_pull(db, "mine#1"), await a_pull(db, "gone#1", [])
    assert await db.read(pulls.open_pulls, {"mine"}) == [gone]
    assert await db.read(pulls.open_pulls, ()) == [mine, gone]
    assert await db.read(pulls.owned_by, "gone#1") == gone
    assert await db.read(pulls.owned_by, "gone#2") is None


async def test_a_pull_that_was_taken_back_marks_no_more(db: Database) -> None:
    await store_messages(db, a_message(1), a_message(2))
    pull = await a_pull(db, "a#1", [1])
    while await db.write(pulls.take_back_window, pull) is not None:
        pass
    with pytest.raises(StoreUnavailable):
        await db.write(pulls.add_window, pull, 1, [2])
    assert await db.read(unread_ids) == [1, 2]


@pytest.mark.parametrize("unit", [pulls.close, pulls.take_back_window])
async def test_what_does_not_exist_harms_nobody(db: Database, unit: MakeUnit) -> None:
    await store_messages(db, a_message(1))
    await db.write(unit, 99)
    assert await db.read(unread_ids) == [1]
