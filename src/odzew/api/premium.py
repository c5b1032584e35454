"""The controller `premium` (contract 4): the list of received premium messages. It sets no read mark and heeds none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from odzew.api.answers import Answer
from odzew.api.call import Call, paging_of
from odzew.store import premium
from odzew.wire.localtime import render
from odzew.wire.published import PREMIUM_FIELDS

BATCH: Final = 200
ANSWERS_DUE: Final = 0  # until the product sends


async def index(call: Call) -> Answer:
    """Received premium messages in the order of storing. ContractError 1006, 1008."""
    call.need_numbers()
    paging = call.paging()
    if paging is None:
        return await call.listed(_all(call), None)
    page, limit = paging
    count = await call.services.db.read(premium.count, call.account_id)
    return await call.listed(_page(call, (page - 1) * limit, limit), paging_of(page, max(1, -(-count // limit))))


async def _all(call: Call) -> AsyncIterator[list[dict[str, Any]]]:
    after, more = 0, True
    while more:
        rows = await call.services.db.read(premium.entries, call.account_id, after, 0, BATCH)
        yield _items(rows, call.parameters.zone)
        more = len(rows) == BATCH
        after = rows[-1][0] if rows else 0


async def _page(call: Call, skip: int, limit: int) -> AsyncIterator[list[dict[str, Any]]]:
    after = 0
    while limit:
        rows = await call.services.db.read(premium.entries, call.account_id, after, 0 if after else skip, min(limit, BATCH))
        yield _items(rows, call.parameters.zone)
        if len(rows) < min(limit, BATCH):
            return
        limit, after = limit - len(rows), rows[-1][0]


def _items(rows: Sequence[Sequence[Any]], zone: str) -> list[dict[str, Any]]:
    return [
        dict(zip(PREMIUM_FIELDS, (key, recipient, sender, render(received, zone), ANSWERS_DUE, text), strict=True))
        for key, recipient, sender, received, text in rows
    ]
