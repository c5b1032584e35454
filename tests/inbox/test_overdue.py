"""Missing parts: after the timeout a message with a visible gap; a late part completes the same id (contract 5.12)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from odzew.clock import DAY, HOUR, SECOND, FixedClock
from odzew.inbox.complete import revision_of
from odzew.inbox.tidy import EVERY, Tidy
from odzew.model import Receipt
from odzew.store.db import Database, statement
from tests.inbox.directory import C, a_target, set_up
from tests.inbox.house import House, turn
from tests.inbox.pdus import arrival, arrivals, carrier, pdus

SHARED = b"48664000001"
MESSAGES = "SELECT text, incomplete FROM messages ORDER BY id"


class Late(House):
    """A house that also looks for what is overdue."""

    async def look(self, clock: FixedClock, after: float = 3600.0) -> int:
        clock.advance(after)
        return await Tidy(self.db, clock, self.present, self.told.append).look()

    async def messages(self) -> list[tuple[str, bool]]:
        return [(text, bool(incomplete)) for text, incomplete in await self.rows(MESSAGES)]

    async def part(self, pdu: bytes, **fields: Any) -> Receipt:
        return (await self.receive(arrival(pdu, **fields)))[0]


@pytest.fixture
async def late(db: Database) -> AsyncIterator[Late]:
    house = Late(db, await set_up(db, a_target(), a_target(2, completions=False)))
    yield house
    await house.inbox.close()


# what is meant, which of five parts came, the text
GAPS = (
    ("the end", (1, 2, 3, 4), "aaaabbbbccccdddd[…5/5…]"),
    ("the beginning", (2, 3, 4, 5), "[…1/5…]bbbbccccddddeeee"),
    ("the middle", (1, 5), "aaaa[…2-4/5…]eeee"),
    ("here and there", (2, 4), "[…1/5…]bbbb[…3/5…]dddd[…5/5…]"),
    ("all but one", (3,), "[…1-2/5…]cccc[…4-5/5…]"),
)


@pytest.mark.parametrize(("came", "text"), [row[1:] for row in GAPS], ids=[row[0] for row in GAPS])
async def test_an_overdue_set_becomes_a_message_with_a_visible_gap(late: Late, clock: FixedClock, came: tuple[int, ...], text: str) -> None:
    parts = pdus("aaaabbbbccccddddeeee")
    await late.receive(*(arrival(parts[number - 1]) for number in came))
    assert await late.look(clock, 3599.0) == 0
    assert await late.look(clock, 1.0) == 1
    assert await late.messages() == [(text, True)]
    ((key, kind, received),) = await late.rows("SELECT id, kind, received_at FROM messages")
    assert (kind, received) == ("ndi", clock.now())
    assert await late.rows("SELECT DISTINCT message_id, role FROM arrivals") == [(key, "part")]
    assert [(owed.target_id, owed.completion) for owed in late.told[-1].owed] == [(1, False), (2, False)]
    assert await late.rows("SELECT count(*) FROM owed") == [(2,)]
    assert [(message.id, message.incomplete) for message in late.told[-1].messages] == [(key, True)]
    assert await late.look(clock) == 0


async def test_the_others_are_waited_for_anew_with_each_part(late: Late, clock: FixedClock) -> None:
    first, second, third = pdus("aaaabbbbcccc")
    await late.part(first)
    assert await late.look(clock, 3000.0) == 0
    await late.part(second)
    assert await late.look(clock, 3000.0) == 0
    assert (await late.part(third)).kind == "ndi"
    assert await late.messages() == [("aaaabbbbcccc", False)]


async def test_each_source_has_its_own_patience(late: Late, clock: FixedClock) -> None:
    quick = await carrier(late.db, late.present, "quick", parts_timeout_seconds=5)
    slow = await carrier(late.db, late.present, "slow", parts_timeout_seconds=3 * DAY / SECOND)
    parts = pdus("aaaabbbb")
    for source in (quick, slow):
        await late.part(parts[0], source_id=source)
    assert await late.look(clock, 5.0) == 1
    assert await late.look(clock, 2.9 * DAY / SECOND) == 0
    assert (await late.part(parts[1], source_id=slow)).kind == "ndi"  # longer than a late part is waited for
    assert await late.messages() == [("aaaa[…2/2…]", True), ("aaaabbbb", False)]


# --- completion ------------------------------------------------------------------------------------------------------


async def test_a_late_part_completes_the_same_id(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbb")
    await late.part(parts[0])
    await late.look(clock)
    ((key,),) = await late.rows("SELECT id FROM messages")
    await late.db.write(statement, "UPDATE messages SET pulled_at = 1, pull_id = 2")
    receipt = await late.part(parts[1])
    assert (receipt.message_id, receipt.kind) == (key, "part")
    assert await late.rows("SELECT id, text, incomplete, pulled_at, pull_id FROM messages") == [(key, "aaaabbbb", 0, None, None)]
    ((why, before),) = await late.rows("SELECT why, before FROM revisions")
    assert why == "a missing part came"
    assert (json.loads(before)["text"], json.loads(before)["incomplete"]) == ("aaaa[…2/2…]", True)
    told = late.told[-1]
    assert [(message.id, message.text) for message in told.messages] == [(key, "aaaabbbb")]
    assert [(owed.target_id, owed.message_id, owed.completion) for owed in told.owed] == [(1, key, True)]  # 2 wants none
    assert await late.rows("SELECT target_id, completion FROM deliveries ORDER BY id") == [(1, 0), (2, 0), (1, 1)]
    assert await late.rows("SELECT DISTINCT message_id FROM arrivals") == [(key,)]


async def test_of_two_missing_parts_only_the_last_offers_it_again(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbbcccc")
    await late.part(parts[1])
    await late.look(clock)
    await late.db.write(statement, "UPDATE messages SET pulled_at = 1")
    await late.part(parts[2])
    assert await late.rows("SELECT text, incomplete, pulled_at FROM messages") == [("[…1/3…]bbbbcccc", 1, 1)]
    assert late.told[-1].owed == []
    await late.part(parts[0])
    assert await late.rows("SELECT text, incomplete, pulled_at FROM messages") == [("aaaabbbbcccc", 0, None)]
    assert [owed.completion for owed in late.told[-1].owed] == [True]
    assert [row[0] for row in await late.rows("SELECT why FROM revisions ORDER BY id")] == [
        "a missing part came, another is still missing", "a missing part came",
    ]  # fmt: skip


async def test_both_missing_parts_in_one_batch(late: Late, clock: FixedClock) -> None:
    parts = arrivals(pdus("aaaabbbbcccc"))
    await late.receive(parts[1])
    await late.look(clock)
    await late.receive(parts[2], parts[0], parts[2])
    assert await late.messages() == [("aaaabbbbcccc", False)]
    assert await late.count("revisions") == 1


async def test_a_gap_at_the_start_hides_the_keyword_until_the_part_comes(db: Database, clock: FixedClock) -> None:
    house = Late(db, await set_up(db, a_target(3, account=C, level_id=C, completions=False)))
    parts = pdus("Lodz: ile?  tak", to=SHARED)
    await house.receive(*arrivals(parts[1:]))
    await house.look(clock)
    assert await house.rows("SELECT kind, account_id FROM messages") == [("unclaimed", None)]
    await house.part(parts[0])
    assert await house.rows("SELECT kind, account_id, keyword, incomplete FROM messages") == [("nd", C, "Łódź", 0)]
    # Nobody had it before: for its target it is no completion.
    assert [(owed.target_id, owed.completion) for owed in house.told[-1].owed] == [(1, False)]


async def test_what_became_somebodys_by_one_part_is_completed_by_the_next(db: Database, clock: FixedClock) -> None:
    house = Late(db, await set_up(db, a_target(3, account=C, level_id=C)))
    parts = pdus("Lodz: ile?  tak", to=SHARED)
    await house.part(parts[1])
    await house.look(clock)
    for part in (parts[0], parts[2], parts[3]):
        await house.part(part)
    assert await house.rows("SELECT account_id, text, incomplete FROM messages") == [(C, "Lodz: ile?  tak", 0)]
    assert await house.rows("SELECT completion FROM deliveries ORDER BY id") == [(0,), (1,)]


async def test_a_late_part_that_is_there_already_changes_nothing(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbb")
    await late.part(parts[0])
    await late.look(clock)
    ((key,),) = await late.rows("SELECT id FROM messages")
    receipt = await late.part(parts[0])
    assert (receipt.kind, receipt.message_id) == ("repeat", key)
    assert await late.messages() == [("aaaa[…2/2…]", True)]
    assert await late.count("revisions") == 0


async def test_a_day_after_it_was_made_no_part_is_late_any_more(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbb")
    await late.part(parts[0])
    await late.look(clock)
    clock.advance(DAY / SECOND + 1)
    await late.part(parts[1])
    await late.look(clock)
    assert await late.messages() == [("aaaa[…2/2…]", True), ("[…1/2…]bbbb", True)]


async def test_after_a_weekend_without_a_server_a_late_part_still_finds_its_message(late: Late, clock: FixedClock) -> None:
    """The network kept it meanwhile; the sweep came first."""
    parts = pdus("aaaabbbb")
    await late.part(parts[0])
    assert await late.look(clock, 2.5 * DAY / SECOND) == 1
    await late.part(parts[1])
    assert await late.messages() == [("aaaabbbb", False)]


# --- echoes and doubts -----------------------------------------------------------------------------------------------


async def test_echoes_dissolve_and_never_become_messages(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbbcccc")
    await late.receive(*arrivals(parts))
    ((key,),) = await late.rows("SELECT id FROM messages")
    await late.receive(*arrivals([parts[2], parts[0], parts[2]]))
    assert await late.look(clock) == 0
    assert await late.messages() == [("aaaabbbbcccc", False)]
    assert await late.rows("SELECT role, message_id, count(*) FROM arrivals GROUP BY role, message_id ORDER BY role") == [
        ("part", key, 3), ("repeat", key, 3),
    ]  # fmt: skip
    assert await late.rows("SELECT state FROM part_sets ORDER BY id") == [("whole",), ("echo",)]


async def test_an_echo_just_before_its_message_is_forgotten_dissolves_all_the_same(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbb")
    await late.receive(*arrivals(parts))
    clock.advance((DAY - HOUR // 2) / SECOND)
    await late.part(parts[1])
    assert await late.look(clock) == 0
    assert await late.count("messages") == 1


async def test_what_was_in_doubt_becomes_a_whole_message_when_nothing_else_comes(late: Late, clock: FixedClock) -> None:
    first, second = pdus("aaaabbbb"), pdus("ccccbbbb")
    await late.receive(*arrivals([*first, second[1]]))
    await late.part(second[0])
    assert await late.messages() == [("aaaabbbb", False)]
    assert await late.look(clock) == 1
    assert await late.messages() == [("aaaabbbb", False), ("ccccbbbb", False)]
    assert await late.rows("SELECT DISTINCT state FROM part_sets") == [("whole",)]


# --- many, and the clock ---------------------------------------------------------------------------------------------


async def test_more_than_one_transaction_holds(late: Late, clock: FixedClock) -> None:
    await late.receive(*(arrival(pdus("aaaabbbb", sender=b"48604%06d" % index)[0]) for index in range(250)))
    assert await late.look(clock) == 250
    assert await late.rows("SELECT text, count(*) FROM messages GROUP BY text") == [("aaaa[…2/2…]", 250)]


async def test_a_clock_that_is_set_back_makes_nothing_overdue_and_nothing_lost(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbbcccc")
    await late.part(parts[0])
    clock.set_wall(clock.now() - 5 * DAY)
    assert await late.look(clock, 0) == 0
    await late.part(parts[1])
    await late.part(parts[2])
    assert await late.messages() == [("aaaabbbbcccc", False)]


async def test_a_clock_that_is_set_forward_costs_a_completion_and_no_more(late: Late, clock: FixedClock) -> None:
    parts = pdus("aaaabbbb")
    await late.part(parts[0])
    clock.set_wall(clock.now() + 365 * DAY)
    assert await late.look(clock, 0) == 1
    await late.part(parts[1])
    assert await late.messages() == [("aaaabbbb", False)]


async def test_a_directory_that_has_changed_is_read_again(late: Late, clock: FixedClock) -> None:
    await late.part(pdus("aaaabbbb")[0])
    await late.db.write(statement, "UPDATE changes SET counter = counter + 1 WHERE name = 'directory'")
    assert await late.look(clock) == 1


async def test_it_keeps_looking_whatever_happens(late: Late, clock: FixedClock) -> None:
    """The listener fails once: a fault of ours does not end the looking."""
    heard: list[int] = []

    def stored(received: Any) -> None:
        heard.append(len(received.messages))
        if len(heard) == 1:
            raise RuntimeError("a fault of ours")

    running = asyncio.ensure_future(Tidy(late.db, clock, late.present, stored).run())
    for number in (1, 2):
        await late.part(pdus("aaaabbbb", sender=b"48605%06d" % number)[0])
        clock.advance(3600.0)
        while len(heard) < number:
            assert not running.done()
            clock.advance(EVERY)
            await turn()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert heard == [1, 1]


async def test_another_process_that_forwards_hears_of_it(late: Late, clock: FixedClock) -> None:
    heard: list[str] = []
    late.db.listen(heard.append)
    await late.db.look()
    await late.part(pdus("aaaabbbb")[0])
    clock.advance(3600.0)
    assert await Tidy(late.db, clock, late.present, late.told.append, ours=lambda target: False).look() == 1
    while late.db.shared and not any(name.startswith("due:") for name in heard):
        await turn()


async def test_a_revision_keeps_all_that_a_completion_changes(late: Late, clock: FixedClock) -> None:
    await late.part(pdus("aaaabbbb")[0])
    await late.look(clock)
    message = late.told[-1].messages[0]
    assert json.loads(revision_of(message)) == {
        "kind": "ndi", "account_id": 1, "text": "aaaa[…2/2…]", "rule": message.rule, "form": "text", "incomplete": True,
    }  # fmt: skip
