"""Alarms that are kept: one line each, its letters beside it, read a page at a time, forgotten after 90 days."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from odzew.store.alarms import KEPT, AlarmRow, Letter, keep, page, sweep
from odzew.store.db import Database, statement
from odzew.store.inbox_lines import EVERYBODY
from tests.store.questions import plan

AT = 1_413_883_083_000_000
OPERATORS = Letter("operator", ("noc@odzew.example",), "taken", AT + 9)
OWN = Letter("account", ("it@acme.example", "żółw@acme.example"), "refused", AT + 9, 2, "smtp_5xx: 550 5.1.1 unknown")


def an_alarm(account: int | None = 1, at: int = AT, **more: Any) -> AlarmRow:
    return replace(AlarmRow(0, at, account, 7, "failing", "target 7 ('crm' of acme)", "fails"), **more)


async def test_it_is_read_as_it_was_kept(db: Database) -> None:
    row = an_alarm(times=3, told_at=AT + 5, letters={"account": OWN, "operator": OPERATORS})
    (key,) = await db.write(keep, [row])
    assert await db.read(page, 1) == ([replace(row, id=key)], None)


async def test_new_and_known_ones_are_kept_together(db: Database) -> None:
    (first,) = await db.write(keep, [an_alarm()])
    known = an_alarm(id=first, words="fails again", times=4, told_at=AT + 60, letters={"operator": OPERATORS})
    first_again, second = await db.write(keep, [known, an_alarm(None, kind="exhausted", target_id=None)])
    assert first_again == first < second
    rows, _ = await db.read(page, EVERYBODY)
    assert [(row.id, row.kind, row.words, row.times, row.told_at) for row in rows] == [
        (second, "exhausted", "fails", 1, None), (first, "failing", "fails again", 4, AT + 60),
    ]  # fmt: skip


async def test_the_last_try_of_a_letter_is_what_is_kept_of_it(db: Database) -> None:
    (key,) = await db.write(keep, [an_alarm(letters={"account": OWN})])
    taken = replace(OWN, state="taken", at=AT + 600, tries=3, said="")
    await db.write(keep, [an_alarm(id=key, letters={"account": taken})])
    ((row,), _) = await db.read(page, 1)
    assert row.letters == {"account": taken}


@pytest.mark.parametrize(("whose", "seen"), [(("account",), {"account"}), (("account", "operator"), {"account", "operator"}), ((), set())])
async def test_letters_to_others_are_not_read(db: Database, whose: tuple[str, ...], seen: set[str]) -> None:
    await db.write(keep, [an_alarm(letters={"account": OWN, "operator": OPERATORS})])
    ((row,), _) = await db.read(page, 1, None, 50, whose)
    assert set(row.letters) == seen


async def test_each_account_reads_its_own(db: Database) -> None:
    keys = await db.write(keep, [an_alarm(account) for account in (1, 2, None, 1)])
    assert [[row.id for row in (await db.read(page, account))[0]] for account in (1, 2, 3, EVERYBODY)] == [
        [keys[3], keys[0]], [keys[1]], [], keys[::-1],
    ]  # fmt: skip


async def test_pages_go_on_where_the_one_before_ended(db: Database) -> None:
    keys = await db.write(keep, [an_alarm(number % 2) for number in range(25)])
    found, before = [], None
    for _ in range(3):
        rows, before = await db.read(page, 0, before, 5)
        found += [row.id for row in rows]
    assert found == keys[::-2]
    assert before is None


async def test_old_ones_are_forgotten_with_their_letters(db: Database) -> None:
    letters = {"account": OWN, "operator": OPERATORS}
    keys = await db.write(keep, [an_alarm(at=AT + days, letters=letters) for days in (0, 1, 2)])
    assert [await db.write(sweep, AT + KEPT + past) for past in (0, 2, 2)] == [0, 2, 0]
    assert [row.id for row in (await db.read(page, 1))[0]] == keys[2:]
    assert len(await db.read(statement, "SELECT alarm_id FROM alarm_letters")) == 2


async def test_hostile_words_are_kept_as_far_as_they_can_be(db: Database) -> None:
    await db.write(keep, [an_alarm(about="a\0b", words="\ud800" + "x" * 9_000, letters={"account": replace(OWN, said="\0\ud800")})])
    ((row,), _) = await db.read(page, 1)
    assert (row.about, row.words[:2], len(row.words), row.letters["account"].said) == ("a\ufffdb", "?x", 2_000, "\ufffd?")


async def test_a_page_and_the_sweep_walk_an_index(db: Database) -> None:
    await db.write(keep, [an_alarm()])
    assert "alarms_account" in " ".join(await plan(db, page, 1))
    assert "alarms_at" in " ".join(await plan(db, sweep, AT))
