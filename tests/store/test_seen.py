"""The panel's mark: of an account's own messages only, whether or not they are in the index yet, and never the API's."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.model import UNCLAIMED
from odzew.store import seen
from odzew.store.changes import counters
from odzew.store.db import Database, statement
from odzew.store.inbox_lines import Wanted
from tests.inbox.shelf import Shelf


@pytest.fixture(params=[0, 3, 6])
async def shelf(db: Database, clock: FixedClock, request: pytest.FixtureRequest) -> Shelf:
    """Six messages, of which so many are in the index: 1, 2, 4, 5 of account 1, 3 of account 2, 6 unclaimed."""
    shelf = Shelf(db, clock)
    given: list[dict[str, Any]] = [{}, {"kind": "eco"}, {"account_id": 2}, {}, {"kind": "mms"}, {"account_id": None, "kind": UNCLAIMED}]
    await shelf.store(*given[: request.param])
    await shelf.indexer.all()
    await shelf.store(*given[request.param :])
    return shelf


async def unseen(shelf: Shelf, account: int | None) -> list[int]:
    return await shelf.ids(Wanted(account, unseen=True))


async def test_marks_come_and_go(shelf: Shelf) -> None:
    assert await shelf.db.write(seen.mark, [1, 4, 4], 1) == 2
    assert await shelf.db.write(seen.mark, [1, 4], 1) == 0
    assert await unseen(shelf, 1) == [5, 2]
    assert await shelf.listing.unseen(1) == {"eco": 1, "mms": 1}
    assert await shelf.db.write(seen.mark, [4, 5], 1, False) == 1
    await shelf.indexer.all()
    assert await unseen(shelf, 1) == [5, 4, 2]
    assert await shelf.db.write(seen.mark, [4], 1) == 1
    assert await unseen(shelf, 1) == [5, 2]


async def test_only_messages_of_the_account_are_marked(shelf: Shelf) -> None:
    assert await shelf.db.write(seen.mark, [1, 2, 3, 6, 99], 2) == 1
    assert await shelf.db.write(seen.mark, [1, 3, 6], None) == 1
    assert ([await unseen(shelf, account) for account in (1, 2, None)]) == [[5, 4, 2, 1], [], []]
    await shelf.indexer.all()
    assert ([await unseen(shelf, account) for account in (1, 2, None)]) == [[5, 4, 2, 1], [], []]


async def test_all_up_to_what_was_on_the_screen_are_marked(shelf: Shelf) -> None:
    assert await shelf.db.write(seen.mark_all, 1, ("nd",), 6) == 2
    assert await unseen(shelf, 1) == [5, 2]
    assert await shelf.db.write(seen.mark_all, 1, (), 4) == 1
    assert await unseen(shelf, 1) == [5]
    assert [await shelf.db.write(seen.mark_all, 1, (), 6) for _ in range(2)] == [1, 0]
    assert await shelf.db.write(seen.mark_all, None, (), 6) == 1
    assert await unseen(shelf, 2) == [3]


async def test_all_are_marked_in_batches(db: Database, clock: FixedClock) -> None:
    shelf = Shelf(db, clock)
    await shelf.store(*[{}] * (seen.MOST + 10))
    await shelf.indexer.all()
    await shelf.store(*[{}] * 20)
    upto = seen.MOST + 30
    assert [await db.write(seen.mark_all, 1, (), upto) for _ in range(3)] == [seen.MOST, 30, 0]
    assert await shelf.listing.unseen(1) == {}


async def test_counts_stop_at_their_most(shelf: Shelf) -> None:
    assert await shelf.listing.unseen(1, 1) == {"nd": 1, "eco": 1, "mms": 1}
    assert await shelf.listing.unseen(None) == {"unclaimed": 1}
    assert await shelf.listing.unseen(7) == {}


async def test_the_api_s_mark_is_its_own(shelf: Shelf) -> None:
    await shelf.db.write(statement, "UPDATE messages SET pulled_at = 5, pull_id = 1 WHERE id IN (1, 2, 3)")
    await shelf.db.write(seen.mark, [1, 4], 1)
    lines = {line.id: (line.seen, line.pulled) for line in (await shelf.listing.page(Wanted(1))).lines}
    assert lines == {1: (True, True), 2: (False, True), 4: (True, False), 5: (False, False)}


async def test_offering_again_clears_the_api_s_mark_of_own_messages_and_tells(shelf: Shelf) -> None:
    await shelf.db.write(statement, "UPDATE messages SET pulled_at = 5, pull_id = 1 WHERE id IN (1, 2, 3)")
    before = await shelf.db.read(counters)
    assert await shelf.db.write(seen.offer_again, [1, 1, 3, 4], 1) == [1]
    after = await shelf.db.read(counters)
    assert {name for name in after if after[name] != before[name]} == {"messages"}
    rows = await shelf.db.read(statement, "SELECT id FROM messages WHERE pulled_at IS NOT NULL ORDER BY id")
    assert [row[0] for row in rows] == [2, 3]
    assert await shelf.db.write(seen.offer_again, [1], 1) == []
    assert await shelf.db.read(counters) == after
