"""Lists of contacts on each engine: found, sorted, paged, and found by an index."""

from __future__ import annotations

import pytest

from odzew.store import contact_list, contacts
from odzew.store.contact_list import SORTS, ContactFilter
from odzew.store.db import Database, Rows, statement
from odzew.wire.folding import searchable, words
from tests.builders import a_group, an_account


@pytest.fixture
async def account(db: Database) -> int:
    key: int = await db.write(an_account)
    return key


async def add(db: Database, account: int, phone: str, groups: tuple[int, ...] = (), **texts: str) -> int:
    key: int = await db.write(contacts.add, account, phone, texts, groups, searchable)
    return key


async def found(db: Database, wanted: ContactFilter) -> list[int]:
    ids: list[int] = await db.read(contact_list.ids, wanted, 0, None)
    assert await db.read(contact_list.count, wanted) == len(ids)
    return ids


async def test_every_column_sorts_both_ways(db: Database) -> None:
    for sort in SORTS:
        account = await db.write(an_account, sort)
        texts = [{sort: phone} if sort not in ("id", "phone") else {} for phone in "abc"]
        keys = [await db.write(contacts.add, account, phone, given, (), searchable) for phone, given in zip("abc", texts, strict=True)]
        assert await db.read(contact_list.ids, ContactFilter(account, sort=sort), 0, None) == keys, sort
        assert await db.read(contact_list.ids, ContactFilter(account, sort=sort, descending=True), 0, 2) == keys[:0:-1], sort
        assert await db.read(contact_list.ids, ContactFilter(account, sort=sort), 1, 1) == keys[1:2], sort


async def test_what_is_missing_sorts_as_empty(db: Database, account: int) -> None:
    known, unknown = await add(db, account, "a", city="A"), await add(db, account, "b")
    assert await db.read(contact_list.ids, ContactFilter(account, sort="city"), 0, None) == [unknown, known]
    assert await db.read(contact_list.ids, ContactFilter(account, sort="city", descending=True), 0, None) == [known, unknown]


async def test_sorting_is_octet_by_octet_on_both_engines(db: Database, account: int) -> None:
    names = ["Łoś", "ala", "Żuk", "Zet", "a b", "ab", "Ala"]
    keys = {name: await add(db, account, "a", last_name=name) for name in names}
    order = [keys[name] for name in sorted(names, key=str.encode)]
    assert await found(db, ContactFilter(account, sort="last_name")) == order
    assert await found(db, ContactFilter(account, sort="last_name", descending=True)) == order[::-1]


async def test_long_texts_sort_by_their_beginning(db: Database, account: int) -> None:
    later, sooner = await add(db, account, "a", description="x" * 99 + "b" * 3_000), await add(db, account, "a", description="x" * 99 + "a")
    assert await found(db, ContactFilter(account, sort="description")) == [sooner, later]


async def test_pages_hold_each_contact_once(db: Database, account: int) -> None:
    for n in range(25):
        await add(db, account, f"{n % 3}", city=f"{n % 4}")
    for sort in ("id", "phone", "city"):
        for descending in (False, True):
            wanted = ContactFilter(account, sort=sort, descending=descending)
            pages = [await db.read(contact_list.ids, wanted, skip, 10) for skip in (0, 10, 20, 30)]
            assert [key for page in pages for key in page] == await found(db, wanted)
            assert [len(page) for page in pages] == [10, 10, 5, 0]


SEARCHES = (
    ("lodz", "jan"), ("Łódź", "jan"), ("ŁÓDŹ", "jan"), ("kowal", "jan anna"), ("KOWALSKI jan", "jan"), ("jan kowalski", "jan"),
    ("jan rzym", ""), ("600 700", "jan"), ("+48 500-600-700", "jan"), ("700", "jan"), ("100%", "anna"), ("0%", "anna"), ("%", "anna"),
    ("strasse", "anna"), ("anna@example.com", "anna"), ("example", "jan anna"), ("a!b", ""), ("'; --", ""), ("jan jan jan", "jan"),
)  # fmt: skip


async def test_a_search_finds_each_word_as_a_part_of_any(db: Database, account: int) -> None:
    stranger = await db.write(an_account, "other")
    await add(db, stranger, "+48500600700", first_name="Jan", last_name="Kowalski", city="Łódź")
    keys = {
        "jan": await add(db, account, "+48500600700", first_name="Jan", last_name="Kowalski", city="Łódź", email="jan@example.com"),
        "anna": await add(
            db, account, "+48111222333", first_name="Anna", last_name="Kowalska", address="Hauptstraße 7", company="100% s.c.",
            email="anna@example.com",
        ),
        "nobody": await add(db, account, "Info"),
    }  # fmt: skip
    for search, names in SEARCHES:
        looked_for = words(search)
        expected = [keys[name] for name in names.split()]
        assert (await found(db, ContactFilter(account, looked_for)) if looked_for else []) == expected, search


async def test_a_search_within_a_group_sorted(db: Database, account: int) -> None:
    group = await db.write(a_group, account, "x")
    inside = [await add(db, account, "a", (group,), city=city, last_name="Nowak") for city in "cab"]
    outside = await add(db, account, "a", last_name="Nowak", city="d")
    await add(db, account, "a", (group,), last_name="Mazur")
    by_city = [inside[1], inside[2], inside[0]]
    assert await found(db, ContactFilter(account, ("nowak",), group, "city")) == by_city
    assert await found(db, ContactFilter(account, ("nowak",), group, "city", True)) == by_city[::-1]
    assert await found(db, ContactFilter(account, ("nowak",), "none", "city")) == [outside]


PLANS = (
    (ContactFilter(1), "contacts_searched"), (ContactFilter(1, sort="phone"), "contacts_phone"),
    *((ContactFilter(1, sort=name), f"contacts_{name}") for name in contacts.TEXTS),
    (ContactFilter(1, ("jan",)), "COVERING INDEX contacts_searched"),
    (ContactFilter(1, ("jan",), sort="city"), "COVERING INDEX contacts_searched"),
)  # fmt: skip


async def test_a_list_leans_on_its_index(db: Database, account: int) -> None:
    """SQLite tells its plan without figures; on PostgreSQL the same indexes exist, and which one is taken depends on what is there."""
    if db.engine == "postgres":
        names = {row[0] for row in await db.read(statement, "SELECT indexname FROM pg_indexes WHERE tablename = 'contacts'")}
        assert {name.split()[-1] for _, name in PLANS} <= names
        return
    for wanted, index in PLANS:
        request = next(contact_list.ids(wanted, 0, 100))
        assert isinstance(request, Rows)
        steps = await db.read(statement, f"EXPLAIN QUERY PLAN {request.sql}", *request.parameters)
        plan = " ".join(row[3] for row in steps)
        assert index in plan, (wanted, plan)
        assert wanted.words or "TEMP B-TREE" not in plan, plan
        if not wanted.words:
            request = next(contact_list.window(wanted, 100, ("a", 7)))
            assert isinstance(request, Rows)
            steps = await db.read(statement, f"EXPLAIN QUERY PLAN {request.sql}", *request.parameters)
            (step,) = [row[3] for row in steps]
            assert index in step, step
            assert step.endswith(">?)"), step


async def test_windows_hold_each_contact_once_both_ways(db: Database, account: int) -> None:
    group = await db.write(a_group, account, "x")
    for n in range(23):
        await add(db, account, f"{n % 3}", (group,) if n % 5 else (), city=f"{n % 4}")
    for sort in ("id", "phone", "city", "email"):
        for wanted in (ContactFilter(account, sort=sort), ContactFilter(account, ("1",), group, sort, True)):
            order = await found(db, wanted)
            seen, after = [], None
            while window := await db.read(contact_list.window, wanted, 4, after):
                seen += [key for _, key in window]
                after = window[-1]
            assert seen == order
            end = (await db.read(contact_list.window, wanted, 100))[-1]
            before = await db.read(contact_list.window, wanted, 100, end, True)
            assert [key for _, key in before] == order[:-1]
            nearest = await db.read(contact_list.window, wanted, 3, end, True)
            assert [key for _, key in nearest] == order[-4:-1]
    last = (await found(db, ContactFilter(account)))[-10:]
    assert await db.read(contact_list.window, ContactFilter(account), 10, None, True) == [(key, key) for key in last]
