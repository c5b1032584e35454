"""The controller `contacts` (contract 4). Importing many: `api.contacts_import`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, Literal

from odzew.api.answers import Answer
from odzew.api.call import Call, paging_of
from odzew.api.params import INVALID, Parameters
from odzew.errors import ContractError
from odzew.store import contact_list, contacts
from odzew.store.contact_list import SORTS, ContactFilter
from odzew.store.contacts import ROW, TEXTS
from odzew.wire import clean, contact
from odzew.wire.folding import searchable, words
from odzew.wire.published import CONTACT_INDEX_FIELDS, NO_GROUP, ORDERS, SUCCESS

BATCH: Final = 500
SEARCH: Final = 100  # characters of `search`
GROUPS: Final = 1_000  # of one contact
WRONG_ID: Final = 1004
NOBODY: Final = 0  # no account has this id, so a filter of it matches nothing


async def add(call: Call) -> Answer:
    """Adds a contact. ContractError 1004 (a group that is not the caller's), 1006, 1008, 2000, 2001."""
    call.need_numbers()
    phone = call.parameters.required_phone("phone")
    texts, groups = _texts(call.parameters), _groups(call.parameters) or []
    key = await call.services.db.write(contacts.add, call.account_id, phone, texts, groups, searchable)
    if key is None:
        raise ContractError(WRONG_ID)
    return call.document({SUCCESS: True, "id": key})


async def edit(call: Call) -> Answer:
    """Changes what is given of a contact; what is absent stays. `group_id` replaces its groups. ContractError 1004, 1006, 1008, 2001."""
    call.need_numbers()
    key, phone = identity(call.parameters), call.parameters.phone("phone")
    texts, groups = _texts(call.parameters), _groups(call.parameters)
    if not await call.services.db.write(contacts.edit, call.account_id, key, phone, texts, groups, searchable):
        raise ContractError(WRONG_ID)
    return call.success()


async def view(call: Call) -> Answer:
    """One contact by `id`, its fields at top level. ContractError 1004, 1008."""
    call.need_numbers()
    found = await call.services.db.read(contacts.rows_of, call.account_id, [identity(call.parameters)])
    if not found:
        raise ContractError(WRONG_ID)
    return call.document(_item(*found[0]))


async def delete(call: Call) -> Answer:
    """Deletes a contact, out of its groups too. ContractError 1004, 1008."""
    call.need_numbers()
    if not await call.services.db.write(contacts.delete, call.account_id, [identity(call.parameters)]):
        raise ContractError(WRONG_ID)
    return call.success()


async def index(call: Call) -> Answer:
    """Contacts, searched and sorted. ContractError 1006, 1008."""
    call.need_numbers()
    wanted, paging = _filter(call), call.paging()
    if paging is None:
        return await call.listed(_items(call, await call.services.db.read(contact_list.ids, wanted, 0, None)), None)
    page, limit = paging
    count = await call.services.db.read(contact_list.count, wanted)
    ids = await call.services.db.read(contact_list.ids, wanted, (page - 1) * limit, limit)
    return await call.listed(_items(call, ids), paging_of(page, max(1, -(-count // limit))))


def identity(parameters: Parameters) -> int:
    """The parameter `id`. ContractError 1004."""
    key = parameters.integer("id", WRONG_ID)
    if key is None:
        raise ContractError(WRONG_ID)
    return key


def search_of(parameters: Parameters) -> str | None:
    """The parameter `search`. ContractError 1006."""
    search = parameters.text("search")
    if search is not None and (len(search) > SEARCH or clean.text(search) != search):
        raise ContractError(INVALID, "search")
    return search


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
    search = search_of(parameters)
    found = words(search or "")
    sort = parameters.choice("sort", SORTS) or SORTS[0]
    # Nobody has nothing but signs in a name.
    account = NOBODY if search is not None and not found else call.account_id
    return ContactFilter(account, found, _group(parameters), sort, parameters.choice("order", ORDERS) == ORDERS[1])


def _group(parameters: Parameters) -> int | Literal["none"] | None:
    return NO_GROUP if parameters.listed("group_id") == [NO_GROUP] else parameters.integer("group_id")


def _groups(parameters: Parameters) -> list[int] | None:
    """Ids of groups, given as one number, as text, as a list, as `none` (no group), or not at all (None)."""
    values = parameters.listed("group_id")
    if values == [NO_GROUP]:
        return []
    if len(values) > GROUPS:
        raise ContractError(INVALID, "group_id")
    ids = [Parameters({"group_id": value}).integer("group_id", WRONG_ID) for value in values]
    return [key for key in ids if key is not None] or None


def _texts(parameters: Parameters) -> dict[str, str]:
    """The texts that are given, by name. ContractError 1006."""
    found = ((name, _text(parameters, name)) for name in TEXTS)
    return {name: value for name, value in found if value is not None}


def _text(parameters: Parameters, name: str) -> str | None:
    try:
        return contact.text(name, parameters.text(name))
    except contact.ContactError as error:
        raise ContractError(INVALID, error.field) from None
