"""Long messages over a real database: parts in any order, over restarts, from any number of senders."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from odzew.model import Arrival
from odzew.store.db import Database
from odzew.wire import split as wire_split
from odzew.wire import udh
from tests.inbox.directory import a_target, an_arrival, set_up
from tests.inbox.house import Held, House, started, turn
from tests.inbox.pdus import UDHI, arrival, arrivals, carrier, pdus, raw_pdu, single

TEXTS = "SELECT text FROM messages ORDER BY id"
ROLES = "SELECT role, message_id FROM arrivals ORDER BY id"


async def texts(house: House) -> list[str]:
    return [row[0] for row in await house.rows(TEXTS)]


async def one_by_one(house: House, parts: Sequence[bytes], **fields: Any) -> list[str]:
    """What became of each."""
    return [(await house.receive(arrival(part, **fields)))[0].kind for part in parts]


# --- every order, the store closed and opened between any two --------------------------------------------------------


@pytest.mark.parametrize("total", range(2, 6))
async def test_parts_complete_in_any_order_over_restarts(house: House, open_again: Callable[[], Database], total: int) -> None:
    """Each order is a message of its own, by its sender; between two parts of each, the store is closed and opened."""
    whole = "".join(f"{number}... " for number in range(total))[: 4 * total]
    orders = list(itertools.permutations(range(total)))
    made = [pdus(whole, sender=b"485%08d" % index, reference=index % 256) for index in range(len(orders))]
    assert {len(parts) for parts in made} == {total}
    for step in range(total):
        other = House(open_again(), house.present)
        receipts = await other.receive(*(arrival(parts[order[step]]) for parts, order in zip(made, orders, strict=True)))
        assert {receipt.kind for receipt in receipts} == {"ndi" if step == total - 1 else "part"}
        await other.inbox.close()
        await other.db.close()
    assert await texts(house) == [whole] * len(orders)
    assert await house.rows("SELECT count(*), count(DISTINCT message_id) FROM arrivals WHERE role = 'part'") == [
        (total * len(orders), len(orders))
    ]
    assert await house.rows("SELECT DISTINCT state FROM part_sets") == [("whole",)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_in_one_batch_too(house: House, order: tuple[int, ...]) -> None:
    parts = arrivals(pdus("abcdefghijkl"))
    receipts = await house.receive(*(parts[index] for index in order))
    assert [receipt.kind for receipt in receipts] == ["part", "part", "ndi"]
    assert len({receipt.message_id for receipt in receipts}) == 1
    assert await texts(house) == ["abcdefghijkl"]


async def test_all_that_came_of_it_has_its_name_and_its_octets(house: House) -> None:
    parts = pdus("abcdefghijkl")
    await one_by_one(house, [parts[2], parts[0], parts[2], parts[1]])
    ((key,),) = await house.rows("SELECT id FROM messages")
    found = await house.rows("SELECT role, raw, message_id, fault FROM arrivals ORDER BY id")
    assert found == [
        ("part", parts[2], key, None), ("part", parts[0], key, None), ("repeat", parts[2], key, None), ("part", parts[1], key, None),
    ]  # fmt: skip


# --- every alphabet and every way of telling parts -------------------------------------------------------------------

EMOJI = "Zażółć gęślą \N{PILE OF POO}\N{GRINNING FACE} jaźń"
ESCAPES = "[a]{b}€€€^~|\\"
TURKISH = "Şşİığ ve sonra daha fazla"

# what is meant, the text, how it is cut and sent
SENT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GSM, 8 bit", "Test wiadomości".replace("ś", "s").replace("ci", "ci"), {}),
    ("GSM, 16 bit", "x" * 30, {"form": "u16", "reference": 40_000}),
    ("GSM, SAR", "y" * 30, {"form": "sar", "reference": 513}),
    ("an escape cut in two", ESCAPES, {"size": 3, "anywhere": True}),
    ("an escape cut in two, one septet in each part", ESCAPES, {"size": 1, "anywhere": True}),
    ("UCS-2", EMOJI, {"word": "utf-16-be", "size": 8}),
    ("a surrogate pair cut in two", EMOJI, {"word": "utf-16-be", "size": 6, "anywhere": True}),
    ("half a code unit in each part", EMOJI, {"word": "utf-16-be", "size": 1, "anywhere": True}),
    ("Latin-1", "Grüße aus Köln", {"word": "latin1", "size": 5}),
    ("UCS-2, SAR", EMOJI, {"word": "utf-16-be", "size": 8, "form": "sar"}),
    ("Turkish tables", TURKISH, {"locking": 1, "single": 1}),
    ("255 parts", "".join(chr(65 + index % 26) for index in range(255)), {"size": 1}),
    ("full parts", "Polska " * 60, {"size": None}),
)


@pytest.mark.parametrize(("text", "how"), [row[1:] for row in SENT], ids=[row[0] for row in SENT])
async def test_the_exact_text(house: House, text: str, how: dict[str, Any]) -> None:
    parts = pdus(text, **how)
    random.Random(1).shuffle(parts)
    assert len(parts) > 1
    await house.receive(*arrivals(parts[:-1]))
    assert await texts(house) == []
    await house.receive(arrival(parts[-1]))
    assert await texts(house) == [text]
    assert await house.rows("SELECT form, incomplete FROM messages") == [("text", 0)]


async def test_packed_septets(house: House) -> None:
    source = await carrier(house.db, house.present, default_alphabet="gsm7-packed")
    text = "Packed septets, with an escape: €. " * 10
    parts = pdus(text, size=None, packed=True)
    assert len(parts) == 3
    await house.receive(*arrivals(parts, source_id=source))
    assert await texts(house) == [text]


async def test_binary_is_shown_in_hex(house: House) -> None:
    await house.receive(*arrivals(pdus("00FF10", "binary", size=2)))
    assert await house.rows("SELECT text, form FROM messages") == [("00FF10", "binary")]


async def test_each_part_by_its_own_tables_and_coding(house: House) -> None:
    """A phone may change the shift tables, and even the coding, from part to part."""
    total = 4
    made: tuple[tuple[str, str, list[tuple[int, bytes]], int], ...] = (
        ("Ş", "gsm7", [(udh.LOCKING_SHIFT, b"\x01")], 0),
        ("ab", "gsm7", [], 0),
        ("\N{GRINNING FACE}", "utf-16-be", [], 8),
        ("ü", "latin1", [], 3),
    )
    for number, (text, word, elements, data_coding) in enumerate(made, 1):
        header = udh.encode([udh.concatenation(9, total, number), *elements])
        octets = wire_split.encode(text, word, locking=1 if elements else 0)
        await house.receive(arrival(raw_pdu(header + octets, esm_class=UDHI, data_coding=data_coding)))
    assert await texts(house) == ["Şab\N{GRINNING FACE}ü"]


@pytest.mark.parametrize(("total", "number"), [(1, 1), (0, 0), (2, 0), (2, 3), (0, 1)])
async def test_a_part_of_one_or_of_nonsense_is_a_message(house: House, total: int, number: int) -> None:
    """3GPP 23.040 9.2.3.24.1: an element that makes no sense is passed over. A total of 1 is a message in one part."""
    header = udh.encode([(udh.CONCATENATION_8, bytes((5, total, number)))])
    (receipt,) = await house.receive(arrival(raw_pdu(header + b"all of it", esm_class=UDHI)))
    assert receipt.kind == "ndi"
    assert await texts(house) == ["all of it"]
    assert await house.rows("SELECT role FROM arrivals") == [("message",)]


# --- references ------------------------------------------------------------------------------------------------------

OTHERS: dict[str, dict[str, Any]] = {
    "sender": {"sender": b"48600100200"}, "recipient": {"to": b"48664000003"}, "form": {"form": "u16"}, "reference": {"reference": 2},
}  # fmt: skip


@pytest.mark.parametrize("differs", OTHERS)
async def test_two_at_once_that_differ_in_one_thing_are_never_mixed(house: House, differs: str) -> None:
    one, other = pdus("aaaabbbbcccc"), pdus("xxxxyyyyzzzz", **{"reference": 1, **OTHERS[differs]})
    await one_by_one(house, [one[0], other[2], other[0], one[2], other[1], one[1]])
    assert sorted(await texts(house)) == ["aaaabbbbcccc", "xxxxyyyyzzzz"]


async def test_another_total_or_another_source_is_another_message(house: House) -> None:
    one, other = pdus("aaaabbbb"), pdus("xxxxyyyyzzzz")
    await one_by_one(house, [one[0], other[0]])
    await one_by_one(house, [one[1]], source_id=2)
    await one_by_one(house, [other[1], other[2], one[1]])
    assert await texts(house) == ["xxxxyyyyzzzz", "aaaabbbb"]


async def test_one_sender_however_his_number_is_written(house: House) -> None:
    one, other = pdus("aaaabbbb", sender=b"48500600700"), pdus("aaaabbbb", sender=b"0048500600700")
    await one_by_one(house, [one[0], other[1]])
    assert await house.rows("SELECT sender, text FROM messages") == [("+48500600700", "aaaabbbb")]


async def test_a_reference_used_again(house: House) -> None:
    first, second, third = pdus("aaaabbbb"), pdus("ccccdddd"), pdus("aaaaeeee")
    await one_by_one(house, [*first, *second, *third])
    assert await texts(house) == ["aaaabbbb", "ccccdddd", "aaaaeeee"]


async def test_a_reference_used_again_while_the_first_is_incomplete(house: House) -> None:
    first, second = pdus("aaaabbbb"), pdus("ccccdddd")
    assert await one_by_one(house, [first[0], *second]) == ["part", "part", "ndi"]
    assert await texts(house) == ["ccccdddd"]
    assert await one_by_one(house, [first[1]]) == ["ndi"]
    assert await texts(house) == ["ccccdddd", "aaaabbbb"]


async def test_repeated_parts_are_no_further_messages(house: House) -> None:
    parts = pdus("aaaabbbbcccc")
    kinds = await one_by_one(house, [parts[0], parts[0], parts[1], parts[0], parts[2], parts[2], parts[0], parts[2]])
    assert kinds == ["part", "repeat", "part", "repeat", "ndi", "part", "part", "repeat"]
    assert await texts(house) == ["aaaabbbbcccc"]


async def test_an_echo_of_the_last_part_never_ends_the_next_text(house: House, open_again: Callable[[], Database]) -> None:
    first, second = pdus("aaaabbbb"), pdus("ccccdddd")
    await one_by_one(house, [*first, first[1]])
    other = House(open_again(), house.present)
    await one_by_one(other, [second[0]])
    assert await texts(house) == ["aaaabbbb"]
    assert await one_by_one(house, [second[1]]) == ["ndi"]
    assert await texts(house) == ["aaaabbbb", "ccccdddd"]
    assert [row[0] for row in await house.rows(ROLES)] == ["part", "part", "repeat", "part", "part"]


async def test_an_echo_gives_way_in_one_batch_too(house: House) -> None:
    first, second = pdus("aaaabbbb"), pdus("ccccdddd")
    await house.receive(*arrivals([*first, first[1], *second]))
    assert await texts(house) == ["aaaabbbb", "ccccdddd"]
    assert [row[0] for row in await house.rows(ROLES)] == ["part", "part", "repeat", "part", "part"]


@pytest.mark.parametrize("batch", [True, False])
async def test_the_whole_text_sent_twice_is_two_messages(house: House, batch: bool) -> None:
    parts = arrivals(pdus("aaaabbbb") * 2)
    if batch:
        await house.receive(*parts)
    else:
        for part in parts:
            await house.receive(part)
    assert await texts(house) == ["aaaabbbb"] * 2
    first, second = (row[0] for row in await house.rows("SELECT id FROM messages ORDER BY id"))
    assert await house.rows(ROLES) == [("part", first)] * 2 + [("part", second)] * 2


async def test_200_long_messages_open_at_once(house: House) -> None:
    """From different senders, with random references of 8 bits; the parts of all of them in one random order."""
    chance = random.Random(7)
    sent = {}
    parts: list[bytes] = []
    for index in range(200):
        text = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=chance.randrange(20, 60)))
        sender = b"48600%06d" % index
        sent["+" + sender.decode()] = text
        parts += pdus(text, size=10, sender=sender, reference=chance.randrange(256))
    chance.shuffle(parts)
    while parts:
        some, parts = parts[:50], parts[50:]
        await house.receive(*arrivals(some))
    assert dict(await house.rows("SELECT sender, text FROM messages")) == sent
    assert await house.count("messages") == 200


async def test_a_sender_that_never_changes_its_reference_costs_no_more_and_more(house: House) -> None:
    for index in range(40):
        await house.receive(*arrivals(pdus(f"{index:04}same", reference=0)))
    assert await texts(house) == [f"{index:04}same" for index in range(40)]
    assert await house.rows("SELECT state, count(*) FROM part_sets GROUP BY state ORDER BY state") == [("past", 36), ("whole", 4)]


# --- what surrounds them ---------------------------------------------------------------------------------------------


async def test_a_whole_one_is_owed_and_told_once(db: Database) -> None:
    house = House(db, await set_up(db, a_target()))
    first, last = arrivals(pdus("aaaabbbb"))
    await house.receive(first)
    assert (await house.count("owed"), house.told[-1].messages) == (0, [])
    (receipt,) = await house.receive(last)
    assert [(owed.message_id, owed.completion) for owed in house.told[-1].owed] == [(receipt.message_id, False)]
    assert [message.id for message in house.told[-1].messages] == [receipt.message_id]
    assert await house.count("owed") == 1


async def test_parts_and_messages_of_one_part_in_one_batch_keep_their_order(house: House) -> None:
    parts = arrivals(pdus("aaaabbbb"))
    receipts = await house.receive(parts[0], arrival(single("one")), parts[1], arrival(single("two")), an_arrival("three", ref="r"))
    assert [receipt.kind for receipt in receipts] == ["part", "ndi", "ndi", "ndi", "ndi"]
    assert await texts(house) == ["one", "aaaabbbb", "two", "three"]


async def test_the_newest_time_of_its_parts_is_the_time_of_a_trusted_network(house: House) -> None:
    source = await carrier(house.db, house.present, trust_time=True)
    for part, time in zip(pdus("aaaabbbbcccc"), (5_000_000, 7_000_000, 6_000_000), strict=True):
        one = arrival(part, source)
        one.network_time = time
        await house.receive(one)
    assert await house.rows("SELECT received_at FROM messages") == [(7_000_000,)]


async def test_a_part_that_is_unreadable_is_kept_and_blocks_no_other(house: House) -> None:
    good, bad = arrivals(pdus("aaaabbbb")), arrivals(pdus("xxxxyyyy"))
    bad[0].sender = "x" * 65
    receipts = await house.receive(good[0], bad[0], good[1], bad[1])
    assert [receipt.kind for receipt in receipts] == ["part", "unreadable", "ndi", "part"]
    assert await texts(house) == ["aaaabbbb"]
    assert await house.rows("SELECT raw, message_id FROM arrivals WHERE role = 'unreadable'") == [(bad[0].raw, None)]
    bad[0].sender = "+48500600700"  # what the network sends again and can be read
    assert [receipt.kind for receipt in await house.receive(bad[0])] == ["ndi"]


async def test_what_a_carrier_calls_malformed_is_kept_with_its_reason(house: House) -> None:
    parts = arrivals(pdus("aaaabbbb"))
    receipts = await house.receive(parts[0], Arrival(1, "", "", b"\0octets", fault="cut short"), parts[1])
    assert [receipt.kind for receipt in receipts] == ["part", "unreadable", "ndi"]
    assert await house.rows("SELECT raw, fault FROM arrivals WHERE role = 'unreadable'") == [(b"\0octets", "cut short")]


async def test_parts_without_a_digest_are_told_apart_by_their_octets(house: House) -> None:
    first, last, other_first, other_last = parts = arrivals(pdus("aaaabbbb") + pdus("ccccdddd"))
    for part in parts:
        part.digest = None
    await house.receive(first, other_first, other_last, last)
    assert await texts(house) == ["ccccdddd", "aaaabbbb"]


async def test_receipts_are_set_aside_even_in_parts(house: House) -> None:
    text = b"id:1 sub:001 dlvrd:001 submit date:2001010000 done date:2001010000 stat:DELIVRD err:000 text:x"
    receipts = await house.receive(arrival(raw_pdu(text, esm_class=0x04)), arrival(raw_pdu(b"00 tak", esm_class=0x10)))
    assert [(receipt.kind, receipt.message_id is None) for receipt in receipts] == [("receipt", True), ("ndi", False)]
    assert await texts(house) == ["00 tak"]


async def test_a_trial_that_is_rolled_back_changes_nothing_of_what_follows(house: House) -> None:
    """One bad arrival in the batch makes it be tried in halves, parts of one message in both."""
    parts = arrivals(pdus("aaaabbbbccccdddd"))
    await house.receive(parts[1])
    bad = an_arrival("x", sender="")
    receipts = await house.receive(parts[3], parts[1], bad, parts[0], parts[2], parts[0])
    assert [receipt.kind for receipt in receipts] == ["part", "repeat", "unreadable", "part", "ndi", "part"]
    assert await texts(house) == ["aaaabbbbccccdddd"]
    assert await house.rows("SELECT total, state FROM part_sets ORDER BY id") == [(4, "whole"), (4, "open")]


async def test_two_callers_of_one_batch_bring_the_two_parts(house: House) -> None:
    held: Any = Held(house.db)
    other = House(held, house.present)
    first, last = arrivals(pdus("aaaabbbb"))
    calls = await started(other.receive(an_arrival("before")), other.receive(last), other.receive(first))
    held.opened.set()
    receipts = [(await call)[0] for call in calls]
    assert [receipt.kind for receipt in receipts] == ["ndi", "part", "ndi"]
    assert receipts[1].message_id == receipts[2].message_id
    assert held.writes == 1
    await turn()
    await other.inbox.close()
