"""Contacts and their groups on each engine."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.store import contact_list, contacts
from odzew.store.contact_list import ContactFilter
from odzew.store.db import Database, statement
from odzew.wire.folding import searchable
from tests.builders import a_group, an_account


@pytest.fixture
async def account(db: Database) -> int:
    key: int = await db.write(an_account)
    return key


async def add(db: Database, account: int, phone: str, groups: tuple[int, ...] = (), **texts: str) -> int:
    key: int = await db.write(contacts.add, account, phone, texts, groups, searchable)
    return key


async def test_the_contact_of_a_sender_is_the_first_made(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    await add(db, stranger, "a", first_name="not ours")
    await add(db, account, "a", first_name="first", city="Łódź")
    await add(db, account, "a", first_name="second")
    await add(db, account, "b")
    found: dict[str, Any] = await db.read(contacts.of_senders, account, ["a", "b", "c"])
    assert {phone: contact["first_name"] for phone, contact in found.items()} == {"a": "first", "b": None}
    assert found["a"] == {
        "phone": "a", "email": None, "first_name": "first", "last_name": None, "company": None, "tax_id": None, "address": None,
        "city": "Łódź", "description": None,
    }  # fmt: skip


async def test_a_group_of_somebody_else_adds_nothing(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    theirs, ours = await db.write(a_group, stranger, "x"), await db.write(a_group, account, "x")
    assert await db.write(contacts.add, account, "a", {}, [ours, theirs], searchable) is None
    assert await db.read(contact_list.ids, ContactFilter(account), 0, None) == []
    assert await db.write(contacts.add, account, "a", {}, [ours, ours], searchable) is not None


async def test_groups_by_name(db: Database, account: int) -> None:
    last, first = await db.write(a_group, account, "zzz"), await db.write(a_group, account, "aaa")
    key, other = await add(db, account, "a", (last, first)), await add(db, account, "b")
    found = await db.read(contacts.rows_of, account, [other, key, 999])
    assert [(row[0], groups) for row, groups in found] == [(other, []), (key, [(first, "aaa"), (last, "zzz")])]
    assert await db.read(contact_list.ids, ContactFilter(account, group_id=last), 0, None) == [key]
    assert await db.read(contact_list.ids, ContactFilter(account, group_id="none"), 0, None) == [other]
    assert await db.read(contact_list.count, ContactFilter(account, group_id=last)) == 1


async def test_somebody_else_s_contact_is_none(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    key = await add(db, stranger, "a")
    assert await db.read(contacts.rows_of, account, [key]) == []


async def one(db: Database, account: int, key: int) -> tuple[dict[str, Any], list[int]]:
    ((row, groups),) = await db.read(contacts.rows_of, account, [key])
    return {name: value for name, value in zip(contacts.ROW, row, strict=True) if value}, [group for group, _ in groups]


async def edit(
    db: Database, account: int, key: int, phone: str | None = None, groups: list[int] | None = None, **texts: str | None
) -> bool:
    done: bool = await db.write(contacts.edit, account, key, phone, texts, groups, searchable)
    return done


async def test_an_edit_changes_what_is_given(db: Database, account: int) -> None:
    first, second = await db.write(a_group, account, "first"), await db.write(a_group, account, "second")
    key, beside = await add(db, account, "a", (first,), city="Łódź", email="a@b"), await add(db, account, "b", (first,), city="Rzym")
    steps: tuple[tuple[dict[str, Any], dict[str, Any], list[int]], ...] = (
        ({}, {"phone": "a", "city": "Łódź", "email": "a@b"}, [first]),
        ({"phone": "c"}, {"phone": "c", "city": "Łódź", "email": "a@b"}, [first]),
        ({"city": "Gdańsk"}, {"phone": "c", "city": "Gdańsk", "email": "a@b"}, [first]),
        ({"email": None}, {"phone": "c", "city": "Gdańsk"}, [first]),
        ({"groups": [second, first, second]}, {"phone": "c", "city": "Gdańsk"}, [first, second]),
        ({"groups": [second]}, {"phone": "c", "city": "Gdańsk"}, [second]),
        ({"groups": []}, {"phone": "c", "city": "Gdańsk"}, []),
    )  # fmt: skip
    for change, texts, groups in steps:
        assert await edit(db, account, key, **change)
        assert await one(db, account, key) == ({"id": key} | texts, groups), change
    assert await db.read(contact_list.ids, ContactFilter(account, ("gdansk",)), 0, None) == [key]
    assert await db.read(contact_list.ids, ContactFilter(account, ("lodz",)), 0, None) == []
    assert await one(db, account, beside) == ({"id": beside, "phone": "b", "city": "Rzym"}, [first])


async def test_what_is_somebody_else_s_is_not_edited(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    theirs, group = await add(db, stranger, "a"), await db.write(a_group, stranger, "x")
    ours = await add(db, account, "a")
    assert not await edit(db, account, theirs, "b")
    assert not await edit(db, account, ours, "b", [group])
    assert not await edit(db, account, 999, "b")
    assert (await one(db, account, ours), await one(db, stranger, theirs)) == (
        ({"id": ours, "phone": "a"}, []), ({"id": theirs, "phone": "a"}, []),
    )  # fmt: skip


async def test_deleting_takes_only_one_s_own(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    group, theirs = await db.write(a_group, account, "x"), await add(db, stranger, "a")
    first, second, third = [await add(db, account, phone, (group,)) for phone in "abc"]
    assert await db.write(contacts.delete, account, [first, theirs, third, 999]) == 2
    assert await db.write(contacts.delete, account, [first, theirs]) == 0
    assert await db.read(contact_list.ids, ContactFilter(account), 0, None) == [second]
    assert await db.read(contact_list.ids, ContactFilter(stranger), 0, None) == [theirs]
    assert [tuple(row) for row in await db.read(statement, "SELECT contact_id FROM group_members")] == [(second,)]
