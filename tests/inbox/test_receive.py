"""Receiving: what is stored of arrivals, what its source is told, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from odzew.clock import DAY, HOUR, FixedClock
from odzew.errors import StoreFull, StoreUnavailable
from odzew.inbox.batch import Received
from odzew.inbox.receive import Inbox, Limits
from odzew.model import Attachment, Receipt
from odzew.store import numbers
from odzew.store.changes import bump
from odzew.store.db import Database
from odzew.store.directory import Present
from tests.inbox.directory import CODE, OWN, SENDER, SHARED, A, B, a_keyword, a_target, an_arrival, set_up
from tests.inbox.house import Held, House, started

# --- what is stored --------------------------------------------------------------------------------------------------


async def test_raw_kept_before_decoding(house: House, clock: FixedClock) -> None:
    raw = b"\x00\xff\xfe not text at all \x80"
    arrival = an_arrival("SERWERSMS \0 \ud800 x", SHARED, raw=raw, ref="a1", network_time=clock.now() - HOUR, extra={"smsc": "one\0"})
    (receipt,) = await house.receive(arrival)
    assert receipt == Receipt(1, "nd")
    message = await house.message(receipt)
    assert (message.kind, message.account_id, message.keyword, message.text) == ("nd", A, "SERWERSMS", "SERWERSMS \ufffd \ufffd x")
    assert (message.sender, message.recipient, message.received_at) == (SENDER, SHARED, clock.now())
    sql = "SELECT source_id, ref, message_id, stored_at, network_time, sender, recipient, raw, fault, extra FROM arrivals"
    assert await house.rows(sql) == [
        (1, "a1", 1, clock.now(), clock.now() - HOUR, SENDER, SHARED, raw, None, '{"smsc": "one\\u0000"}')
    ]  # fmt: skip


async def test_receipts_come_in_the_order_of_the_arrivals(house: House) -> None:
    receipts = await house.receive(an_arrival("x", SHARED), an_arrival("AUTO", CODE), an_arrival("x", OWN), an_arrival("", OWN, sender=""))
    assert [receipt.kind for receipt in receipts] == ["unclaimed", "pre", "ndi", "unreadable"]
    assert await house.receive() == []


async def test_numbers_are_stored_in_one_spelling(house: House) -> None:
    receipts = await house.receive(*(an_arrival(sender=sender) for sender in ("500600700", "0048 500-600-700", "%2B48500600700", "INFO")))
    assert [(await house.message(receipt)).sender for receipt in receipts] == [SENDER, SENDER, SENDER, "INFO"]


async def test_message_and_owed_deliveries_commit_together(db: Database, clock: FixedClock) -> None:
    house = House(db, await set_up(db, a_target(1, name="one"), a_target(2, name="two"), a_target(3, account=B, level_id=B)))
    (receipt, _) = await house.receive(an_arrival(), an_arrival("x", "unknown"))
    deliveries = await house.rows("SELECT id, message_id, target_id, account_id, state, slot FROM deliveries ORDER BY id")
    assert deliveries == [(1, receipt.message_id, 1, A, "pending", 0), (2, receipt.message_id, 2, A, "pending", 0)]
    assert await house.rows("SELECT delivery_id, target_id, due_at FROM owed ORDER BY delivery_id") == [
        (1, 1, clock.now()), (2, 2, clock.now()),
    ]  # fmt: skip
    (received,) = house.told
    assert [(owed.delivery_id, owed.message) for owed in received.owed] == [(1, received.messages[0]), (2, received.messages[0])]


async def test_attachments_are_kept_whole_in_slices(house: House) -> None:
    data = bytes(range(256)) * 2600  # 2.5 slices
    parts = (Attachment("a\0b\ud800.jpg", "image/jpeg", data), Attachment("empty", "text/plain", b""))
    (receipt,) = await house.receive(an_arrival("", OWN, mms=True, title="Temat\0", attachments=parts))
    assert (await house.message(receipt)).title == "Temat\ufffd"
    heads = await house.rows("SELECT id, message_id, position, name, content_type, size FROM attachments ORDER BY position")
    assert heads == [
        (1, receipt.message_id, 0, "a\ufffdb\ufffd.jpg", "image/jpeg", len(data)), (2, receipt.message_id, 1, "empty", "text/plain", 0),
    ]  # fmt: skip
    slices = await house.rows("SELECT data FROM attachment_slices WHERE attachment_id = 1 ORDER BY position")
    assert [len(row[0]) for row in slices] == [262_144, 262_144, len(data) - 2 * 262_144]
    assert b"".join(row[0] for row in slices) == data


async def test_ids_grow_in_the_order_of_storing(house: House) -> None:
    first = await house.receive(*(an_arrival(str(n)) for n in range(5)))
    second = await house.receive(an_arrival("last"))
    ids = [receipt.message_id for receipt in first + second]
    assert ids == sorted(ids, key=lambda key: key or 0)
    assert [(await house.message(receipt)).text for receipt in first] == list("01234")


# trusted, what the network says relative to now, what counts
TIMES = (
    (True, -HOUR, -HOUR),
    (True, HOUR, HOUR),
    (True, 3 * DAY, DAY),  # a source's clock is trusted, but not with next year
    (True, None, 0),
    (False, -HOUR, 0),
)


@pytest.mark.parametrize(("trusted", "says", "counts"), TIMES)
async def test_trust_time(house: House, clock: FixedClock, trusted: bool, says: int | None, counts: int) -> None:
    said = None if says is None else clock.now() + says
    (receipt,) = await house.receive(an_arrival(trust_time=trusted, network_time=said))
    assert (await house.message(receipt)).received_at == clock.now() + counts
    assert await house.rows("SELECT network_time FROM arrivals") == [(said,)]


async def test_the_time_received_is_the_database_s_and_never_goes_back(house: House, clock: FixedClock) -> None:
    (first,) = await house.receive(an_arrival())
    clock.set_wall(clock.now() - DAY)
    (second,) = await house.receive(an_arrival())
    assert (await house.message(second)).received_at == (await house.message(first)).received_at


# --- who is told, and when -------------------------------------------------------------------------------------------


async def test_acknowledged_means_committed(house: House, open_again: Callable[[], Database]) -> None:
    other = House(open_again(), house.present)
    for n in range(5):
        (receipt,) = await house.receive(an_arrival(str(n)))
        assert (await other.message(receipt)).text == str(n)


async def test_what_waits_becomes_the_next_batch(house: House) -> None:
    held: Any = Held(house.db)
    waiting = House(held, house.present, Limits(batch=5))
    first = await started(waiting.receive(an_arrival("first")))
    await held.entered.wait()
    rest = await started(*(waiting.receive(an_arrival(str(n)), an_arrival(str(n))) for n in range(4)))
    held.opened.set()
    await asyncio.gather(*first, *rest)
    assert [len(received.messages) for received in waiting.told] == [1, 4, 4]
    assert await house.count("messages") == 9


async def test_a_batch_is_bounded_in_octets_too(house: House) -> None:
    held: Any = Held(house.db)
    waiting = House(held, house.present, Limits(batch_octets=1000))
    tasks = await started(*(waiting.receive(an_arrival(raw=b"x" * 400)) for _ in range(5)))
    big = await started(waiting.receive(an_arrival(raw=b"x" * 5000)))
    held.opened.set()
    await asyncio.gather(*tasks, *big)
    assert [len(received.messages) for received in waiting.told] == [2, 2, 1, 1]


FULL = (
    (Limits(waiting=4), [1, 2, 1], True),
    (Limits(waiting=4), [1, 2, 2], False),
    (Limits(waiting=4), [9], True),  # alone it may be as large as it is
    (Limits(waiting=4), [9, 1], False),
    (Limits(waiting_octets=3000), [1, 2], True),
    (Limits(waiting_octets=2999), [1, 2], False),
)


@pytest.mark.parametrize(("limits", "sizes", "fits"), FULL)
async def test_more_than_may_wait_is_refused_as_full(house: House, limits: Limits, sizes: list[int], fits: bool) -> None:
    held: Any = Held(house.db)
    waiting = House(held, house.present, limits)
    tasks = await started(*(waiting.receive(*[an_arrival(raw=b"x" * 1000)] * size) for size in sizes))
    held.opened.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(end, StoreFull) for end in ended] == [False] * (len(sizes) - 1) + [not fits]
    assert await house.count("messages") == (sum(sizes) if fits else sum(sizes[:-1]))
    await waiting.receive(an_arrival())  # there is room again


async def test_a_cancelled_receiver_harms_nobody(house: House) -> None:
    held: Any = Held(house.db)
    waiting = House(held, house.present)
    going, staying = await started(waiting.receive(an_arrival("going")), waiting.receive(an_arrival("staying")))
    going.cancel()
    held.opened.set()
    (receipt,) = await staying
    assert (await house.message(receipt)).text == "staying"
    assert going.cancelled()
    assert sorted(row[0] for row in await house.rows("SELECT text FROM messages")) == ["going", "staying"]


async def test_close_finishes_what_was_taken(house: House) -> None:
    held: Any = Held(house.db)
    waiting = House(held, house.present, Limits(batch=1))
    tasks = await started(*(waiting.receive(an_arrival(str(n))) for n in range(5)))
    closing = (await started(waiting.inbox.close()))[0]
    with pytest.raises(StoreUnavailable):
        await waiting.receive(an_arrival("late"))
    held.opened.set()
    await closing
    assert all(task.done() for task in tasks)
    assert await house.count("messages") == 5
    await House(house.db, house.present).inbox.close()  # nothing was taken


async def test_a_listener_that_fails_does_not_keep_the_answer(house: House) -> None:
    def fails(_received: Received) -> None:
        raise ValueError("a fault of the listener")

    inbox = Inbox(house.db, house.present, fails)
    (first,) = await inbox.receive([an_arrival("a")])
    (second,) = await inbox.receive([an_arrival("b")])
    assert [(await house.message(receipt)).text for receipt in (first, second)] == ["a", "b"]


@pytest.mark.parametrize("here", [True, False])
async def test_where_another_process_forwards_it_is_told_of_what_is_owed(
    db: Database, open_again: Callable[[], Database], here: bool
) -> None:
    heard: list[str] = []
    other = open_again()
    other.listen(heard.append)
    await other.look()
    heard.clear()
    house = House(db, await set_up(db, a_target()), ours=lambda target: here)
    await other.look()
    await house.receive(an_arrival("x", "unknown"))  # owed to nobody
    await house.receive(an_arrival())
    await house.db.write(bump, "messages")  # what was notified before has come when this has
    if db.shared:
        while "messages" not in heard:
            await other.read(nothing)
        (target,) = house.present.directory.targets
        assert [name for name in heard if name.startswith("due")] == ([] if here else [f"due:{target}"])
    else:
        await other.look()
        assert "" in heard


def nothing() -> Any:
    yield from ()


# --- the directory ---------------------------------------------------------------------------------------------------


async def test_a_directory_changed_by_another_process_is_seen_in_the_very_batch(
    house: House, open_again: Callable[[], Database]
) -> None:
    def reserved() -> Any:
        number = house.present.directory.numbers[SHARED]
        yield from numbers.save_keywords([a_keyword(0, number.id, B, "NOWE")])
        yield from bump("directory")

    before = await house.receive(an_arrival("NOWE haslo", SHARED))
    await open_again().write(reserved)
    after = await house.receive(an_arrival("NOWE haslo", SHARED))
    assert [receipt.kind for receipt in before + after] == ["unclaimed", "nd"]
    assert (await house.message(after[0])).account_id == B


async def test_a_target_switched_off_by_another_process_is_owed_nothing(db: Database, open_again: Callable[[], Database]) -> None:
    house = House(db, await set_up(db, a_target()))
    await house.receive(an_arrival())
    await set_up(open_again(), replace(a_target(), active=False))
    await house.receive(an_arrival())
    assert await house.count("deliveries") == 1


async def test_an_inbox_may_start_before_the_directory_was_read(house: House) -> None:
    fresh = House(house.db, Present(house.db))
    (receipt,) = await fresh.receive(an_arrival())
    assert receipt.kind == "ndi"


