"""The controller `contacts` (contract 4): adding, viewing and listing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Literal

from odzew.api.answers import Answer
from odzew.api.call import Call, paging_of
from odzew.api.params import INVALID, Parameters
from odzew.errors import ContractError
from odzew.store import contacts
from odzew.store.contacts import ROW, SORTS, TEXTS, ContactFilter
from odzew.wire import clean
from odzew.wire.published import CONTACT_INDEX_FIELDS, ORDERS, SUCCESS

BATCH: Final = 500
LONGEST: Final = {"description": 4_000}  # characters of a text
LONGEST_ELSE: Final = 250
SEARCH: Final = 100  # characters of `search`
GROUPS: Final = 1_000  # of one contact
WRONG_ID: Final = 1004


async def add(call: Call) -> Answer:
    """Adds a contact. ContractError 1004 (a group that is not the caller's), 1006, 1008, 2000, 2001."""
    call.need_numbers()
    phone = call.parameters.required_phone("phone")
    texts = {name: _text(call.parameters, name) for name in TEXTS}
    groups = _groups(call.parameters)
    key = await call.services.db.write(contacts.add, call.account_id, phone, texts, groups)
    if key is None:
        raise ContractError(WRONG_ID)
    return call.document({SUCCESS: True, "id": key})


async def view(call: Call) -> Answer:
    """One contact by `id`, its fields at top level. ContractError 1004, 1008."""
    call.need_numbers()
    key = call.parameters.integer("id", WRONG_ID)
    if key is None:
        raise ContractError(WRONG_ID)
    found = await call.services.db.read(contacts.rows_of, call.account_id, [key])
    if not found:
        raise ContractError(WRONG_ID)
    return call.document(_item(*found[0]))


async def index(call: Call) -> Answer:
    """Contacts, searched and sorted. ContractError 1006, 1008."""
    call.need_numbers()
    wanted, paging = _filter(call), call.paging()
    if paging is None:
        return await call.listed(_items(call, await call.services.db.read(contacts.ids, wanted, 0, None)), None)
    page, limit = paging
    count = await call.services.db.read(contacts.count, wanted)
    ids = await call.services.db.read(contacts.ids, wanted, (page - 1) * limit, limit)
    return await call.listed(_items(call, ids), paging_of(page, max(1, -(-count // limit))))


async def _items(call: Call, ids: Sequence[int]) -> AsyncIterator[list[dict[str, Any]]]:
    for start in range(0, len(ids), BATCH):
        found = await call.services.db.read(contacts.rows_of, call.account_id, ids[start : start + BATCH])
        yield [_item(row, groups) for row, groups in found]


def _item(row: Sequence[Any], groups: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """A contact as clients see it; of several groups the first by name."""
    values = dict(zip(ROW, row, strict=True))
    values["blacklist"] = bool(values["blacklist"])
    values["group_id"], values["group_name"] = groups[0] if groups else (None, None)
    return {name: values[name] for name in CONTACT_INDEX_FIELDS}


def _filter(call: Call) -> ContactFilter:
    parameters = call.parameters
    search = parameters.text("search")
    if search is not None and (len(search) > SEARCH or clean.text(search) != search):
        raise ContractError(INVALID, "search")
    sort = parameters.choice("sort", SORTS) or SORTS[0]
    return ContactFilter(call.account_id, search, _group(parameters), sort, parameters.choice("order", ORDERS) == ORDERS[1])


def _group(parameters: Parameters) -> int | Literal["none"] | None:
    return "none" if parameters.listed("group_id") == ["none"] else parameters.integer("group_id")


def _groups(parameters: Parameters) -> list[int]:
    """Ids of groups, given as one number, as text, as a list, or not at all."""
    values = parameters.listed("group_id")
    if len(values) > GROUPS:
        raise ContractError(INVALID, "group_id")
    ids = [Parameters({"group_id": value}).integer("group_id", WRONG_ID) for value in values]
    return [key for key in ids if key is not None]


def _text(parameters: Parameters, name: str) -> str | None:
    value = parameters.text(name)
    if value is not None and len(value) > LONGEST.get(name, LONGEST_ELSE):
        raise ContractError(INVALID, name)
    return None if value is None else clean.text(value)
