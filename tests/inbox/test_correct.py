"""Owners after the fact: a sent record that came after its reply, and assigning by hand (contract 6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from odzew.clock import DAY, HOUR, MINUTE, SECOND, FixedClock
from odzew.errors import NotOurs
from odzew.inbox.batch import store
from odzew.inbox.correct import CLAIM_WITHIN, Corrected, assign, record_sent
from odzew.model import Kind, Receipt, SentMessage
from odzew.store.changes import counters
from odzew.store.db import Database, Lock, statement
from odzew.store.directory import StaleDirectory
from tests.inbox.directory import CODE, GIVEN, OWN, POOL, SENDER, SHARED, A, B, C, a_sent, a_target, an_arrival, send, set_up
from tests.inbox.house import House, halting, until_it_waits


async def late(house: House, *records: SentMessage) -> Corrected:
    """Records that come in now."""
    done: Corrected = await house.db.write(record_sent, records, house.present.directory)
    return done


async def reply(house: House, text: str = "Przyjade o 16", **fields: Any) -> Receipt:
    (receipt,) = await house.receive(an_arrival(text, **{"to": POOL, **fields}))
    return receipt


# --- replies to what is recorded already -----------------------------------------------------------------------------

# what is meant, what was sent (account, id, age at the reply), whose the reply is and what it answers
ANSWERED = (
    ("the sent message", [(A, "aa", HOUR)], ("eco", A, "aa")),
    ("the newest", [(A, "aa", 2 * HOUR), (B, "bb", HOUR), (C, "cc", 3 * HOUR)], ("eco", B, "bb")),
    ("the later stored of two of one moment", [(A, "aa", HOUR), (B, "bb", HOUR)], ("eco", B, "bb")),
    ("a sender's clock a little ahead", [(A, "aa", -MINUTE)], ("eco", A, "aa")),
    ("sent after the reply", [(A, "aa", -MINUTE - 1)], ("unclaimed", None, None)),
    ("the last moment of the window", [(A, "aa", 7 * DAY)], ("eco", A, "aa")),
    ("after the window: the only writer", [(A, "aa", 7 * DAY + 1)], ("eco", A, None)),
    ("two writers after the window", [(A, "aa", 8 * DAY), (B, "bb", 9 * DAY)], ("unclaimed", None, None)),
    ("one writer twice after the window", [(A, "aa", 8 * DAY), (A, "ab", 9 * DAY)], ("eco", A, None)),
    ("the last moment of 90 days", [(A, "aa", 90 * DAY)], ("eco", A, None)),
    ("after 90 days", [(A, "aa", 90 * DAY + 1)], ("unclaimed", None, None)),
    ("two writers, of whom one within the window", [(A, "aa", 8 * DAY), (B, "bb", DAY)], ("eco", B, "bb")),
)


@pytest.mark.parametrize(("sent", "expected"), [row[1:] for row in ANSWERED], ids=[row[0] for row in ANSWERED])
async def test_a_reply_finds_what_it_answers(
    house: House, clock: FixedClock, sent: list[tuple[int, str, int]], expected: tuple[str, int | None, str | None]
) -> None:
    for account, message_id, age in sent:
        await send(house.db, a_sent(message_id, account, clock.now() - age))
    message = await house.message(await reply(house))
    assert (message.kind, message.account_id, message.answers) == expected


async def test_the_reply_window_is_the_account_s_own(house: House, clock: FixedClock) -> None:
    await house.db.write(statement, "UPDATE accounts SET reply_window_days = 0.5 WHERE id = ?", B)
    await send(house.db, a_sent("aa", A, clock.now() - 2 * DAY), a_sent("bb", B, clock.now() - DAY))
    assert (await house.message(await reply(house))).answers == "aa"
    await send(house.db, a_sent("cc", B, clock.now() - DAY // 2))
    assert (await house.message(await reply(house))).answers == "cc"


async def test_only_what_was_sent_from_that_number_to_that_sender_is_answered(house: House, clock: FixedClock) -> None:
    await send(
        house.db,
        a_sent("aa", A, clock.now() - HOUR, from_number=GIVEN),
        a_sent("bb", B, clock.now() - HOUR, phone="+48500600701"),
    )
    message = await house.message(await reply(house))
    assert (message.account_id, message.answers) == (A, None)  # the only one that wrote to this sender, from whatever number


# --- records that come after their reply -----------------------------------------------------------------------------


async def test_a_late_record_claims_its_reply_and_it_is_owed_and_offered_as_if_new(db: Database, clock: FixedClock) -> None:
    house = House(db, await set_up(db, a_target(1, for_kind="eco")))
    receipt = await reply(house)
    await db.write(statement, "UPDATE messages SET pulled_at = 1, pull_id = 1")
    counted = await db.read(counters)
    sent_at = clock.now() - SECOND
    clock.advance(60)
    done = await late(house, a_sent("aa", A, sent_at))
    assert (done.stored, [message.id for message in done.messages]) == (1, [receipt.message_id])
    message = await house.message(receipt)
    assert (message.kind, message.account_id, message.answers, message.number_id) == ("eco", A, "aa", 1)
    assert message.received_at == clock.now() - MINUTE
    assert await house.rows("SELECT pulled_at, pull_id FROM messages") == [(None, None)]
    assert await house.rows("SELECT message_id, target_id, account_id FROM deliveries") == [(receipt.message_id, 1, A)]
    assert await house.rows("SELECT delivery_id, target_id, due_at FROM owed") == [(1, 1, clock.now())]
    assert [(owed.delivery_id, owed.message) for owed in done.owed] == [(1, done.messages[0])]
    ((message_id, at, why, before),) = await house.rows("SELECT message_id, at, why, before FROM revisions")
    assert (message_id, at, why) == (receipt.message_id, clock.now(), "its sent message became known")
    assert json.loads(before)["kind"] == "unclaimed"
    after = await db.read(counters)
    assert {name for name in after if after[name] != counted[name]} == {"messages", "due"}


@pytest.mark.parametrize(("age", "claimed"), [(CLAIM_WITHIN, True), (CLAIM_WITHIN + 1, False)])
async def test_only_replies_of_the_last_24_hours_are_claimed(house: House, clock: FixedClock, age: int, claimed: bool) -> None:
    receipt = await reply(house)
    sent_at = clock.now()
    clock.set_wall(clock.now() + age)
    done = await late(house, a_sent("aa", A, sent_at))
    assert done.stored == 1
    assert (await house.message(receipt)).account_id == (A if claimed else None)


# what is not claimed by a late record, and why
LEFT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("another sender's", {"sender": "+48500600701"}),
    ("no reply: a shared number", {"to": SHARED, "text": "x"}),
    ("an unknown number", {"to": "unknown"}),
    ("an MMS", {"mms": True}),
    ("an MMS with a subject", {"mms": True, "title": "Temat"}),
)


@pytest.mark.parametrize("fields", [row[1] for row in LEFT], ids=[row[0] for row in LEFT])
async def test_a_late_record_claims_nothing_else(house: House, clock: FixedClock, fields: dict[str, Any]) -> None:
    receipt = await reply(house, **fields)
    done = await late(house, a_sent("aa", A, clock.now()))
    assert (done.messages, (await house.message(receipt)).kind) == ([], "unclaimed")
    assert await house.count("revisions") == 0


async def test_what_somebody_owns_is_left_to_him(house: House, clock: FixedClock) -> None:
    receipt = await reply(house, to=GIVEN)
    await late(house, a_sent("aa", A, clock.now(), from_number=GIVEN))
    assert (await house.message(receipt)).account_id == C


async def test_each_of_many_late_records_claims_its_own(house: House, clock: FixedClock) -> None:
    phones = [f"+485006007{n:02}" for n in range(20)]
    receipts = [await reply(house, sender=phone) for phone in phones]
    records = [a_sent(f"m{n}", (A, B, C)[n % 3], clock.now(), phone=phone) for n, phone in enumerate(phones)]
    done = await late(house, *records)
    assert (done.stored, len(done.messages)) == (20, 20)
    assert [(await house.message(receipt)).answers for receipt in receipts] == [record.message_id for record in records]


async def test_the_last_of_two_records_of_one_message_counts(house: House, clock: FixedClock) -> None:
    await late(house, a_sent("aa", A, clock.now(), phone="+48999"), a_sent("aa", A, clock.now(), phone="+48111"))
    await late(house, a_sent("aa", B, clock.now(), text="B's own"))
    assert await house.rows("SELECT account_id, phone FROM sent ORDER BY id") == [(A, "+48111"), (B, SENDER)]


async def test_with_an_old_directory_nothing_is_done(house: House, clock: FixedClock) -> None:
    old = house.present.directory
    receipt = await reply(house, to="unknown")
    await set_up(house.db)
    with pytest.raises(StaleDirectory):
        await house.db.write(record_sent, [a_sent("aa", A, clock.now())], old)
    with pytest.raises(StaleDirectory):
        await house.db.write(assign, [receipt.message_id], old.accounts[A], "nd", old)
    assert await house.count("sent") == 0


# --- the race --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["reply", "record"])
async def test_of_a_reply_and_its_record_at_once_neither_misses_the_other(
    house: House, open_again: Callable[[], Database], clock: FixedClock, database_url: str, first: str
) -> None:
    """The one holds its locks while the other begins; on SQLite there is one writer, and they come one after the other."""
    other = open_again()
    of_reply: tuple[Any, ...] = (store, [an_arrival("tak", POOL, ref="1")], house.present.directory, "PL", {})
    of_record: tuple[Any, ...] = (record_sent, [a_sent("aa", A, clock.now())], house.present.directory)
    one, two = (of_reply, of_record) if first == "reply" else (of_record, of_reply)
    reached, go_on = asyncio.Event(), asyncio.Event()
    if not house.db.shared:
        go_on.set()
    earlier = asyncio.ensure_future(house.db.write(halting(one[0], reached, go_on, lambda request: isinstance(request, Lock)), *one[1:]))
    if house.db.shared:
        await reached.wait()
    later = asyncio.ensure_future(other.write(*two))
    if house.db.shared:
        await until_it_waits(database_url, later)
        assert not later.done()
    go_on.set()
    await asyncio.gather(earlier, later)
    assert await house.rows("SELECT kind, account_id, answers FROM messages") == [("eco", A, "aa")]


# --- by hand ---------------------------------------------------------------------------------------------------------


async def by_hand(house: House, *receipts: Receipt, to: int = B, kind: Kind | None = None) -> Corrected:
    ids = [receipt.message_id for receipt in receipts]
    done: Corrected = await house.db.write(assign, ids, house.present.directory.accounts[to], kind, house.present.directory)
    return done


# what is meant, the arrival, the kind that is said, the kind that comes out (None: it must be said)
KINDS_BY_HAND: tuple[tuple[str, dict[str, Any], Kind | None, Kind | None], ...] = (
    ("a shared number's", {"to": SHARED, "text": "x"}, None, "nd"),
    ("a premium number's", {"to": CODE, "text": "x"}, None, "pre"),
    ("a reply", {"to": POOL}, None, "eco"),
    ("an MMS without a subject", {"to": SHARED, "text": "", "mms": True}, None, "mms"),
    ("an MMS to an unknown number", {"to": "unknown", "mms": True}, None, "mms"),
    ("an unknown number's", {"to": "unknown"}, None, None),
    ("an unknown number's, of a kind that is said", {"to": "unknown"}, "ndi", "ndi"),
    ("another kind is said", {"to": SHARED, "text": "x"}, "pre", "pre"),
)


@pytest.mark.parametrize(("fields", "said", "expected"), [row[1:] for row in KINDS_BY_HAND], ids=[row[0] for row in KINDS_BY_HAND])
async def test_the_kind_of_what_is_assigned(house: House, fields: dict[str, Any], said: Kind | None, expected: Kind | None) -> None:
    receipt = await reply(house, **fields)
    assert receipt.kind == "unclaimed"
    if expected is None:
        with pytest.raises(NotOurs, match="say its kind"):
            await by_hand(house, receipt, kind=said)
        assert await house.count("revisions") == 0
        return
    await by_hand(house, receipt, kind=said)
    message = await house.message(receipt)
    assert (message.kind, message.account_id, message.rule) == (expected, B, "assigned by hand")


async def test_what_is_assigned_is_owed_by_its_number_first(db: Database) -> None:
    number = a_target(1, "number", 3, B, name="number")  # SHARED is the third number
    house = House(db, await set_up(db, number, a_target(2, "account", B, B), a_target(3, "number", 3, A, name="A's")))
    receipt = await reply(house, "x", to=SHARED)
    done = await by_hand(house, receipt)
    assert [(owed.target_id, owed.account_id) for owed in done.owed] == [(1, B)]
    assert await house.rows("SELECT target_id FROM owed") == [(1,)]


async def test_what_cannot_be_assigned_changes_nothing(house: House) -> None:
    open_one, owned = await reply(house, "x", to=SHARED), await reply(house, to=OWN)
    for wrong, why in ((owned, "belongs to A"), (Receipt(999, "nd"), "no message 999")):
        with pytest.raises(NotOurs, match=why):
            await by_hand(house, open_one, wrong)
    assert (await house.message(open_one)).account_id is None
    assert await house.count("revisions") == 0
    assert (await by_hand(house)).messages == []


async def test_a_message_named_twice_is_assigned_once(house: House) -> None:
    receipt = await reply(house, "x", to=SHARED)
    assert len((await by_hand(house, receipt, receipt)).messages) == 1
    assert await house.count("revisions") == 1


async def test_of_two_operators_at_once_one_wins(house: House, open_again: Callable[[], Database]) -> None:
    receipts = [await reply(house, "x", to=SHARED) for _ in range(10)]
    other = House(open_again(), house.present)
    for receipt in receipts:
        ended = await asyncio.gather(by_hand(house, receipt, to=A), by_hand(other, receipt, to=B), return_exceptions=True)
        assert sorted(type(end).__name__ for end in ended) == ["Corrected", "NotOurs"]
    assert await house.count("revisions") == 10
