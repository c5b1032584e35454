"""The controller `groups` (contract 4). Only what takes a number needs the right to see numbers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

from odzew.api.answers import Answer
from odzew.api.call import Call, paging_of
from odzew.api.contacts import WRONG_ID, identity, search_of
from odzew.api.params import INVALID, REQUIRED, Parameters
from odzew.errors import ContractError
from odzew.store import groups
from odzew.wire import contact
from odzew.wire.folding import searchable
from odzew.wire.published import GROUP_CHECK_FIELDS, GROUP_FIELDS, ORDERS, SUCCESS

NAME: Final = "name"


async def index(call: Call) -> Answer:
    """Groups by name, with how many contacts are in each. ContractError 1006."""
    search, paging = search_of(call.parameters), call.paging()
    folded = searchable(search)
    descending = call.parameters.choice("order", ORDERS) == ORDERS[1]
    call.parameters.choice("sort", (NAME,))
    page, limit = paging or (1, None)
    skip = 0 if limit is None else (page - 1) * limit
    nothing = search is not None and not folded
    db, account = call.services.db, call.account_id
    rows = [] if nothing else await db.read(groups.entries, account, folded, skip, limit, descending)
    items = _once(_items(GROUP_FIELDS, rows))
    if limit is None:
        return await call.listed(items, None)
    count = 0 if nothing else await db.read(groups.count, account, folded)
    return await call.listed(items, paging_of(page, max(1, -(-count // limit))))


async def add(call: Call) -> Answer:
    """Makes a group; one of that name that is there stays as it is. ContractError 1006, 2000."""
    name = name_of(call.parameters, NAME)
    key = await call.services.db.write(groups.add, call.account_id, name, searchable)
    return call.document({SUCCESS: True, "id": key})


async def view(call: Call) -> Answer:
    """One group by `id`, its fields at top level. ContractError 1004."""
    row = await call.services.db.read(groups.view, call.account_id, identity(call.parameters))
    if row is None:
        raise ContractError(WRONG_ID)
    return call.document(dict(zip(GROUP_FIELDS, row, strict=True)))


async def edit(call: Call) -> Answer:
    """Gives a group another name. ContractError 1004, 1006 (also: another group has it), 2000."""
    key, name = identity(call.parameters), name_of(call.parameters, NAME)
    done = await call.services.db.write(groups.rename, call.account_id, key, name, searchable)
    if done == "unknown":
        raise ContractError(WRONG_ID)
    if done == "taken":
        raise ContractError(INVALID, NAME)
    return call.success()


async def delete(call: Call) -> Answer:
    """Deletes a group; its contacts stay, unless `delete_contacts` is true. ContractError 1004, 1006, 1008."""
    with_contacts = call.parameters.boolean("delete_contacts")
    if with_contacts:
        call.need_numbers()
    if not await groups.delete(call.services.db, call.account_id, identity(call.parameters), with_contacts):
        raise ContractError(WRONG_ID)
    return call.success()


async def check(call: Call) -> Answer:
    """The groups that a number is in. ContractError 1008, 2000, 2001."""
    call.need_numbers()
    phone = call.parameters.required_phone("phone")
    rows = await call.services.db.read(groups.of_phone, call.account_id, phone)
    return await call.listed(_once(_items(GROUP_CHECK_FIELDS, rows)), None)


def name_of(parameters: Parameters, field: str) -> str:
    """The name of a group. ContractError 2000, 1006."""
    given = parameters.required(field)
    name = contact.group(given)
    if name is None:
        raise ContractError(INVALID if given.strip() else REQUIRED, field)
    return name


async def _once(items: list[dict[str, Any]]) -> AsyncIterator[list[dict[str, Any]]]:
    yield items


def _items(fields: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(fields, row, strict=True)) for row in rows]
