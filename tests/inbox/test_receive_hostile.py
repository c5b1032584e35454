"""What cannot be read is stored and shown, never dropped, and never blocks what follows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odzew.model import Arrival, Attachment
from odzew.store import arrivals
from odzew.wire import clean
from tests.inbox.directory import CODE, GIVEN, OWN, POOL, SENDER, SHARED, an_arrival
from tests.inbox.house import House

# what is wrong, the arrival, a word of why
UNREADABLE: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("no sender", {"sender": ""}, "empty sender"),
    ("a blank sender", {"sender": " \t"}, "empty sender"),
    ("a sender of 65 characters", {"sender": "x" * 65}, "64 characters"),
    ("control characters in the sender", {"sender": "a\nb"}, "control characters"),
    ("no recipient", {"to": ""}, "empty sender"),
    ("a recipient of a megabyte", {"to": "9" * (1 << 20)}, "64 characters"),
    ("a recipient with a bell", {"to": "\a"}, "control characters"),
)


@pytest.mark.parametrize(("fields", "why"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
async def test_what_cannot_be_read_is_stored_and_shown_never_dropped_and_never_blocks_what_follows(
    house: House, fields: dict[str, Any], why: str
) -> None:
    first, bad, last = await house.receive(an_arrival("a"), an_arrival("b", **{"raw": b"\x00raw\xff", **fields}), an_arrival("c"))
    assert [(receipt.kind, receipt.duplicate) for receipt in (first, bad, last)] == [("ndi", False), ("unreadable", False), ("ndi", False)]
    assert bad.message_id is None
    assert [row[0] for row in await house.rows("SELECT text FROM messages ORDER BY id")] == ["a", "c"]
    (shown,) = await house.db.read(arrivals.aside, "unreadable", 0, 10)
    assert shown.raw == b"\x00raw\xff"
    assert shown.fault is not None
    assert "NumberError" in shown.fault
    assert why in shown.fault
    assert (await house.receive(an_arrival("d")))[0].kind == "ndi"


@pytest.mark.parametrize("place", [0, 499, 999])
async def test_one_unreadable_in_a_batch_of_a_thousand(house: House, place: int) -> None:
    brought = [an_arrival(f"{n}", sender="" if n == place else SENDER, raw=f"raw {n}".encode()) for n in range(1000)]
    receipts = await house.receive(*brought)
    assert [n for n, receipt in enumerate(receipts) if receipt.kind != "ndi"] == [place]
    assert await house.rows("SELECT count(*), count(DISTINCT text) FROM messages") == [(999, 999)]
    assert await house.rows("SELECT raw FROM arrivals WHERE message_id IS NULL") == [(f"raw {place}".encode(),)]


async def test_all_of_them_unreadable(house: House) -> None:
    receipts = await house.receive(*(an_arrival(sender="\n", ref=str(n)) for n in range(20)))
    assert [receipt.kind for receipt in receipts] == ["unreadable"] * 20
    assert await house.count("arrivals") == 20


async def test_an_unreadable_one_with_a_repetition_and_attachments(house: House) -> None:
    bad = an_arrival(sender="\n", ref="1", mms=True, attachments=(Attachment("a", "text/plain", b"x"),), network_time=1 << 70)
    first, again, good = await house.receive(bad, bad, an_arrival())
    assert (first.kind, again.kind, again.duplicate, good.kind) == ("unreadable", "unreadable", True, "ndi")
    assert await house.count("attachments") == 0


# Everything that a source may say and that no engine can store as it is.
STRANGE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("a network time over 64 bits", {"network_time": 1 << 63}),
    ("a trusted network time over 64 bits", {"network_time": 1 << 80, "trust_time": True}),
    ("a trusted network time far under 64 bits", {"network_time": -(1 << 80), "trust_time": True}),
    ("a trusted network time before there were computers", {"network_time": -(1 << 61), "trust_time": True}),
    ("nul in every word", {"text": "\0", "title": "\0", "ref": "\0", "extra": {"\0": "\0"}, "mms": True}),
    ("half a pair in every word", {"text": "\ud800", "title": "\udc00", "ref": "\udfff", "extra": {"a": "\ud800"}, "mms": True}),
    ("an attachment with half a pair", {"mms": True, "attachments": (Attachment("\ud800", "text/plain; charset=\ud800\0", b"\xff"),)}),
    ("a charset that is a codec", {"mms": True, "attachments": (Attachment("a", "text/plain; charset=zlib", b"\xff"),)}),
    ("a text of a megabyte", {"text": "SERWERSMS " * 100_000}),
)


@pytest.mark.parametrize("fields", [row[1] for row in STRANGE], ids=[row[0] for row in STRANGE])
async def test_what_is_strange_is_a_message_all_the_same(house: House, fields: dict[str, Any]) -> None:
    (receipt,) = await house.receive(Arrival(**{"source_id": 1, "sender": SENDER, "recipient": OWN, "raw": b"raw", **fields}))
    assert receipt.kind == ("mms" if fields.get("mms") else "ndi")
    message = await house.message(receipt)
    assert 0 <= message.received_at < 1 << 62
    assert clean.text(message.text) == message.text


async def test_an_unknown_source_s_ids_are_no_trouble(house: House) -> None:
    (receipt,) = await house.receive(an_arrival(source_id=123_456_789, ref="1"))
    assert receipt.kind == "ndi"


# --- anything at all -------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(), max_size=80) | st.sampled_from(["", "\0", "\ud800", "SERWERSMS 1", "+48500600700", "x" * 70])
ADDRESSES = WORDS | st.sampled_from([POOL, GIVEN, SHARED, OWN, CODE, SENDER])
ARRIVALS = st.builds(
    Arrival,
    source_id=st.integers(1, 2),
    sender=ADDRESSES,
    recipient=ADDRESSES,
    raw=st.binary(max_size=50),
    text=WORDS,
    ref=st.none() | WORDS,
    network_time=st.none() | st.integers(),
    title=st.none() | WORDS,
    attachments=st.lists(st.builds(Attachment, WORDS, WORDS, st.binary(max_size=20)), max_size=2).map(tuple),
    mms=st.booleans(),
    trust_time=st.booleans(),
    extra=st.dictionaries(WORDS, WORDS, max_size=2),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ARRIVALS, max_size=8))
async def test_every_arrival_gets_a_receipt_and_is_found_in_the_database(house: House, brought: list[Arrival]) -> None:
    """The database fills up over the examples, so repetitions of earlier ones are among them."""
    raws = [arrival.raw for arrival in brought]
    before = await house.count("arrivals")
    receipts = await house.receive(*brought)
    assert len(receipts) == len(brought)
    fresh = [raw for raw, receipt in zip(raws, receipts, strict=True) if not receipt.duplicate]
    stored = await house.rows("SELECT raw, message_id, fault FROM arrivals ORDER BY id")
    assert [row[0] for row in stored[before:]] == fresh
    for row, receipt in zip(stored[before:], (receipt for receipt in receipts if not receipt.duplicate), strict=True):
        assert row[1] == receipt.message_id
        assert (row[2] is None) == (receipt.message_id is not None) == (receipt.kind != "unreadable")
    for receipt in receipts:
        if receipt.message_id is not None:
            assert (await house.message(receipt)).kind == receipt.kind
