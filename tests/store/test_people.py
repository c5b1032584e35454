"""Accounts, users and tokens as they are written, and read back as the directory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odzew.clock import FixedClock
from odzew.model import Account, Token, User
from odzew.store import people
from odzew.store.db import Database, statement
from odzew.store.directory import Directory, load
from odzew.store.people import Listed

ACME = Account(0, "acme", "Acme", "Europe/Warsaw", "pl", False, ("10.0.0.0/8",), ("10.1.2.0/24:8080",), 2.5)


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


ACME_FIELDS = ("acme", "Acme", "Europe/Warsaw", "pl", False, ("10.0.0.0/8",), ("10.1.2.0/24:8080",), 2.5)


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
    await db.write(people.save_listed, acme, [jan, Listed(None, "+48500600701", {})])
    found = await db.read(people.listed, acme, ["+48500600700", "+48500600701", "+48500600702"])
    assert set(found) == {"+48500600700", "+48500600701"}
    assert found["+48500600700"].groups == {"customers", "friends"}
    assert found["+48500600700"].texts["first_name"] == "Jan"
    assert set(found["+48500600701"].texts.values()) == {None}
    assert await db.read(people.listed, acme + 1, ["+48500600700"]) == {}


async def test_a_contact_is_updated_by_its_id(db: Database) -> None:
    acme = (await db.write(people.save_accounts, [ACME]))["acme"]
    await db.write(people.save_listed, acme, [Listed(None, "+48500600700", {"first_name": "Jan"})])
    (before,) = (await db.read(people.listed, acme, ["+48500600700"])).values()
    await db.write(people.save_listed, acme, [Listed(before.id, before.phone, {"city": "Łódź"}, frozenset({"g"}))])
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
