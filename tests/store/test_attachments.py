"""Whose an attachment is."""

from __future__ import annotations

from typing import Any

from odzew.clock import FixedClock
from odzew.model import UNCLAIMED, Attachment
from odzew.store.attachments import owned, slice_of
from odzew.store.db import Database
from odzew.store.messages import SLICE, add_attachments
from tests.inbox.shelf import Shelf


async def test_an_attachment_is_its_message_s_account_s(db: Database, clock: FixedClock) -> None:
    shelf = Shelf(db, clock)
    await shelf.store({"kind": "mms"}, {"account_id": None, "kind": UNCLAIMED})
    long = bytes(SLICE + 1)

    def unit() -> Any:
        yield from add_attachments([(1, [Attachment("a", "image/png", b"x")]), (2, [Attachment("b", "", long)])])

    await db.write(unit)
    first, second = await db.read(owned, 1), await db.read(owned, 2)
    assert (first[0].name, first[0].content_type, first[0].size, first[1]) == ("a", "image/png", 1, 1)
    assert (second[0].size, second[1]) == (SLICE + 1, None)
    assert await db.read(owned, 3) is None
    assert [len(await db.read(slice_of, 2, place) or b"") for place in (0, 1, 2)] == [SLICE, 1, 0]
