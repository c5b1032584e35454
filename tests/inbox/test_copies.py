"""Suspected copies after a lost session: what may come twice is taken for a copy once; honest repetitions are messages."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from odzew.clock import DAY, MINUTE, SECOND, FixedClock
from odzew.errors import NotOurs
from odzew.inbox.batch import Received, store
from odzew.inbox.redecode import release
from odzew.model import Arrival, Receipt
from odzew.store import arrivals as store_arrivals
from odzew.store.db import Database, statement
from odzew.store.sessions import Progress, end_session, open_session, settle
from tests.inbox.directory import OWN, a_target, set_up
from tests.inbox.house import House, halting, turn, until_it_waits
from tests.inbox.pdus import PHONE, again, arrival, pdus, raw_pdu, single

TAK = single("TAK")


class Line:
    """One bind of a source, and the network at its other end."""

    def __init__(self, house: House, slot: int = 0, source: int = 1) -> None:
        self.house = house
        self.slot = slot
        self.source = source
        self.session = 0
        self.sent: list[tuple[int, bytes]] = []

    async def opens(self) -> None:
        self.session = await self.house.db.write(open_session, self.source, self.slot, "process", "host:2775")
        self.sent = []

    async def brings(self, *parts: bytes) -> list[Receipt]:
        came = [arrival(part, self.source, self.session) for part in parts]
        receipts = await self.house.receive(*came)
        self.sent += [(receipt.arrival_id or 0, one.digest or b"") for receipt, one in zip(receipts, came, strict=True)]
        return receipts

    async def kinds(self, *parts: bytes) -> list[str]:
        return [receipt.kind for receipt in await self.brings(*parts)]

    async def is_lost(self) -> None:
        """None of the answers was written."""
        await self.house.db.write(end_session, self.session, self.sent, "the connection broke", Progress())


@pytest.fixture
async def line(house: House) -> Line:
    one = Line(house)
    await one.opens()
    return one


async def test_without_a_lost_session_nothing_is_a_copy(line: Line) -> None:
    assert await line.kinds(TAK, again(TAK)) == ["ndi", "ndi"]
    assert await line.kinds(again(TAK)) == ["ndi"]
    await line.house.db.write(end_session, line.session, [], "unbound", Progress())
    await line.opens()
    assert await line.kinds(again(TAK)) == ["ndi"]


async def test_with_one_lost_one_is_a_copy_and_the_next_a_message(line: Line) -> None:
    (first,) = await line.brings(TAK)
    await line.is_lost()
    await line.opens()
    (copy,) = await line.brings(again(TAK, 5))
    (honest,) = await line.brings(again(TAK, 6))
    assert (copy.kind, copy.duplicate, copy.message_id) == ("copy", True, first.message_id)
    assert (honest.kind, honest.duplicate) == ("ndi", False)
    assert await line.house.count("messages") == 2
    assert await line.house.rows("SELECT role, message_id, raw FROM arrivals ORDER BY id") == [
        ("message", first.message_id, TAK), ("copy", first.message_id, again(TAK, 5)), ("message", honest.message_id, again(TAK, 6)),
    ]  # fmt: skip


async def test_each_candidate_is_used_once_also_within_one_batch(line: Line) -> None:
    await line.brings(TAK, again(TAK), single("NIE"))
    await line.is_lost()
    await line.opens()
    assert await line.kinds(*[again(TAK, n) for n in range(5)], single("NIE"), single("NIE")) == [
        "copy", "copy", "ndi", "ndi", "ndi", "copy", "ndi",
    ]  # fmt: skip
    assert await line.house.count("suspects") == 0


@pytest.mark.parametrize(
    ("what", "pdu"),
    [
        ("another text", single("Tak")), ("another sender", single("TAK", sender=b"48500600701")),
        ("another recipient", single("TAK", to=b"48664000003")), ("a parameter more", raw_pdu(b"TAK", tlvs={0x1400: [b"1"]})),
    ],
)  # fmt: skip
async def test_only_equal_octets_after_the_header_are_a_copy(line: Line, what: str, pdu: bytes) -> None:
    await line.brings(TAK)
    await line.is_lost()
    await line.opens()
    assert "copy" not in await line.kinds(pdu)


async def test_only_within_ten_minutes_of_the_next_opening(line: Line, clock: FixedClock) -> None:
    await line.brings(TAK, single("NIE"))
    await line.is_lost()
    clock.advance(20 * 3600.0)  # however long the network was away
    await line.opens()
    clock.advance(600.0)
    assert await line.kinds(TAK) == ["copy"]
    clock.advance(0.001)
    assert await line.kinds(single("NIE")) == ["ndi"]


async def test_a_second_opening_does_not_lengthen_it(line: Line, clock: FixedClock) -> None:
    await line.brings(TAK, single("NIE"))
    await line.is_lost()
    await line.opens()
    clock.advance(400.0)
    await line.house.db.write(end_session, line.session, [], "unbound", Progress())
    await line.opens()
    clock.advance(200.0)
    assert await line.kinds(TAK) == ["copy"]
    clock.advance(0.001)
    assert await line.kinds(single("NIE")) == ["ndi"]


async def test_beside_an_open_session_it_is_looked_for_ten_minutes_and_not_a_day(line: Line, clock: FixedClock) -> None:
    """The network sends again over the other bind; hours later an equal text is an honest one."""
    other = Line(line.house, slot=1)
    await other.opens()
    await line.brings(TAK, single("NIE"))
    await line.is_lost()
    assert await other.kinds(TAK) == ["copy"]
    clock.advance(601.0)
    assert await other.kinds(single("NIE")) == ["ndi"]


async def test_when_the_last_session_is_lost_too_all_wait_for_the_next_opening(line: Line, clock: FixedClock) -> None:
    other = Line(line.house, slot=1)
    await other.opens()
    await line.brings(TAK)
    await other.brings(single("NIE"))
    await line.is_lost()
    await other.is_lost()
    clock.advance(3 * 3600.0)
    await line.opens()
    assert await line.kinds(TAK, single("NIE")) == ["copy", "copy"]


async def test_only_of_the_same_source(line: Line) -> None:
    other = Line(line.house, source=2)
    await other.opens()
    await line.brings(TAK)
    await line.is_lost()
    await line.opens()
    assert await other.kinds(TAK) == ["ndi"]
    assert await line.kinds(TAK) == ["copy"]


async def test_after_a_crash_what_came_after_the_last_settling_is_suspected(line: Line) -> None:
    old, new = await line.brings(single("old"), single("new"))
    await line.house.db.write(settle, line.session, Progress(settled=old.arrival_id or 0))
    await Line(line.house, slot=1).opens()
    assert await line.kinds(single("new")) == ["ndi"]  # another slot's opening says nothing of this one
    await line.opens()
    assert await line.kinds(single("old"), single("new"), single("new"), single("new")) == ["ndi", "copy", "copy", "ndi"]
    assert new.message_id is not None


async def test_a_copy_of_a_copy(line: Line) -> None:
    """The answer to the copy is lost too."""
    (first,) = await line.brings(TAK)
    for _ in range(3):
        await line.is_lost()
        await line.opens()
        (copy,) = await line.brings(TAK)
        assert (copy.kind, copy.message_id) == ("copy", first.message_id)
    assert await line.house.count("messages") == 1


async def test_a_copy_of_a_receipt_and_of_what_was_unreadable(line: Line) -> None:
    receipt = raw_pdu(b"id:1 stat:DELIVRD", esm_class=0x04)
    bad = raw_pdu(b"x", source=b"\x01\x02")
    assert await line.kinds(receipt, bad) == ["receipt", "unreadable"]
    await line.is_lost()
    await line.opens()
    copies = await line.brings(receipt, bad)
    assert [(copy.kind, copy.message_id) for copy in copies] == [("copy", None)] * 2
    assert await line.kinds(receipt, bad) == ["receipt", "unreadable"]


async def test_copies_are_neither_offered_nor_forwarded(db: Database) -> None:
    house = House(db, await set_up(db, a_target()))
    line = Line(house)
    await line.opens()
    await line.brings(TAK)
    await line.is_lost()
    await line.opens()
    await line.brings(TAK)
    assert (house.told[-1].messages, house.told[-1].owed) == ([], [])
    assert [await house.count(table) for table in ("messages", "deliveries", "owed")] == [1, 1, 1]
    (shown,) = await db.read(store_arrivals.aside, "copy", 0, 10)
    assert (shown.raw, shown.message_id) == (TAK, house.told[0].messages[0].id)


# --- parts -----------------------------------------------------------------------------------------------------------


async def test_a_copy_of_a_part_gets_the_name_of_its_message_when_it_is_whole(line: Line) -> None:
    first, last = pdus("aaaabbbb")
    await line.brings(first)
    await line.is_lost()
    await line.opens()
    (copy,) = await line.brings(first)
    assert (copy.kind, copy.message_id) == ("copy", None)
    (whole,) = await line.brings(last)
    assert await line.house.rows("SELECT role, message_id FROM arrivals ORDER BY id") == [
        ("part", whole.message_id), ("copy", whole.message_id), ("part", whole.message_id),
    ]  # fmt: skip
    assert await line.house.count("messages") == 1


async def test_all_parts_again_after_a_loss_are_no_second_message(line: Line) -> None:
    parts = pdus("aaaabbbbcccc")
    whole = (await line.brings(*parts))[-1]
    await line.is_lost()
    await line.opens()
    copies = await line.brings(*parts[::-1])
    assert [(copy.kind, copy.message_id) for copy in copies] == [("copy", whole.message_id)] * 3
    assert await line.kinds(*parts) == ["part", "part", "ndi"]  # an honest second time
    assert await line.house.count("messages") == 2


# --- two processes ---------------------------------------------------------------------------------------------------


async def test_two_processes_at_once_use_each_candidate_once(line: Line, open_again: Callable[[], Database]) -> None:
    """With as many candidates as equal PDUs none is left over, and none is used twice."""
    await line.brings(*[TAK] * 20)
    await line.is_lost()
    lines = [line, Line(House(open_again(), line.house.present), slot=1)]
    for one in lines:
        await one.opens()
    came = await asyncio.gather(*(one.kinds(*[TAK] * 5) for one in lines for _ in range(2)))
    assert came == [["copy"] * 5] * 4
    assert await line.house.count("suspects") == 0
    assert await line.kinds(TAK) == ["ndi"]
    await lines[1].house.inbox.close()


async def at_once(line: Line, dsn: str, first: Any, at: Callable[[Any], bool], then: Any) -> None:
    """The first unit stops after such a request, the second call begins; on SQLite there is one writer, and one comes after the other."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    shared = line.house.db.shared
    if not shared:
        go_on.set()
    earlier = asyncio.ensure_future(line.house.db.write(halting(first[0], reached, go_on, at), *first[1:]))
    await reached.wait() if shared else await turn()
    later = asyncio.ensure_future(then)
    if shared:
        await until_it_waits(dsn, later)
    go_on.set()
    await asyncio.gather(earlier, later)


async def test_a_loss_and_an_opening_at_once_hide_no_candidates(line: Line, open_again: Callable[[], Database], database_url: str) -> None:
    """The moment until which anybody looks for copies at all is counted by both."""
    other = Line(House(open_again(), line.house.present), slot=1)
    await line.brings(TAK)
    lost = (end_session, line.session, line.sent, "the connection broke", Progress())
    await at_once(line, database_url, lost, lambda request: "UPDATE changes" in getattr(request, "sql", ""), other.opens())
    assert await other.kinds(TAK) == ["copy"]
    await other.house.inbox.close()


async def test_a_copy_that_comes_while_its_message_becomes_whole_has_its_name(
    line: Line, open_again: Callable[[], Database], database_url: str
) -> None:
    other = Line(House(open_again(), line.house.present), slot=1)
    first, last = pdus("aaaabbbb")
    await line.brings(first)
    await line.is_lost()
    await line.opens()
    unit: tuple[Any, ...] = (store, [arrival(last)], line.house.present.directory, "PL", {})
    await at_once(line, database_url, unit, lambda request: "UPDATE arrivals" in getattr(request, "sql", ""), other.kinds(first))
    assert await line.house.rows("SELECT role, count(DISTINCT message_id) FROM arrivals GROUP BY role ORDER BY role") == [
        ("copy", 1), ("part", 1),
    ]  # fmt: skip
    await other.house.inbox.close()


# --- release ---------------------------------------------------------------------------------------------------------


async def released(house: House, *receipts: Receipt, country: str = "PL") -> Received:
    ids = [receipt.arrival_id for receipt in receipts]
    done: Received = await house.db.write(release, ids, house.present.directory, country)
    return done


async def copies_of(line: Line, *parts: bytes) -> list[Receipt]:
    await line.brings(*parts)
    await line.is_lost()
    await line.opens()
    copies = await line.brings(*parts)
    assert {copy.kind for copy in copies} == {"copy"}
    return copies


async def test_a_released_copy_is_a_message_of_its_own(db: Database) -> None:
    house = House(db, await set_up(db, a_target()))
    line = Line(house)
    await line.opens()
    (copy,) = await copies_of(line, TAK)
    done = await released(house, copy)
    (receipt,) = done.receipts
    assert (receipt.kind, receipt.duplicate, [owed.completion for owed in done.owed]) == ("ndi", False, [False])
    assert receipt.message_id != copy.message_id
    assert await house.rows("SELECT sender, recipient, text FROM messages") == [("+" + PHONE.decode(), OWN, "TAK")] * 2
    assert await house.rows("SELECT role, message_id, raw FROM arrivals ORDER BY id") == [
        ("message", copy.message_id, TAK), ("message", receipt.message_id, TAK),
    ]  # fmt: skip
    assert await house.count("owed") == 2
    with pytest.raises(NotOurs, match="no suspected copy"):
        await released(house, copy)


async def test_released_parts_are_one_message_beside_the_first(line: Line) -> None:
    copies = await copies_of(line, *pdus("aaaabbbb"))
    done = await released(line.house, *copies)
    assert [receipt.kind for receipt in done.receipts] == ["part", "ndi"]
    assert await line.house.rows("SELECT text FROM messages") == [("aaaabbbb",)] * 2
    assert await line.house.rows("SELECT role, count(*) FROM arrivals GROUP BY role") == [("part", 4)]
    assert await line.house.rows("SELECT role, count(*) FROM set_parts GROUP BY role ORDER BY role") == [("part", 4)]


async def test_of_wrong_ids_none_is_released(line: Line) -> None:
    (copy,) = await copies_of(line, TAK)
    message = (await line.brings(single("x")))[0]
    for wrong in (message, Receipt(None, "", False, 999_999)):
        with pytest.raises(NotOurs, match=f"arrival {wrong.arrival_id} is no suspected copy"):
            await released(line.house, copy, wrong)
    assert await line.house.count("messages") == 2
    assert [receipt.kind for receipt in (await released(line.house, copy, copy)).receipts] == ["ndi"]


async def test_a_released_copy_of_what_nobody_can_read_is_unreadable(line: Line) -> None:
    async def malformed() -> Receipt:
        pdu = TAK[:40]
        came = Arrival(1, "", "", pdu, fault="cut short", session_id=line.session, digest=hashlib.sha256(pdu[16:]).digest())
        (receipt,) = await line.house.receive(came)
        line.sent.append((receipt.arrival_id or 0, came.digest or b""))
        return receipt

    assert (await malformed()).kind == "unreadable"
    await line.is_lost()
    await line.opens()
    copy = await malformed()
    (bad,) = await copies_of(line, raw_pdu(b"x", source=b"\x01"))
    receipt = raw_pdu(b"id:1 stat:DELIVRD", esm_class=0x04)
    (about,) = await copies_of(line, receipt)
    assert copy.kind == "copy"
    done = await released(line.house, copy, bad, about)
    assert [receipt.kind for receipt in done.receipts] == ["unreadable", "unreadable", "receipt"]
    assert await line.house.rows("SELECT fault FROM arrivals WHERE role = 'unreadable' ORDER BY id DESC LIMIT 1") != [(None,)]


async def test_of_two_operators_who_release_at_once_one_wins(line: Line, open_again: Callable[[], Database]) -> None:
    copies = await copies_of(line, *[single(f"text {n}") for n in range(8)])
    other = House(open_again(), line.house.present)
    for copy in copies:
        ended = await asyncio.gather(released(line.house, copy), released(other, copy), return_exceptions=True)
        assert sorted(type(end).__name__ for end in ended) == ["NotOurs", "Received"]
    assert await line.house.count("messages") == 16


async def test_the_window_is_counted_in_the_database(line: Line, clock: FixedClock) -> None:
    """What every batch reads anyway says whether anybody need look."""
    await line.brings(TAK)
    await line.is_lost()
    sql = "SELECT counter FROM changes WHERE name = 'suspects'"
    assert await line.house.rows(sql) == [(clock.now() + DAY,)]
    await line.opens()
    assert await line.house.rows(sql) == [(clock.now() + 10 * MINUTE,)]
    clock.advance(10 * MINUTE / SECOND + 1)
    await line.opens()
    assert await line.house.rows(sql) == [(0,)]
    assert await line.house.count("suspects") == 0
    assert await line.house.db.read(statement, "SELECT 1 FROM sessions WHERE ended_at IS NULL") != []
