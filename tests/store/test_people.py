"""Accounts, users and tokens as they are written, and read back as the directory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from odzew.clock import FixedClock
from odzew.model import Account, Token, User
from odzew.store import people
from odzew.store.db import Database, statement
from odzew.store.directory import Directory, load
from odzew.store.people import Listed
from odzew.wire.folding import searchable

ACME_FIELDS = ("acme", "Acme", "Europe/Warsaw", "pl", False, ("10.0.0.0/8",), ("10.1.2.0/24:8080",), 2.5, ("it@acme.example",), 0.5)
ACME = Account(0, *ACME_FIELDS)


async def read(db: Database) -> Directory:
    found: Directory = await db.read(load)
    return found


async def rows(db: Database, sql: str) -> list[tuple[Any, ...]]:
    found: list[Sequence[Any]] = await db.read(statement, sql)
    return [tuple(row) for row in found]


async def test_an_account_is_read_as_it_was_written(db: Database) -> None:
    ids = await db.write(people.save_accounts, [ACME, Account(0, "beta")])
    accounts = (await read(db)).accounts
    assert accounts[ids["acme"]] == Account(ids["acme"], *ACME_FIELDS)
    assert accounts[ids["beta"]] == Account(ids["beta"], "beta")


async def test_an_account_is_updated_by_its_name_and_others_are_left(db: Database) -> None:
    first = await db.write(people.save_accounts, [ACME, Account(0, "beta")])
    assert await db.write(people.save_accounts, [Account(99, "acme", language="en")]) == {"acme": first["acme"]}
    accounts = (await read(db)).accounts
    assert accounts == {
        first["acme"]: Account(first["acme"], "acme", language="en"),
        first["beta"]: Account(first["beta"], "beta"),
    }


async def test_a_user_is_updated_by_the_log_in_and_stays_with_its_account(db: Database) -> None:
    ids = await db.write(people.save_accounts, [ACME, Account(0, "beta")])
    await db.write(people.save_users, [User(0, ids["acme"], "anna", "h1", ("api",)), User(0, None, "ops", "h2")])
    before = (await read(db)).users
    await db.write(people.save_users, [User(0, ids["beta"], "anna", "h3", ("panel",), ("10.0.0.0/8",))])
    now = (await read(db)).users
    assert now["anna"] == User(before["anna"].id, ids["acme"], "anna", "h3", ("panel",), ("10.0.0.0/8",))
    assert now["ops"] == before["ops"] == User(before["ops"].id, None, "ops", "h2")


async def test_a_token_is_known_by_its_account_and_name(db: Database, clock: FixedClock) -> None:
    ids = await db.write(people.save_accounts, [ACME, Account(0, "beta")])
    owners = (ids["acme"], ids["beta"], None)
    await db.write(people.save_tokens, [Token(0, owner, "crm", bytes([n]) * 32) for n, owner in enumerate(owners)])
    clock.advance(60)
    await db.write(people.save_tokens, [Token(0, None, "crm", b"x" * 32, ("10.0.0.0/8",), ("api",))])
    tokens = {(t.account_id, t.sha256, t.allow_from, t.roles) for t in (await read(db)).tokens.values()}
    assert tokens == {
        (ids["acme"], b"\0" * 32, (), ("api", "numbers")),
        (ids["beta"], b"\1" * 32, (), ("api", "numbers")),
        (None, b"x" * 32, ("10.0.0.0/8",), ("api",)),
    }
    assert len(await rows(db, "SELECT DISTINCT created_at FROM tokens")) == 1


async def test_a_token_is_removed_by_its_account_and_name(db: Database) -> None:
    ids = await db.write(people.save_accounts, [ACME])
    await db.write(people.save_tokens, [Token(0, ids["acme"], "crm", b"a" * 32), Token(0, None, "crm", b"b" * 32)])
    assert await db.write(people.remove_token, ids["acme"], "crm") is True
    assert await db.write(people.remove_token, ids["acme"], "crm") is False
    assert set((await read(db)).tokens) == {b"b" * 32}
    assert await db.write(people.remove_token, None, "crm") is True


async def test_contacts_are_read_as_they_were_written(db: Database) -> None:
    acme = (await db.write(people.save_accounts, [ACME]))["acme"]
    jan = Listed(None, "+48500600700", {"first_name": "Jan"}, frozenset({"customers", "friends"}))
    await db.write(people.save_listed, acme, [jan, Listed(None, "+48500600701", {})], searchable)
    found = await db.read(people.listed, acme, ["+48500600700", "+48500600701", "+48500600702"])
    assert set(found) == {"+48500600700", "+48500600701"}
    assert found["+48500600700"].groups == {"customers", "friends"}
    assert found["+48500600700"].texts["first_name"] == "Jan"
    assert set(found["+48500600701"].texts.values()) == {None}
    assert await db.read(people.listed, acme + 1, ["+48500600700"]) == {}


async def test_a_contact_is_updated_by_its_id(db: Database) -> None:
    acme = (await db.write(people.save_accounts, [ACME]))["acme"]
    await db.write(people.save_listed, acme, [Listed(None, "+48500600700", {"first_name": "Jan"})], searchable)
    (before,) = (await db.read(people.listed, acme, ["+48500600700"])).values()
    await db.write(people.save_listed, acme, [Listed(before.id, before.phone, {"city": "Łódź"}, frozenset({"g"}))], searchable)
    (now,) = (await db.read(people.listed, acme, ["+48500600700"])).values()
    assert (now.id, now.texts["first_name"], now.texts["city"], now.groups) == (before.id, None, "Łódź", {"g"})
    assert await rows(db, "SELECT count(*) FROM contacts") == [(1,)]


async def test_a_sender_on_the_blacklist_keeps_its_time(db: Database, clock: FixedClock) -> None:
    acme = (await db.write(people.save_accounts, [ACME]))["acme"]
    start = clock.now()
    await db.write(people.save_blacklisted, acme, ["+48500600700"])
    clock.advance(60)
    await db.write(people.save_blacklisted, acme, ["+48500600700", "+48500600701"])
    assert await db.read(people.blacklisted, acme, ["+48500600700", "+48500600709"]) == {"+48500600700"}
    assert await rows(db, "SELECT phone, added_at FROM blacklist ORDER BY phone") == [
        ("+48500600700", start),
        ("+48500600701", start + 60_000_000),
    ]


async def test_bringing_adds_what_is_new_and_keeps_what_a_row_does_not_say(db: Database) -> None:
    acme = (await db.write(people.save_accounts, [ACME]))["acme"]
    rows_ = [("+48500600700", {"first_name": "Jan", "city": "Łódź"}), ("+48500600701", {})]
    assert await db.write(people.bring, acme, rows_, "first", searchable) == (2, 0)
    rows_ = [("+48500600700", {"city": "Kraków"}), ("+48500600702", {}), ("+48500600702", {"email": "a@b.pl"})]
    assert await db.write(people.bring, acme, rows_, "second", searchable) == (1, 1)
    found = await db.read(people.listed, acme, [f"+4850060070{n}" for n in range(3)])
    jan = found["+48500600700"]
    assert (jan.texts["first_name"], jan.texts["city"], jan.groups) == ("Jan", "Kraków", {"first", "second"})
    assert (found["+48500600701"].groups, found["+48500600702"].groups) == ({"first"}, {"second"})
    assert found["+48500600702"].texts["email"] == "a@b.pl"
    assert await rows(db, "SELECT folded FROM contacts ORDER BY id") == [
        ("+48500600700 jan krakow",), ("+48500600701",), ("+48500600702 a@b pl",),
    ]  # fmt: skip


async def test_bringing_the_same_again_changes_nothing(db: Database) -> None:
    acme = (await db.write(people.save_accounts, [ACME]))["acme"]
    lots = [(f"+4850{n:07}", {"last_name": f"No {n}"}) for n in range(600)]
    assert await db.write(people.bring, acme, lots, "lots", searchable) == (600, 0)
    assert await db.write(people.bring, acme, lots, "lots", searchable) == (0, 600)
    assert await db.write(people.bring, acme, [], "lots", searchable) == (0, 0)
    assert await rows(db, "SELECT count(*) FROM contacts") == [(600,)]
    assert await rows(db, "SELECT count(*) FROM group_members") == [(600,)]


async def test_the_same_numbers_brought_at_once_are_added_once(db: Database, open_again: Callable[[], Database]) -> None:
    acme = (await db.write(people.save_accounts, [ACME]))["acme"]
    lots: list[tuple[str, dict[str, str]]] = [(f"+4850{n:07}", {}) for n in range(100)]
    other = open_again()
    brought = await asyncio.gather(*(each.write(people.bring, acme, lots, None, searchable) for each in (db, other, db, other)))
    assert sorted(brought) == [(0, 100)] * 3 + [(100, 0)]
    assert await rows(db, "SELECT count(*) FROM contacts") == [(100,)]
