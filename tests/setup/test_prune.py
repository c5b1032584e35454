"""Pruning: what a document does not name goes, on both engines, and never messages, contacts or blacklists."""

from __future__ import annotations

import pytest

from odzew.model import Account
from odzew.setup.apply import Applied, apply
from odzew.setup.prune import surplus
from odzew.store import recovery_codes
from odzew.store.credentials import set_totp
from odzew.store.db import Database, statement
from odzew.store.directory import Directory, load
from tests.setup.documents import ACME, WHOLE, applied, document

OPERATOR = '[[operator]]\nlogin = "ops@operator.example"\n'


async def pruned(db: Database, text: str, dry_run: bool = False) -> Applied:
    return await apply(
        document(text), db, hash_password="hash of {}".format, make_token=lambda: "9" * 32, dry_run=dry_run, prune_rest=True
    )  # fmt: skip


def told(done: Applied) -> list[str]:
    return [str(change) for change in done.changes]


async def test_the_document_that_was_applied_leaves_nothing_over(db: Database) -> None:
    await applied(db, WHOLE)
    before: Directory = await db.read(load)
    assert told(await pruned(db, WHOLE)) == []
    assert await db.read(load) == before


async def test_what_it_does_not_name_goes(db: Database) -> None:
    await applied(db, WHOLE)
    done = told(await pruned(db, ACME + OPERATOR))
    found: Directory = await db.read(load)
    assert set(found.users) == {"ops@operator.example"}
    assert (found.tokens, found.numbers, found.keywords_by_id, found.targets) == ({}, {}, {}, {})
    assert found.sources
    assert not any(source.active for source in found.sources.values())
    assert found.account_named("acme").active
    assert {line.split(" ")[0] for line in done} == {"remove", "update"}
    assert any(line.startswith("remove user anna@acme.example") for line in done)
    assert any(line.endswith("active yes -> no") for line in done)
    assert told(await pruned(db, ACME + OPERATOR)) == []


async def test_a_dry_run_says_the_same_and_changes_nothing(db: Database) -> None:
    await applied(db, WHOLE)
    before: Directory = await db.read(load)
    said = told(await pruned(db, ACME, dry_run=True))
    assert await db.read(load) == before
    assert said == told(await pruned(db, ACME))


async def test_without_it_nothing_goes(db: Database) -> None:
    await applied(db, WHOLE)
    before: Directory = await db.read(load)
    await applied(db, ACME)
    assert await db.read(load) == before


async def test_recovery_codes_go_with_their_user(db: Database) -> None:
    await applied(db, WHOLE)
    users = (await db.read(load)).users
    for login in ("anna@acme.example", "ops@operator.example"):
        await db.write(set_totp, users[login].id, "sealed")
        await db.write(recovery_codes.replace, users[login].id, [b"x" * 32])
    await pruned(db, ACME)
    left = [await db.read(recovery_codes.left, users[login].id) for login in ("anna@acme.example", "ops@operator.example")]
    assert left == [0, 1]


async def test_operators_stay_where_the_document_names_none(db: Database) -> None:
    await applied(db, WHOLE)
    await pruned(db, ACME)
    found: Directory = await db.read(load)
    assert "ops@operator.example" in found.users


async def test_an_account_is_switched_off_and_what_came_for_it_stays(db: Database) -> None:
    await applied(db, WHOLE)
    await db.write(
        statement, "INSERT INTO messages (id, account_id, kind, sender, recipient, text, received_at) VALUES (1, 1, 'nd', 's', 'r', 't', 1)"
    )
    counted = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM contacts), (SELECT count(*) FROM blacklist)"
    before = await db.read(statement, counted)
    assert all(before[0])
    await pruned(db, OPERATOR)
    found: Directory = await db.read(load)
    assert [account.active for account in found.accounts.values()] == [False] * len(found.accounts)
    assert await db.read(statement, counted) == before


KEYWORDS = """
[[number]]
address = "71200"
service = "pr"
  [[number.keyword]]
  word = "AUTO"
  account = "acme"
    [[number.keyword.forward]]
    url = "http://acme.example/1"
    [[number.keyword.forward]]
    url = "http://acme.example/2"
  [[number.keyword]]
  word = "Łódź dwa"
  account = "acme"
"""
LESS = [
    (KEYWORDS.replace('    [[number.keyword.forward]]\n    url = "http://acme.example/2"\n', ""), ["remove target 71200 auto/sms-2"]),
    (KEYWORDS.replace('  [[number.keyword]]\n  word = "Łódź dwa"\n  account = "acme"\n', ""), ["remove keyword 71200/Łódź dwa"]),
    (KEYWORDS.replace("Łódź dwa", "LODZ  DWA"), []),
    ("", ["remove target 71200 auto/sms", "remove target 71200 auto/sms-2", "remove keyword 71200/AUTO", "remove keyword 71200/Łódź dwa",
          "remove number 71200"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), LESS, ids=["a forward", "a keyword", "another spelling", "a number"])
async def test_exactly_what_is_missing_goes(db: Database, text: str, said: list[str]) -> None:
    await applied(db, ACME + KEYWORDS)
    gone = surplus(document(ACME + text), await db.read(load))
    assert [str(change).lower() for change in gone.changes] == [line.lower() for line in said]
    await pruned(db, ACME + text)
    assert surplus(document(ACME + text), await db.read(load)).changes == []


async def test_the_counters_move_so_that_a_server_hears_of_it(db: Database) -> None:
    await applied(db, ACME + KEYWORDS)
    before = dict(await db.read(statement, "SELECT name, counter FROM changes"))
    await pruned(db, ACME)
    after = dict(await db.read(statement, "SELECT name, counter FROM changes"))
    assert after["directory"] > before["directory"]
    assert after["targets"] > before["targets"]


async def test_a_name_that_is_pruned_is_free_for_the_same_document(db: Database) -> None:
    await applied(db, ACME + '[[account.user]]\nlogin = "anna"\npassword = "one"\n')
    await pruned(db, '[[account]]\nname = "globex"\n')
    done = await pruned(db, '[[account]]\nname = "globex"\n[[account.user]]\nlogin = "anna"\npassword = "two"\n')
    found: Directory = await db.read(load)
    globex: Account = found.account_named("globex")
    assert found.users["anna"].account_id == globex.id
    assert told(done)[0].startswith("create user anna")
