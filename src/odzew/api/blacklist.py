"""The controller `blacklist` (contract 4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from odzew.api.answers import Answer
from odzew.api.call import Call, paging_of
from odzew.store import blacklist
from odzew.wire.localtime import render
from odzew.wire.published import BLACKLIST_FIELDS, EXISTS, SUCCESS

BATCH: Final = 1_000


async def index(call: Call) -> Answer:
    """The entries in the order of adding. ContractError 1006, 1008, 2001."""
    call.need_numbers()
    phone, paging = call.parameters.phone("phone"), call.paging()
    if paging is None:
        return await call.listed(_all(call, phone), None)
    page, limit = paging
    count = await call.services.db.read(blacklist.count, call.account_id, phone)
    rows = await call.services.db.read(blacklist.entries, call.account_id, phone, 0, (page - 1) * limit, limit)
    return await call.listed(_once(_items(rows, call.parameters.zone)), paging_of(page, max(1, -(-count // limit))))


async def add(call: Call) -> Answer:
    """Puts a sender on the list; one that is there stays as it is. ContractError 1008, 2000, 2001."""
    call.need_numbers()
    phone = call.parameters.required_phone("phone")
    key = await call.services.db.write(blacklist.add, call.account_id, phone)
    return call.document({SUCCESS: True, "id": key})


async def delete(call: Call) -> Answer:
    """Takes a sender off the list; `false` if he was not on it. ContractError 1008, 2000, 2001."""
    call.need_numbers()
    phone = call.parameters.required_phone("phone")
    return call.success(await call.services.db.write(blacklist.delete, call.account_id, phone))


async def check(call: Call) -> Answer:
    """Whether a sender is on the list. ContractError 1008, 2000, 2001."""
    call.need_numbers()
    phone = call.parameters.required_phone("phone")
    return call.document({EXISTS: await call.services.db.read(blacklist.holds, call.account_id, phone)})


async def _all(call: Call, phone: str | None) -> AsyncIterator[list[dict[str, Any]]]:
    after, more = 0, True
    while more:
        rows = await call.services.db.read(blacklist.entries, call.account_id, phone, after, 0, BATCH)
        yield _items(rows, call.parameters.zone)
        more = len(rows) == BATCH
        after = rows[-1][0] if rows else 0


async def _once(items: list[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    yield items


def _items(rows: Sequence[Sequence[Any]], zone: str) -> list[dict[str, Any]]:
    return [dict(zip(BLACKLIST_FIELDS, (phone, render(added, zone)), strict=True)) for _, phone, added in rows]
