"""Groups of contacts on each engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from odzew.store import contact_list, contacts, groups
from odzew.store.contact_list import ContactFilter
from odzew.store.db import Database
from odzew.wire.folding import searchable
from tests.builders import an_account


@pytest.fixture
async def account(db: Database) -> int:
    key: int = await db.write(an_account)
    return key


async def group(db: Database, account: int, name: str) -> int:
    key: int = await db.write(groups.add, account, name, searchable)
    return key


async def contact(db: Database, account: int, phone: str, *in_groups: int) -> int:
    key: int = await db.write(contacts.add, account, phone, {}, in_groups, searchable)
    return key


async def listed(
    db: Database, account: int, search: str = "", skip: int = 0, limit: int | None = None, descending: bool = False
) -> list[str]:
    rows = await db.read(groups.entries, account, searchable(search), skip, limit, descending)
    return [row[1] for row in rows]


async def test_a_name_is_there_once_in_an_account(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    first, theirs = await group(db, account, "Klienci"), await group(db, stranger, "Klienci")
    assert await group(db, account, "Klienci") == first != theirs
    assert await group(db, account, "klienci") != first
    assert tuple(await db.read(groups.view, account, first)) == (first, "Klienci", 0)
    assert await db.read(groups.view, account, theirs) is None


async def test_adding_the_same_at_once_makes_one(db: Database, account: int, open_again: Callable[[], Database]) -> None:
    other = open_again()
    assert len(set(await asyncio.gather(*(group(each, account, "x") for each in (db, other, db, other))))) == 1


async def test_renaming(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    key, _, theirs = await group(db, account, "a"), await group(db, account, "b"), await group(db, stranger, "c")
    for group_id, name, outcome in ((key, "b", "taken"), (theirs, "d", "unknown"), (999, "d", "unknown"), (999, "b", "unknown"),
                                    (key, "a", "done"), (key, "Żółw", "done"), (key, "c", "done")):  # fmt: skip
        assert await db.write(groups.rename, account, group_id, name, searchable) == outcome, (group_id, name)
    assert await listed(db, account) == ["b", "c"]
    assert await listed(db, account, "zolw") == []
    assert await listed(db, account, "c") == ["c"]
    assert await listed(db, stranger) == ["c"]


async def test_groups_are_listed_by_name(db: Database, account: int) -> None:
    await group(db, await db.write(an_account, "other"), "b")
    for name in ("Łódź", "b", "A", "100%", "a_c", "VIP Kraków"):
        await group(db, account, name)
    everything = ["100%", "A", "VIP Kraków", "a_c", "b", "Łódź"]
    assert await listed(db, account) == everything
    assert await listed(db, account, descending=True) == everything[::-1]
    assert await listed(db, account, skip=1, limit=2) == everything[1:3]
    for search, names in (("lodz", ["Łódź"]), ("A", ["A", "VIP Kraków", "a_c"]), ("%", ["100%"]), ("vip krak", ["VIP Kraków"]), ("x", [])):
        assert await listed(db, account, search) == names, search
        assert await db.read(groups.count, account, searchable(search)) == len(names)


async def test_members(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    first, second, theirs = await group(db, account, "b"), await group(db, account, "a"), await group(db, stranger, "a")
    jan, twin, anna = await contact(db, account, "1", first), await contact(db, account, "1"), await contact(db, account, "2")
    other = await contact(db, stranger, "1", theirs)
    assert await db.write(groups.put_in, account, second, [jan, twin, other, 999])
    assert await db.write(groups.put_in, account, second, [jan])
    assert not await db.write(groups.put_in, account, theirs, [anna])
    rows = [tuple(row) for row in await db.read(groups.entries, account, "", 0, None)]
    assert rows == [(second, "a", 2), (first, "b", 1)]
    found = [tuple(row) for row in await db.read(groups.of_phone, account, "1")]
    assert found == [(jan, second, "a"), (twin, second, "a"), (jan, first, "b")]
    assert await db.read(groups.of_phone, account, "2") == []
    assert await db.write(groups.take_out, account, second, [jan, anna])
    assert not await db.write(groups.take_out, account, theirs, [other])
    assert [row[0] for row in await db.read(groups.of_phone, account, "1")] == [twin, jan]
    assert [row[0] for row in await db.read(groups.of_phone, stranger, "1")] == [other]


@pytest.mark.parametrize("with_contacts", [False, True])
async def test_deleting_a_group_of_many(db: Database, account: int, with_contacts: bool) -> None:
    doomed, other = await group(db, account, "doomed"), await group(db, account, "other")
    members = [await contact(db, account, "1", doomed, other) for _ in range(5)]
    outside = await contact(db, account, "2", other)
    left = []
    while (more := await db.write(groups.emptied, account, doomed, with_contacts, 2)) is not None:
        left.append(more)
    assert left == [True, True, False]
    assert await db.read(contact_list.ids, ContactFilter(account), 0, None) == ([outside] if with_contacts else [*members, outside])
    assert [tuple(row) for row in await db.read(groups.entries, account, "", 0, None)] == [(other, "other", 1 if with_contacts else 6)]


async def test_only_one_s_own_group_is_deleted(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    theirs, ours = await group(db, stranger, "a"), await group(db, account, "a")
    assert await groups.delete(db, account, theirs) is False
    assert await groups.delete(db, account, ours) is True
    assert await groups.delete(db, account, ours) is False
    assert await listed(db, stranger) == ["a"]
