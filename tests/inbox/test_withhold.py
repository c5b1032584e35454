"""The option `drop_blacklisted`: what blacklisted senders write is stored and shown, but owed to nobody and not offered by the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest

from odzew.clock import HOUR, FixedClock
from odzew.inbox.batch import store
from odzew.inbox.correct import assign, record_sent
from odzew.inbox.listing import Listing
from odzew.inbox.redecode import redecode
from odzew.inbox.tidy import Tidy
from odzew.inbox.withhold import drops, option_of
from odzew.model import Arrival, Receipt
from odzew.store import blacklist, changes, inbox_lines, lookup, seen, unread
from odzew.store.db import Database, Request, Rows
from odzew.store.inbox_lines import Wanted
from tests.builders import a_message
from tests.inbox.directory import CODE, OWN, POOL, SENDER, SHARED, A, B, C, a_directory, a_sent, a_target, an_arrival, set_up
from tests.inbox.house import House
from tests.inbox.pdus import arrival, carrier, pdus, raw_pdu

OTHER = "+48500600701"
STATE = "SELECT withheld, pulled_at IS NOT NULL, pull_id FROM messages ORDER BY id"
OPEN, WITHHELD = (None, 0, None), ("blacklist", 1, None)


def options(numbers: tuple[str, ...], words: tuple[str, ...]) -> Generator[Request, Any, None]:
    """These numbers and keywords have the option, no others."""
    yield Rows("UPDATE numbers SET drop_blacklisted = CASE WHEN address IN_TEXTS(?) THEN 1 ELSE 0 END", (list(numbers),))
    yield Rows("UPDATE keywords SET drop_blacklisted = CASE WHEN word IN_TEXTS(?) THEN 1 ELSE 0 END", (list(words),))
    yield from changes.bump("directory")


class Drop(House):
    """Each account has one target for all its SMS; A and C have the sender on their blacklists, B has not."""

    async def drop(self, *numbers: str, words: tuple[str, ...] = ()) -> None:
        await self.db.write(options, numbers, words)
        await self.present.refresh()

    async def listed(self, account: int = A, sender: str = SENDER, on: bool = True) -> None:
        await self.db.write(blacklist.add if on else blacklist.delete, account, sender)

    async def state(self) -> list[tuple[Any, ...]]:
        """Of each message: why it is withheld, whether it has the API's mark, by which pull."""
        return [(withheld, int(marked), pull) for withheld, marked, pull in await self.rows(STATE)]

    async def offered(self, account: int = A) -> list[int]:
        rows, _ = await self.db.read(unread.window, unread.Filter(account), unread.Span())
        return [row[unread.ID] for row in rows]

    async def owed(self) -> list[tuple[Any, ...]]:
        return await self.rows("SELECT message_id, target_id FROM deliveries ORDER BY id")


@pytest.fixture
async def house(db: Database) -> AsyncIterator[Drop]:
    targets = [a_target(key, account=key, level_id=key) for key in (A, B, C)]
    house = Drop(db, await set_up(db, *targets))
    for account in (A, C):
        await house.listed(account)
    yield house
    await house.inbox.close()


# what is meant, the numbers and the keywords with the option, the message (to, text, sender), whether it is withheld
CASES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, str, str], bool], ...] = (
    ("nobody has the option", (), (), (OWN, "text", SENDER), False),
    ("another number has it", (CODE, SHARED), (), (OWN, "text", SENDER), False),
    ("the number has it", (OWN,), (), (OWN, "text", SENDER), True),
    ("a sender who is on no list", (OWN,), (), (OWN, "text", OTHER), False),
    ("a name on no list", (OWN,), (), (OWN, "text", "INFO"), False),
    ("the keyword has it", (), ("AUTO",), (CODE, "auto 1", SENDER), True),
    ("the keyword on a number without a target", (), ("STOP",), (OWN, "stop", SENDER), True),
    ("the number has it, the keyword that matched has not", (OWN,), (), (OWN, "stop", SENDER), False),
    ("the keyword has it, and another matched", (), ("AUTO",), (CODE, "auto moto", SENDER), False),
    ("the keyword has it, none matched", (), ("STOP",), (OWN, "text", SENDER), False),
    ("on another account's list", (), ("AUTO MOTO",), (CODE, "auto moto", SENDER), False),
    ("on the list of the keyword's account", (), ("Łódź",), (SHARED, "lodz", SENDER), True),
    ("nobody's, the number has it", (SHARED,), (), (SHARED, "text", SENDER), False),
    ("an answer of nobody's", (POOL,), (), (POOL, "text", SENDER), False),
)


@pytest.mark.parametrize(("numbers", "words", "message", "withheld"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
async def test_what_is_withheld(
    house: Drop, numbers: tuple[str, ...], words: tuple[str, ...], message: tuple[str, str, str], withheld: bool
) -> None:
    await house.drop(*numbers, words=words)
    to, text, sender = message
    (receipt,) = await house.receive(an_arrival(text, to, sender=sender))
    stored = await house.message(receipt)
    assert await house.state() == [WITHHELD if withheld else OPEN]
    assert (stored.withheld, stored.text) == ("blacklist" if withheld else None, text)
    claimed = [] if stored.account_id is None else [(receipt.message_id, stored.account_id)]
    assert await house.owed() == ([] if withheld else claimed)
    assert (await house.rows("SELECT count(*) FROM owed")) == [(0 if withheld else len(claimed),)]
    if stored.account_id is not None:
        assert await house.offered(stored.account_id) == ([] if withheld else [receipt.message_id])
        counted = await house.db.read(unread.count, unread.Filter(stored.account_id))
        assert counted == (0 if withheld else 1)


async def test_it_is_never_lost_and_always_shown(house: Drop, clock: FixedClock) -> None:
    await house.drop(OWN)
    first, second, other = await house.receive(an_arrival("one"), an_arrival("two", sender=OTHER), an_arrival("three"))
    assert await house.state() == [WITHHELD, OPEN, WITHHELD]
    assert await house.offered() == [second.message_id]
    assert await house.owed() == [(second.message_id, A)]
    assert await house.rows("SELECT role, message_id FROM arrivals ORDER BY id") == [
        ("message", first.message_id), ("message", second.message_id), ("message", other.message_id),
    ]  # fmt: skip
    lines = (await Listing(house.db, clock).page(Wanted(A))).lines
    assert [(line.id, line.withheld, line.pulled, line.seen) for line in lines] == [
        (other.message_id, True, False, False), (second.message_id, False, False, False), (first.message_id, True, False, False),
    ]  # fmt: skip
    assert [message.id for message in await house.db.read(lookup.messages_of, A, None, 10)] == [line.id for line in lines]
    assert await house.db.read(lookup.pulled_at, first.message_id) is None  # no pull had it
    assert await house.rows("SELECT DISTINCT received_at - pulled_at FROM messages WHERE withheld IS NOT NULL") == [(0,)]
    assert [message.id for message in house.told[-1].messages] == [first.message_id, second.message_id, other.message_id]


async def test_an_mms_is_withheld_with_all_that_it_brings(house: Drop) -> None:
    await house.drop(OWN)
    (receipt,) = await house.receive(an_arrival("words", mms=True, title="Temat"))
    assert (await house.message(receipt)).title == "Temat"
    assert (await house.state(), await house.owed()) == ([WITHHELD], [])


async def test_the_blacklist_of_the_moment_counts(house: Drop) -> None:
    await house.drop(OWN)
    await house.listed(on=False)
    await house.receive(an_arrival())
    await house.listed()
    await house.receive(an_arrival())
    await house.listed(on=False)
    await house.receive(an_arrival())
    assert await house.state() == [OPEN, WITHHELD, OPEN]


def questions(arrivals: list[Arrival], house: House, asked: list[str]) -> Generator[Request, Any, Any]:
    """The receiving transaction; adds to `asked` what of it names the blacklist."""
    unit = store(arrivals, house.present.directory, "PL", {})
    answer: Any = None
    while True:
        try:
            request = unit.send(answer)
        except StopIteration as end:
            return end.value
        if isinstance(request, Rows) and "blacklist" in request.sql:
            asked.append(request.sql)
        answer = yield request


# the numbers with the option, the keywords, to where 30 messages come, how often the blacklist is asked
ASKED = (
    ((), (), (OWN, CODE, SHARED), 0), ((SHARED,), ("HIT",), (OWN, CODE), 0), ((OWN,), (), (OWN,), 1),
    ((OWN,), ("AUTO",), (OWN, CODE, SHARED), 1),
)  # fmt: skip


@pytest.mark.parametrize(("numbers", "words", "to", "times"), ASKED)
async def test_the_blacklist_is_asked_once_a_batch_and_only_where_it_matters(
    house: Drop, numbers: tuple[str, ...], words: tuple[str, ...], to: tuple[str, ...], times: int
) -> None:
    await house.drop(*numbers, words=words)
    asked: list[str] = []
    batch = [an_arrival("auto 1", to[n % len(to)], sender=f"+485006007{n:02}") for n in range(30)]
    await house.db.write(questions, batch, house, asked)
    assert len(asked) == times
    withheld = [row[0] for row in await house.rows("SELECT sender FROM messages WHERE withheld = 'blacklist'")]
    assert withheld == ([SENDER] if times else [])


async def test_offering_it_to_the_api_after_all(house: Drop) -> None:
    await house.drop(OWN)
    (receipt,) = await house.receive(an_arrival())
    assert await house.db.write(seen.offer_again, [receipt.message_id], B) == []
    assert await house.db.write(seen.offer_again, [receipt.message_id], A) == [receipt.message_id]
    assert (await house.state(), await house.offered()) == ([OPEN], [receipt.message_id])
    assert await house.owed() == []
    assert await house.db.write(seen.offer_again, [receipt.message_id], A) == []
    (found,) = await house.db.read(inbox_lines.by_ids, [receipt.message_id])
    assert (found.line.withheld, found.line.pulled) == (False, False)


# --- what a message becomes later -------------------------------------------------------------------------------------

# whether the sender is on the list when the gap is shown and when the rest comes; each delivery's (target, completion); the state
LATER: tuple[tuple[str, bool, bool, list[bool], tuple[Any, ...]], ...] = (
    ("never", False, False, [False, True], OPEN),
    ("both times", True, True, [], WITHHELD),
    ("no more: it is new to the target", True, False, [False], OPEN),
    ("since then: the whole is withheld", False, True, [False], WITHHELD),
)


@pytest.mark.parametrize(("then", "now", "owed", "state"), [row[1:] for row in LATER], ids=[row[0] for row in LATER])
async def test_a_late_part(
    house: Drop, clock: FixedClock, then: bool, now: bool, owed: list[bool], state: tuple[Any, ...]
) -> None:  # fmt: skip
    await house.drop(OWN)
    first, last = pdus("aaaabbbb")
    await house.listed(on=then)
    await house.receive(arrival(first))
    clock.advance(3600.0)
    assert await Tidy(house.db, clock, house.present, house.told.append).look() == 1
    assert await house.state() == [WITHHELD if then else OPEN]
    await house.listed(on=now)
    await house.receive(arrival(last))
    assert [(one.target_id, one.completion) for told in house.told for one in told.owed] == [(A, completion) for completion in owed]
    assert (await house.state(), await house.rows("SELECT text FROM messages")) == ([state], [("aaaabbbb",)])


async def test_a_long_message_is_decided_when_it_is_whole(house: Drop) -> None:
    await house.drop(OWN)
    first, last = pdus("aaaabbbb")
    await house.listed(on=False)
    await house.receive(arrival(first))
    await house.listed()
    await house.receive(arrival(last))
    assert (await house.state(), await house.owed()) == ([WITHHELD], [])


# whether it is offered, the sender on the list by then; each delivery's completion mark; the state
REDECODED: tuple[tuple[bool, bool, list[bool], tuple[Any, ...]], ...] = (
    (False, True, [], WITHHELD), (False, False, [], WITHHELD), (True, True, [], WITHHELD), (True, False, [False], OPEN),
)  # fmt: skip


@pytest.mark.parametrize(("offer", "on", "owed", "state"), REDECODED)
async def test_decoded_again(house: Drop, offer: bool, on: bool, owed: list[bool], state: tuple[Any, ...]) -> None:
    await house.drop(OWN)
    source = await carrier(house.db, house.present)
    (receipt,) = await house.receive(arrival(raw_pdu("Grüße".encode("latin-1")), source))
    assert await house.state() == [WITHHELD]
    await carrier(house.db, house.present, default_alphabet="latin1")
    await house.listed(on=on)
    done = await house.db.write(redecode, [receipt.message_id], house.present.directory, offer)
    assert [one.completion for one in done.owed] == owed
    assert (await house.message(receipt)).text == "Grüße"
    assert await house.state() == [state]


async def test_the_option_taken_off_offers_what_is_decoded_again(house: Drop) -> None:
    await house.drop(OWN)
    source = await carrier(house.db, house.present)
    (receipt,) = await house.receive(arrival(raw_pdu("Grüße".encode("latin-1")), source))
    await carrier(house.db, house.present, default_alphabet="latin1")
    await house.drop()
    await house.db.write(redecode, [receipt.message_id], house.present.directory, True)
    assert (await house.state(), await house.owed()) == ([OPEN], [(receipt.message_id, A)])


@pytest.mark.parametrize(("account", "withheld"), [(A, True), (B, False)])
async def test_assigned_by_hand(house: Drop, account: int, withheld: bool) -> None:
    await house.drop(SHARED)
    (receipt,) = await house.receive(an_arrival("nobody's word", SHARED))
    assert await house.state() == [OPEN]
    directory = house.present.directory
    done = await house.db.write(assign, [receipt.message_id], directory.accounts[account], None, directory)
    assert await house.state() == [WITHHELD if withheld else OPEN]
    assert [one.target_id for one in done.owed] == ([] if withheld else [account])
    assert await house.offered(account) == ([] if withheld else [receipt.message_id])


@pytest.mark.parametrize(("account", "withheld"), [(A, True), (B, False)])
async def test_claimed_by_a_sent_message_that_became_known(house: Drop, clock: FixedClock, account: int, withheld: bool) -> None:
    await house.drop(POOL)
    (receipt,) = await house.receive(an_arrival("Przyjade o 16", POOL))
    done = await house.db.write(record_sent, [a_sent("aa", account, clock.now() - HOUR)], house.present.directory)
    assert (await house.message(receipt)).answers == "aa"
    assert await house.state() == [WITHHELD if withheld else OPEN]
    assert [one.target_id for one in done.owed] == ([] if withheld else [account])


async def test_a_repetition_of_what_is_withheld_is_one(house: Drop) -> None:
    await house.drop(OWN)
    (first,) = await house.receive(an_arrival(ref="7"))
    (again,) = await house.receive(an_arrival(ref="7"))
    assert again == Receipt(first.message_id, "ndi", duplicate=True)
    assert await house.state() == [WITHHELD]


# --- the option itself ------------------------------------------------------------------------------------------------


def test_a_keyword_that_was_given_back_has_no_option() -> None:
    directory = a_directory()
    number = directory.numbers[OWN]
    number_drops = type(number)(number.id, OWN, "ndi", A, True, True)
    directory.numbers_by_id[number.id] = number_drops
    message, _ = a_message(1, A, "ndi", number_id=number.id, recipient=OWN)
    assert (drops(message, directory), option_of(message)) == (True, f"number {OWN}")
    message.keyword_id, message.keyword = 999, "GONE"
    assert (drops(message, directory), option_of(message)) == (False, f"keyword GONE on {OWN}")
    message.keyword_id, message.account_id = None, None
    assert not drops(message, directory)


async def test_a_directory_knows_whether_anybody_has_the_option(house: Drop) -> None:
    assert house.present.directory.withholding is False
    for numbers, words in (((OWN,), ()), ((), ("AUTO",))):
        await house.drop(*numbers, words=words)
        assert house.present.directory.withholding is True
