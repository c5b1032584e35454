"""Parts of one message over several processes at once, each with a database, an inbox and a directory of its own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from odzew.clock import HOUR, SECOND, FixedClock
from odzew.inbox.tidy import Tidy
from odzew.model import Arrival
from odzew.store.db import Database
from odzew.store.directory import Present
from tests.inbox.directory import POOL, a_sent, send
from tests.inbox.house import House
from tests.inbox.pdus import arrival, arrivals, pdus


async def process(open_again: Callable[[], Database]) -> House:
    """Another one."""
    db = open_again()
    present = Present(db)
    await present.refresh()
    return House(db, present)


async def bring_all(house: House, parts: list[Arrival]) -> None:
    """As two windows of a carrier would: ten at a time, without waiting for the answers to one before the next."""
    await asyncio.gather(*(house.receive(*parts[start : start + 10]) for start in range(0, len(parts), 10)))


async def test_1000_long_messages_over_two_processes_are_all_whole_and_none_is_there_twice(
    house: House, open_again: Callable[[], Database]
) -> None:
    chance = random.Random(3)
    sent, halves = {}, ([], [])  # type: dict[str, str], tuple[list[Arrival], list[Arrival]]
    for index in range(1000):
        text, sender = f"{index:06}" + "x" * chance.randrange(3, 20), b"48601%06d" % index
        sent["+" + sender.decode()] = text
        for part in arrivals(pdus(text, size=6, sender=sender, reference=chance.randrange(256))):
            chance.choice(halves).append(part)
    for half in halves:
        chance.shuffle(half)
    houses = [await process(open_again), await process(open_again)]
    await asyncio.gather(*(bring_all(one, half) for one, half in zip(houses, halves, strict=True)))
    assert await house.count("messages") == 1000
    assert dict(await house.rows("SELECT sender, text FROM messages")) == sent
    assert await house.rows("SELECT DISTINCT state FROM part_sets") == [("whole",)]
    assert await house.rows("SELECT count(*) FROM arrivals WHERE message_id IS NULL") == [(0,)]
    for one in houses:
        await one.inbox.close()


async def test_replies_in_parts_and_in_one_of_the_same_senders_at_once(
    house: House, open_again: Callable[[], Database], clock: FixedClock
) -> None:
    """Both lock the sender; whole ones come from both processes."""
    senders = [b"48602%06d" % index for index in range(40)]
    for index, sender in enumerate(senders):
        await send(house.db, a_sent(f"{index:010}", at=clock.now() - HOUR, phone="+" + sender.decode()))
    pool = POOL.removeprefix("+").encode()
    parts = [arrivals(pdus("aaaabbbb", sender=sender, to=pool)) for sender in senders]
    houses = [await process(open_again), await process(open_again)]
    singles = [arrival(pdus("one", sender=sender, to=pool)[0]) for sender in senders]
    await asyncio.gather(
        bring_all(houses[0], [first for first, _ in parts] + singles),
        bring_all(houses[1], [last for _, last in reversed(parts)] + singles[::-1]),
    )
    assert await house.rows("SELECT kind, text, count(*) FROM messages GROUP BY kind, text ORDER BY text") == [
        ("eco", "aaaabbbb", 40), ("eco", "one", 80),
    ]  # fmt: skip
    for one in houses:
        await one.inbox.close()


async def test_an_overdue_set_is_one_message_however_many_look(house: House, open_again: Callable[[], Database], clock: FixedClock) -> None:
    """And those whose last part comes at that moment are whole, or made with a gap and then whole."""
    parts = [arrivals(pdus("aaaabbbb", sender=b"48603%06d" % index)) for index in range(150)]
    await house.receive(*(first for first, _ in parts))
    clock.advance(2 * HOUR / SECOND)
    houses = [await process(open_again), await process(open_again)]
    tidies = [Tidy(one.db, clock, one.present, one.told.append) for one in houses]
    await asyncio.gather(*(tidy.look() for tidy in tidies), bring_all(houses[0], [last for _, last in parts[:75]]))
    assert await house.count("messages") == 150
    made = await house.rows("SELECT text, incomplete, count(*) FROM messages GROUP BY text, incomplete ORDER BY incomplete")
    assert made == [("aaaabbbb", 0, 75), ("aaaa[…2/2…]", 1, 75)]
    told = [message.id for one in houses for received in one.told for message in received.messages if message.incomplete]
    assert len(told) == len(set(told))
    for one in houses:
        await one.inbox.close()
