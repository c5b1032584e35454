"""A store that is slow: what has waited too long is refused, memory stays bounded, and nothing is lost that was acknowledged.

And what a batch asks of the database.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import StoreFull, StoreUnavailable
from odzew.inbox.receive import Limits
from odzew.model import Arrival
from odzew.store.db import Database, Lock, Many, Now, Request, Reserve, Rows
from tests.inbox.directory import POOL, a_target, an_arrival, set_up
from tests.inbox.house import Held, House, started, turn
from tests.inbox.pdus import arrivals, pdus, raw_pdu


class Slow(House):
    """A house whose store stands still until `held.opened` is set."""

    held: Held


@pytest.fixture
async def slow(db: Database, clock: FixedClock) -> AsyncIterator[Slow]:
    held: Any = Held(db)
    house = Slow(held, await set_up(db, a_target()), Limits(batch=2, waiting=100, waiting_octets=10_000), clock=clock)
    house.held = held
    yield house
    held.opened.set()
    await house.inbox.close()


async def test_what_waited_ten_seconds_for_its_turn_is_refused(slow: Slow, clock: FixedClock) -> None:
    running, waiting = await started(slow.receive(an_arrival("a"), an_arrival("b")), slow.receive(an_arrival("c")))
    clock.advance(5.0)
    (later,) = await started(slow.receive(an_arrival("d")))
    assert slow.inbox.waiting == (4, 4), "those in the running transaction among them"
    clock.advance(4.999)
    await turn()
    assert not waiting.done()
    clock.advance(0.001)
    with pytest.raises(StoreFull, match="too slow"):
        await waiting
    assert not later.done()
    clock.advance(5.0)
    with pytest.raises(StoreFull):
        await later
    assert not running.done()  # it may be stored already: only its commit can tell
    slow.held.opened.set()
    assert [receipt.kind for receipt in await running] == ["ndi", "ndi"]
    assert slow.inbox.waiting == (0, 0)
    assert [row[0] for row in await slow.rows("SELECT text FROM messages ORDER BY id")] == ["a", "b"]


async def test_each_has_its_own_ten_seconds(slow: Slow, clock: FixedClock) -> None:
    first = await started(slow.receive(an_arrival("a")))
    calls = []
    for index in range(10):
        calls += await started(slow.receive(an_arrival(str(index))))
        clock.advance(1.0)
    clock.advance(1.0)
    await turn()
    assert [call.done() for call in calls] == [True] * 2 + [False] * 8
    slow.held.opened.set()
    ended = await asyncio.gather(*calls, return_exceptions=True)
    assert [isinstance(end, StoreFull) for end in ended] == [True] * 2 + [False] * 8
    await asyncio.gather(*first)
    assert await slow.count("messages") == 9


async def test_memory_is_bounded_while_it_stands_still_and_free_afterwards(slow: Slow, clock: FixedClock) -> None:
    """For a minute, a thousand arrivals a second come; never more than the limits wait."""
    ended: Counter[str] = Counter()
    calls: list[asyncio.Future[Any]] = []
    for _ in range(12):
        for _ in range(1000):
            try:
                calls.append(slow.inbox.bring([an_arrival("x" * 50)]))
            except StoreFull:
                ended["full"] += 1
            assert slow.inbox._count <= 100
            assert slow.inbox._octets <= 10_000
        await turn()
        clock.advance(5.0)
    slow.held.opened.set()
    for end in await asyncio.gather(*calls, return_exceptions=True):
        ended["refused" if isinstance(end, StoreFull) else "stored"] += 1
    assert sum(ended.values()) == 12_000
    assert await slow.count("messages") == ended["stored"]
    assert ended["stored"] >= 1
    assert (slow.inbox._count, slow.inbox._octets) == (0, 0)
    assert [receipt.kind for receipt in await slow.receive(an_arrival("after"))] == ["ndi"]


async def test_a_caller_who_does_not_ask_how_it_ended_is_no_noise(slow: Slow, clock: FixedClock) -> None:
    noise: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: noise.append(context))
    for _ in range(3):
        slow.inbox.bring([an_arrival("a"), an_arrival("b")])
    await turn()
    clock.advance(10.0)
    slow.held.opened.set()
    await slow.inbox.close()
    assert noise == []
    assert await slow.count("messages") == 2


async def test_a_stopped_inbox_takes_nothing(house: House) -> None:
    await house.inbox.close()
    with pytest.raises(StoreUnavailable, match="stopping"):
        house.inbox.bring([an_arrival()])
    with pytest.raises(StoreUnavailable):
        await house.receive(an_arrival())
    assert await house.receive() == []
    assert await house.count("arrivals") == 0


async def test_a_stop_waits_for_what_was_taken(slow: Slow) -> None:
    brought = [slow.inbox.bring([an_arrival(str(index))]) for index in range(5)]
    (stopping,) = await started(slow.inbox.close())
    assert not stopping.done()
    slow.held.opened.set()
    await stopping
    assert [call.result()[0].kind for call in brought] == ["ndi"] * 5


# --- what a batch asks of the database -------------------------------------------------------------------------------


class Counting:
    """A real database that counts the requests of each write."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def write(self, unit: Callable[..., Generator[Request, Any, Any]], *args: Any) -> Any:
        self.asked = Counter()

        def counted(*args: Any) -> Generator[Request, Any, Any]:
            inner, answer = unit(*args), None
            try:
                while True:
                    request = inner.send(answer)
                    self.asked[KINDS[type(request)]] += 1
                    answer = yield request
            except StopIteration as end:
                return end.value

        return await self._db.write(counted, *args)


KINDS = {Rows: "rows", Many: "many", Reserve: "reserve", Now: "now", Lock: "lock"}


@pytest.mark.parametrize("batch", [1, 300])
async def test_a_batch_of_plain_messages_costs_what_it_did_whatever_its_size(db: Database, batch: int) -> None:
    """The counters; arrivals, messages, deliveries and what is owed. Nothing for parts, nothing for suspects."""
    counting: Any = Counting(db)
    house = House(counting, await set_up(db, a_target()))
    await house.receive(*(an_arrival(str(index), digest=b"d" * 32) for index in range(batch)))
    assert counting.asked == {"rows": 1, "now": 1, "reserve": 3, "many": 4}
    await house.inbox.close()


async def test_a_batch_of_replies_locks_once(db: Database) -> None:
    counting: Any = Counting(db)
    house = House(counting, await set_up(db))
    await house.receive(*(an_arrival(str(index), POOL, sender=f"+4850060{index:04}") for index in range(50)))
    assert (counting.asked["lock"], counting.asked["rows"]) == (1, 4)
    await house.inbox.close()


async def test_a_batch_of_long_messages_costs_no_statement_for_each(db: Database) -> None:
    counting: Any = Counting(db)
    house = House(counting, await set_up(db, a_target()))
    firsts: list[Arrival] = []
    lasts: list[Arrival] = []
    for index in range(200):
        first, last = arrivals(pdus("aaaabbbb", sender=b"48607%06d" % index))
        firsts.append(first)
        lasts.append(last)
    await house.receive(*firsts)
    assert sum(counting.asked.values()) <= 10
    await house.receive(*lasts)
    assert sum(counting.asked.values()) <= 18
    assert await house.count("messages") == 200
    await house.inbox.close()


async def test_the_longest_messages_of_many_senders_end_in_one_batch(house: House) -> None:
    """255 parts each: what came before is read from the database when the last ones come together."""
    texts = {}
    lasts = []
    for index in range(8):
        sender = b"48608%06d" % index
        texts["+" + sender.decode()] = "".join(chr(97 + (number + index) % 26) for number in range(255))
        parts = [
            raw_pdu(
                b"\x05\x00\x03\x01\xff" + bytes((number,)) + texts["+" + sender.decode()][number - 1].encode(),
                esm_class=0x40,
                source=sender,
            )
            for number in range(255, 0, -1)
        ]
        await house.receive(*arrivals(parts[:-1]))
        lasts.append(parts[-1])
    await house.receive(*arrivals(lasts))
    assert dict(await house.rows("SELECT sender, text FROM messages")) == texts
