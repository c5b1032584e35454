"""Decoding again with the settings that a source has now: a revision, the octets unchanged."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import NotOurs
from odzew.inbox.redecode import Redecoded, redecode
from odzew.inbox.tidy import Tidy
from odzew.model import Receipt
from odzew.store.changes import counters
from odzew.store.db import Database, statement
from odzew.store.directory import StaleDirectory
from tests.inbox.directory import POOL, A, C, a_target, an_arrival, set_up
from tests.inbox.house import House
from tests.inbox.pdus import arrival, arrivals, carrier, pdus, raw_pdu

LATIN = "Grüße"


async def again(house: House, *receipts: Receipt, **how: bool) -> Redecoded:
    ids = [receipt.message_id for receipt in receipts]
    run = house.db.read if how.get("dry_run") else house.db.write
    done: Redecoded = await run(redecode, ids, house.present.directory, how.get("offer", False), how.get("dry_run", False))
    return done


async def wrong(house: House, text: str = LATIN, **fields: Any) -> Receipt:
    """A text in Latin-1 from a network of which we think that it sends GSM; then the setting is put right."""
    source = await carrier(house.db, house.present)
    (receipt,) = await house.receive(arrival(raw_pdu(text.encode("latin-1"), **fields), source))
    await carrier(house.db, house.present, default_alphabet="latin1")
    return receipt


async def test_the_setting_put_right_gives_the_text_and_keeps_the_old_one(house: House) -> None:
    receipt = await wrong(house)
    before = await house.message(receipt)
    ((raw,),) = await house.rows("SELECT raw FROM arrivals")
    await house.db.write(statement, "UPDATE messages SET pulled_at = 5")
    done = await again(house, receipt)
    assert [(message.text, was) for message, was in done.changed] == [(LATIN, before.text)]
    assert (done.same, done.owed, before.text != LATIN) == (0, [], True)
    assert (await house.message(receipt)).text == LATIN
    assert await house.rows("SELECT raw FROM arrivals") == [(raw,)]
    assert await house.rows("SELECT pulled_at FROM messages") == [(5,)]  # not offered again unless asked for
    ((why, kept),) = await house.rows("SELECT why, before FROM revisions")
    assert (why, json.loads(kept)["text"]) == ("decoded again", before.text)


async def test_what_stays_the_same_is_no_revision(house: House) -> None:
    receipt = await wrong(house, "Test")
    before = await house.db.read(counters)
    done = await again(house, receipt, offer=True)
    assert (done.changed, done.same, done.owed) == ([], 1, [])
    assert await house.count("revisions") == 0
    assert await house.db.read(counters) == before


async def test_a_dry_run_says_what_would_change_and_changes_nothing(house: House) -> None:
    receipt = await wrong(house)
    before = await house.message(receipt)
    done = await again(house, receipt, dry_run=True, offer=True)
    assert [message.text for message, _ in done.changed] == [LATIN]
    assert await house.message(receipt) == before
    assert (await house.count("revisions"), done.owed) == (0, [])


async def test_an_offer_is_as_if_new_but_marked_as_a_completion(db: Database) -> None:
    house = House(db, await set_up(db, a_target(), a_target(2, completions=False)))
    receipt = await wrong(house)
    await db.write(statement, "UPDATE messages SET pulled_at = 5")
    before = await db.read(counters)
    done = await again(house, receipt, offer=True)
    assert [(owed.target_id, owed.completion) for owed in done.owed] == [(1, True)]
    assert await house.rows("SELECT pulled_at FROM messages") == [(None,)]
    after = await db.read(counters)
    assert [name for name in sorted(after) if after[name] != before[name]] == ["due", "messages"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
async def test_a_message_of_parts(house: House, order: tuple[int, ...]) -> None:
    source = await carrier(house.db, house.present)
    text = "ąść\N{GRINNING FACE}łó"
    little = [
        pdu[: -(len(body))] + b"".join(body[at + 1 : at + 2] + body[at : at + 1] for at in range(0, len(body), 2))
        for pdu in pdus(text, "utf-16-be", size=6)
        for body in [pdu[pdu.index(b"\x05\x00\x03") + 6 :]]
    ]
    assert len(little) == 3
    receipts = [(await house.receive(arrival(little[index], source)))[0] for index in order]
    assert (await house.message(receipts[-1])).text != text
    await carrier(house.db, house.present, ucs2_order="little")
    assert len((await again(house, receipts[-1])).changed) == 1
    assert (await house.message(receipts[-1])).text == text


async def test_a_message_with_a_gap_keeps_it_and_is_completed_later(house: House, clock: FixedClock) -> None:
    source = await carrier(house.db, house.present)
    first, last = (raw_pdu(b"\x05\x00\x03\x07\x02" + bytes((n,)) + b"\xfc\xdf", esm_class=0x40) for n in (1, 2))
    await house.receive(arrival(first, source))
    clock.advance(3600.0)
    await Tidy(house.db, clock, house.present, house.told.append).look()
    receipt = Receipt(house.told[-1].messages[0].id, "")
    await carrier(house.db, house.present, default_alphabet="latin1")
    await again(house, receipt)
    message = await house.message(receipt)
    assert (message.text, bool(message.incomplete)) == ("üß[…2/2…]", True)
    await house.receive(arrival(last, source))
    message = await house.message(receipt)
    assert (message.text, bool(message.incomplete)) == ("üßüß", False)
    assert await house.count("revisions") == 2


async def test_repetitions_and_copies_are_not_read_twice(house: House) -> None:
    source = await carrier(house.db, house.present)
    parts = pdus("aaaabbbb")
    receipts = await house.receive(*arrivals([parts[0], parts[0], parts[1]], source_id=source))
    assert (await again(house, receipts[-1])).same == 1


async def test_unclaimed_becomes_claimed_and_is_offered_and_owed_as_new(db: Database) -> None:
    house = House(db, await set_up(db, a_target(3, account=C, level_id=C, completions=False)))
    receipt = await wrong(house, "Lódz ile", destination=b"48664000001")
    assert receipt.kind == "unclaimed"
    done = await again(house, receipt)
    message = await house.message(receipt)
    assert (message.kind, message.account_id, message.text) == ("nd", C, "Lódz ile")
    assert [(owed.account_id, owed.completion) for owed in done.owed] == [(C, False)]


async def test_a_claimed_one_stays_whose_it_is(house: House) -> None:
    receipt = await wrong(house, "Lódz ile", destination=b"48664000002")
    await again(house, receipt)
    message = await house.message(receipt)
    assert (message.account_id, message.kind, message.text) == (A, "ndi", "Lódz ile")


async def test_a_stripped_keyword_stays_stripped(house: House) -> None:
    await house.db.write(statement, "UPDATE keywords SET strip_keyword = 1")
    await house.db.write(statement, "UPDATE changes SET counter = counter + 1 WHERE name = 'directory'")
    receipt = await wrong(house, "SERWERSMS Grüße", destination=b"48664000001")
    await again(house, receipt)
    message = await house.message(receipt)
    assert (message.text, message.keyword, message.account_id) == ("Grüße", "SERWERSMS", A)


async def test_what_did_not_come_over_smpp_is_refused_and_nothing_is_changed(house: House) -> None:
    receipt = await wrong(house)
    web = await carrier(house.db, house.present, "web")
    await house.db.write(statement, "UPDATE sources SET protocol = 'http' WHERE id = ?", web)
    await house.db.write(statement, "UPDATE changes SET counter = counter + 1 WHERE name = 'directory'")
    await house.present.refresh()
    (other,) = await house.receive(an_arrival("x", source_id=web))
    for bad in (other, Receipt(999, "")):
        with pytest.raises(NotOurs, match=r"did not come over SMPP|no message 999"):
            await again(house, receipt, bad)
    assert await house.count("revisions") == 0
    assert (await house.message(receipt)).text != LATIN


async def test_a_stale_directory_is_told(house: House) -> None:
    receipt = await wrong(house)
    stale = house.present.directory
    await carrier(house.db, house.present, default_alphabet="ascii")
    with pytest.raises(StaleDirectory):
        await house.db.write(redecode, [receipt.message_id], stale)


async def test_redecoding_replies_while_more_of_them_come_ends_in_no_circle(
    house: House, open_again: Callable[[], Database], clock: FixedClock
) -> None:
    """Both hold a sender's word and a message's row; the words come first everywhere."""
    source = await carrier(house.db, house.present)
    pool = POOL.removeprefix("+").encode()
    senders = [b"48606%06d" % index for index in range(30)]
    parts = [arrivals(pdus("aaaabbbb", sender=sender, to=pool), source_id=source) for sender in senders]
    await house.receive(*(first for first, _ in parts))
    clock.advance(3600.0)
    await Tidy(house.db, clock, house.present, house.told.append).look()
    made = [Receipt(message.id, "") for message in house.told[-1].messages]
    assert len(made) == 30
    other = House(open_again(), house.present)
    ended = await asyncio.gather(
        *(other.receive(last) for _, last in parts),
        *(again(house, one) for one in reversed(made)),
        *(again(house, *made) for _ in range(3)),
    )
    assert len(ended) == 63
    assert await house.rows("SELECT DISTINCT text, incomplete FROM messages") == [("aaaabbbb", 0)]
    await other.inbox.close()
