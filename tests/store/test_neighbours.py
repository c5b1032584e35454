"""The messages beside a message: of its account alone, whether or not they are in the index yet."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.model import UNCLAIMED
from odzew.store.db import Database
from odzew.store.neighbours import beside
from tests.inbox.shelf import Shelf

GIVEN: tuple[dict[str, Any], ...] = (
    {}, {"kind": "eco"}, {"account_id": 2}, {}, {"kind": "mms"}, {"account_id": None, "kind": UNCLAIMED},
    {"account_id": 2}, {"kind": "pre"},
)  # fmt: skip
"""Messages 1 to 8."""


@pytest.mark.parametrize("indexed", range(len(GIVEN) + 1))
async def test_every_message_has_its_account_s_next_ones(db: Database, clock: FixedClock, indexed: int) -> None:
    shelf = Shelf(db, clock)
    await shelf.store(*GIVEN[:indexed])
    await shelf.indexer.all()
    await shelf.store(*GIVEN[indexed:])
    for account, ids in ((1, [1, 2, 4, 5, 8]), (2, [3, 7])):
        for newer, key, older in zip([*ids[1:], None], ids, [None, *ids[:-1]], strict=True):
            assert (key, await db.read(beside, key, account)) == (key, (newer, older))
    assert await db.read(beside, 1, 3) == (None, None)
