"""Repetitions: known by the source's own id, in one batch, across batches, restarts and processes. The text alone says nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from odzew.model import Receipt
from odzew.store.db import Database
from tests.inbox.directory import OWN, SHARED, an_arrival, set_up
from tests.inbox.house import House


async def test_the_same_text_twice_without_an_id_is_two_messages(house: House) -> None:
    first, second = await house.receive(an_arrival("TAK"), an_arrival("TAK"))
    (third,) = await house.receive(an_arrival("TAK"))
    assert len({first.message_id, second.message_id, third.message_id}) == 3
    assert not any(receipt.duplicate for receipt in (first, second, third))


async def test_in_one_batch(house: House) -> None:
    receipts = await house.receive(an_arrival("a", ref="1"), an_arrival("b", ref="2"), an_arrival("a again", ref="1"))
    assert receipts == [Receipt(1, "ndi"), Receipt(2, "ndi"), Receipt(1, "ndi", duplicate=True)]
    assert await house.rows("SELECT text FROM messages ORDER BY id") == [("a",), ("b",)]
    assert await house.count("arrivals") == 2


async def test_across_batches(house: House) -> None:
    await house.receive(an_arrival("a", ref="1"))
    receipts = await house.receive(an_arrival("a", ref="1"), an_arrival("b", ref="2"))
    assert receipts == [Receipt(1, "ndi", duplicate=True), Receipt(2, "ndi")]
    assert await house.count("messages") == 2


async def test_over_a_restart(house: House, open_again: Callable[[], Database]) -> None:
    await house.receive(an_arrival("SERWERSMS", SHARED, ref="1"))
    await house.inbox.close()
    db = open_again()
    restarted = House(db, await set_up(db))
    assert await restarted.receive(an_arrival("SERWERSMS", SHARED, ref="1")) == [Receipt(1, "nd", duplicate=True)]


async def test_each_source_has_ids_of_its_own(house: House) -> None:
    receipts = await house.receive(an_arrival(ref="1", source_id=1), an_arrival(ref="1", source_id=2))
    assert [receipt.duplicate for receipt in receipts] == [False, False]


async def test_a_repetition_of_what_was_unreadable_or_is_unclaimed(house: House) -> None:
    bad, lost = an_arrival(sender="", ref="bad"), an_arrival("x", "unknown", ref="lost")
    first = await house.receive(bad, lost, bad)
    again = await house.receive(lost, bad)
    assert [(receipt.kind, receipt.duplicate) for receipt in first] == [("unreadable", False), ("unclaimed", False), ("unreadable", True)]
    assert again == [Receipt(first[1].message_id, "unclaimed", True), Receipt(None, "unreadable", True)]
    assert await house.count("arrivals") == 2


async def test_an_empty_id_is_none(house: House) -> None:
    receipts = await house.receive(an_arrival(ref=""), an_arrival(ref=""))
    assert [receipt.duplicate for receipt in receipts] == [False, False]


LONG = "x" * 5000
ALIKE = (("a\0", "a\ufffd"), ("a\ud800", "a\ud801"), (LONG + "1", LONG + "2"), ("a", "A"), ("a", "a "), ("ł" * 255, "ł" * 256))


@pytest.mark.parametrize(("one", "other"), ALIKE, ids=["nul", "surrogates", "5000 characters", "case", "blank", "255 and 256"])
async def test_ids_that_look_alike_are_not_the_same(house: House, one: str, other: str) -> None:
    assert [receipt.duplicate for receipt in await house.receive(an_arrival(ref=one), an_arrival(ref=other))] == [False, False]
    again = await house.receive(an_arrival(ref=one), an_arrival(ref=other))
    assert again == [Receipt(1, "ndi", duplicate=True), Receipt(2, "ndi", duplicate=True)]


async def test_from_two_processes_at_once(house: House, open_again: Callable[[], Database]) -> None:
    """Each brings the same 60 in lists of its own order and cut."""
    other = House(open_again(), house.present)
    refs = [f"{n:02}" for n in range(60)]
    lists = [(house, refs[at : at + 4]) for at in range(0, 60, 4)] + [(other, refs[at : at + 5][::-1]) for at in range(0, 60, 5)]
    answers = await asyncio.gather(*(who.receive(*(an_arrival(f"text {ref}", ref=ref) for ref in wanted)) for who, wanted in lists))
    by_ref: dict[str, list[Receipt]] = {}
    for (_, wanted), receipts in zip(lists, answers, strict=True):
        for ref, receipt in zip(wanted, receipts, strict=True):
            by_ref.setdefault(ref, []).append(receipt)
    assert all(len({receipt.message_id for receipt in receipts}) == 1 for receipts in by_ref.values())
    assert all(sorted(receipt.duplicate for receipt in receipts) == [False, True] for receipts in by_ref.values())
    assert await house.rows("SELECT text FROM messages ORDER BY text") == [(f"text {ref}",) for ref in refs]
    assert await house.rows("SELECT recipient FROM messages GROUP BY recipient") == [(OWN,)]
