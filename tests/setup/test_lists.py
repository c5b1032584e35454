"""Contacts and blacklist of a document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from odzew.setup.lists import BATCH
from odzew.store.changes import counters
from odzew.store.db import Database, statement
from tests.setup.documents import ACME, applied, lines

JAN = '[[account.contact]]\nphone = "+48500600700"\nfirst_name = "Jan"\nemail = "jan@acme.example"\ngroup = "customers"\n'


async def rows(db: Database, sql: str) -> list[tuple[Any, ...]]:
    found: list[Sequence[Any]] = await db.read(statement, sql)
    return [tuple(row) for row in found]


async def test_a_contact_is_created_with_its_group(db: Database) -> None:
    assert lines(await applied(db, ACME + JAN))[1:] == ["create contacts of acme: 1 in number"]
    assert await rows(db, "SELECT phone, first_name, last_name, email FROM contacts") == [("+48500600700", "Jan", None, "jan@acme.example")]
    assert await rows(
        db, "SELECT g.name, c.first_name FROM group_members m JOIN groups g ON g.id = m.group_id JOIN contacts c ON c.id = m.contact_id"
    ) == [("customers", "Jan")]


async def test_keys_that_are_left_out_stay_and_empty_ones_go(db: Database) -> None:
    await applied(db, ACME + JAN)
    text = ACME + '[[account.contact]]\nphone = "500 600 700"\nlast_name = "Kowalski"\nemail = ""\n'
    assert lines(await applied(db, text)) == ["update contacts of acme: 1 in number"]
    assert await rows(db, "SELECT first_name, last_name, email FROM contacts") == [("Jan", "Kowalski", None)]
    assert lines(await applied(db, text)) == []


async def test_a_further_group_is_joined_and_none_is_left(db: Database) -> None:
    await applied(db, ACME + JAN)
    assert lines(await applied(db, ACME + JAN.replace("customers", "friends"))) == ["update contacts of acme: 1 in number"]
    assert await rows(db, "SELECT g.name FROM group_members m JOIN groups g ON g.id = m.group_id ORDER BY g.name") == [
        ("customers",),
        ("friends",),
    ]
    assert lines(await applied(db, ACME + JAN)) == []


async def test_of_several_contacts_with_a_number_the_first_is_meant(db: Database) -> None:
    await applied(db, ACME + JAN)
    await db.write(statement, "INSERT INTO contacts (account_id, phone, first_name) SELECT account_id, phone, 'Second' FROM contacts")
    await applied(db, ACME + JAN.replace('"Jan"', '"Janek"'))
    assert await rows(db, "SELECT first_name FROM contacts ORDER BY id") == [("Janek",), ("Second",)]


async def test_a_sender_is_put_on_the_blacklist_once(db: Database) -> None:
    text = ACME + '[[account.blacklisted]]\nphone = "+48500600799"\n'
    assert lines(await applied(db, text))[1:] == ["create blacklist of acme: 1 in number"]
    assert lines(await applied(db, text)) == []
    assert await rows(db, "SELECT phone FROM blacklist") == [("+48500600799",)]


async def test_lists_of_accounts_are_apart(db: Database) -> None:
    both = ACME + JAN + ACME.replace("acme", "beta") + JAN
    await applied(db, both)
    assert await rows(db, "SELECT count(DISTINCT account_id), count(*) FROM contacts") == [(2, 2)]
    assert await rows(db, "SELECT count(*) FROM groups") == [(2,)]


async def test_a_long_list_comes_in_batches(db: Database) -> None:
    count = 2 * BATCH + 1
    text = ACME + "".join(f'[[account.contact]]\nphone = "+48500{n:06}"\ngroup = "all"\n' for n in range(count))
    assert lines(await applied(db, text, dry_run=True))[1:] == [f"create contacts of acme: {count} in number"]
    assert lines(await applied(db, text))[1:] == [f"create contacts of acme: {count} in number"]
    assert await rows(db, "SELECT count(*) FROM group_members") == [(count,)]
    assert lines(await applied(db, text)) == []


async def test_lists_do_not_touch_the_directory(db: Database) -> None:
    await applied(db, ACME)
    before = await db.read(counters)
    await applied(db, ACME + JAN)
    assert await db.read(counters) == before
