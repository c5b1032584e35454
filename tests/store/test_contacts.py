"""Contacts and their groups on each engine."""

from __future__ import annotations

from typing import Any

import pytest

from odzew.store import contacts
from odzew.store.contacts import SORTS, ContactFilter
from odzew.store.db import Database
from tests.builders import a_group, an_account


@pytest.fixture
async def account(db: Database) -> int:
    key: int = await db.write(an_account)
    return key


async def add(db: Database, account: int, phone: str, groups: tuple[int, ...] = (), **texts: str) -> int:
    key: int = await db.write(contacts.add, account, phone, texts, groups)
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
    assert await db.write(contacts.add, account, "a", {}, [ours, theirs]) is None
    assert await db.read(contacts.ids, ContactFilter(account), 0, None) == []
    assert await db.write(contacts.add, account, "a", {}, [ours, ours]) is not None


async def test_groups_by_name(db: Database, account: int) -> None:
    last, first = await db.write(a_group, account, "zzz"), await db.write(a_group, account, "aaa")
    key, other = await add(db, account, "a", (last, first)), await add(db, account, "b")
    found = await db.read(contacts.rows_of, account, [other, key, 999])
    assert [(row[0], groups) for row, groups in found] == [(other, []), (key, [(first, "aaa"), (last, "zzz")])]
    assert await db.read(contacts.ids, ContactFilter(account, group_id=last), 0, None) == [key]
    assert await db.read(contacts.ids, ContactFilter(account, group_id="none"), 0, None) == [other]
    assert await db.read(contacts.count, ContactFilter(account, group_id=last)) == 1


async def test_somebody_else_s_contact_is_none(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    key = await add(db, stranger, "a")
    assert await db.read(contacts.rows_of, account, [key]) == []


async def test_every_column_sorts_both_ways(db: Database) -> None:
    for sort in SORTS:
        account = await db.write(an_account, sort)
        texts = [{sort: phone} if sort not in ("id", "phone") else {} for phone in "abc"]
        keys = [await db.write(contacts.add, account, phone, given, ()) for phone, given in zip("abc", texts, strict=True)]
        assert await db.read(contacts.ids, ContactFilter(account, sort=sort), 0, None) == keys, sort
        assert await db.read(contacts.ids, ContactFilter(account, sort=sort, descending=True), 0, 2) == keys[:0:-1], sort
        assert await db.read(contacts.ids, ContactFilter(account, sort=sort), 1, 1) == keys[1:2], sort


async def test_what_is_missing_sorts_as_empty(db: Database, account: int) -> None:
    known, unknown = await add(db, account, "a", city="A"), await add(db, account, "b")
    assert await db.read(contacts.ids, ContactFilter(account, sort="city"), 0, None) == [unknown, known]
    assert await db.read(contacts.ids, ContactFilter(account, sort="city", descending=True), 0, None) == [known, unknown]
