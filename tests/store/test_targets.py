"""Targets as they are written, and read back as the directory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from odzew.clock import FixedClock
from odzew.model import Account, Target
from odzew.store import targets
from odzew.store.db import Database, statement
from odzew.store.directory import Directory, load
from odzew.store.people import save_accounts


async def read(db: Database) -> list[Target]:
    found: Directory = await db.read(load)
    return list(found.targets.values())


async def one(db: Database, **fields: Any) -> Target:
    """A target of the account acme, stored."""
    acme = (await db.write(save_accounts, [Account(0, "acme")]))["acme"]
    target = replace(Target(0, acme, "account", acme, "eco", "eco", "https://crm.example/"), **fields)
    await db.write(targets.save_targets, [target])
    (stored,) = await read(db)
    assert stored == replace(target, id=stored.id)
    return stored


async def test_a_target_is_read_as_it_was_written(db: Database) -> None:
    plain = await one(db)
    full = replace(
        plain, active=False, body="json", verify="OK #ID#", retry_minutes=(0.1, 5.0), retry_basis="previous", secret="env:S",
        concurrency=4, completions=False, way="json", mail_to=("a@acme.example",), only_keywords=("AUTO",), only_senders=("+48*",),
        only_text=("nie dzwoń",), secret_before="env:T", secret_before_until=1_800_000_000_000_000, client_cert="/c", client_key="/k",
        ca="/a", per_second=2.5,
    )  # fmt: skip
    await db.write(targets.save_targets, [full])
    assert await read(db) == [full]
    await db.write(targets.save_targets, [plain])
    assert await read(db) == [plain]


async def test_a_target_is_known_by_level_owner_kind_and_name(db: Database) -> None:
    first = await one(db)
    others = [
        replace(first, level="number"),
        replace(first, level_id=first.level_id + 1),
        replace(first, for_kind="mms"),
        replace(first, name="eco-2"),
    ]
    await db.write(targets.save_targets, others)
    assert len({target.id for target in await read(db)}) == 5


async def test_a_removed_target_stays_for_the_history_and_frees_its_name(db: Database, clock: FixedClock) -> None:
    target = await one(db)
    await db.write(targets.remove_targets, [target.id])
    assert await read(db) == []
    rows = await db.read(statement, "SELECT url, active, removed_at FROM targets WHERE id = ?", target.id)
    assert [tuple(row) for row in rows] == [("https://crm.example/", 0, clock.now())]
    await db.write(targets.save_targets, [target])
    (fresh,) = await read(db)
    assert fresh == replace(target, id=fresh.id)
    assert fresh.id != target.id


async def test_removing_again_changes_nothing(db: Database, clock: FixedClock) -> None:
    target = await one(db)
    await db.write(targets.remove_targets, [target.id])
    before = [tuple(row) for row in await db.read(statement, "SELECT * FROM targets")]
    clock.advance(1)
    await db.write(targets.remove_targets, [target.id, target.id + 1])
    assert [tuple(row) for row in await db.read(statement, "SELECT * FROM targets")] == before


async def test_a_target_that_was_only_marked_removed_is_there_again(db: Database) -> None:
    target = await one(db)
    await db.write(statement, "UPDATE targets SET removed_at = 1 WHERE id = ?", target.id)
    await db.write(targets.save_targets, [replace(target, url="https://new.example/")])
    assert await read(db) == [replace(target, url="https://new.example/")]
