"""The panel's lists are exact at every moment, however far the index is: each answer is compared with a look at every message."""

from __future__ import annotations

import asyncio
import shutil
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import HOUR, SECOND, FixedClock
from odzew.inbox.listing import WINDOW, Listing
from odzew.inbox.walk import ABOVE, FIRST, Walked, question_of, walk
from odzew.model import Attachment
from odzew.store import messages, seen
from odzew.store.db import Database, Many, statement
from odzew.store.engines import open_database
from odzew.store.inbox_lines import EVERYBODY, START, Wanted
from tests.inbox.shelf import RECEIVED, SENDER, Shelf, rewritten

_names = count(1)


@pytest.fixture
def shelf(db: Database, clock: FixedClock) -> Shelf:
    return Shelf(db, clock)


# --- one message ------------------------------------------------------------------------------------------------------

IS: dict[str, Any] = {
    "account_id": 1, "kind": "mms", "sender": "+48500600700", "text": "Zażółć GĘŚLĄ jaźń: kod 1234-5678", "title": "Z wakacji",
    "keyword_id": 12, "number_id": 3, "incomplete": True, "received_at": 5 * HOUR,
}  # fmt: skip

# What is asked, and whether that message is the answer.
QUESTIONS: tuple[tuple[str, Wanted, bool], ...] = (
    ("everything of its account", Wanted(1), True),
    ("of another account", Wanted(2), False),
    ("what nobody claimed", Wanted(None), False),
    ("of all accounts", Wanted(EVERYBODY), True),
    ("its kind", Wanted(1, ("mms",)), True),
    ("its kind of all accounts", Wanted(EVERYBODY, ("mms",)), True),
    ("its kind among others", Wanted(1, ("eco", "mms")), True),
    ("another kind", Wanted(1, ("eco",)), False),
    ("another kind of all accounts", Wanted(EVERYBODY, ("eco",)), False),
    ("a kind that does not exist", Wanted(1, ("' OR 1=1 --",)), False),
    ("not yet seen", Wanted(1, unseen=True), True),
    ("incomplete", Wanted(1, incomplete=True), True),
    ("its sender", Wanted(1, sender="+48500600700"), True),
    ("another sender", Wanted(1, sender="+48500600701"), False),
    ("its sender, spelled differently", Wanted(1, sender="48500600700"), False),
    ("its keyword", Wanted(1, keyword_id=12), True),
    ("a keyword whose number begins so", Wanted(1, keyword_id=1), False),
    ("its number", Wanted(1, number_id=3), True),
    ("another number", Wanted(1, number_id=31), False),
    ("from its moment on", Wanted(1, since=5 * HOUR), True),
    ("from a later moment on", Wanted(1, since=5 * HOUR + 1), False),
    ("before a later moment", Wanted(1, until=5 * HOUR + 1), True),
    ("before its moment", Wanted(1, until=5 * HOUR), False),
    ("of another hour", Wanted(1, since=6 * HOUR, until=9 * HOUR), False),
    ("a word", Wanted(1, words="jaźń"), True),
    ("a word without its accents", Wanted(1, words="jazn"), True),
    ("a word in capitals", Wanted(1, words="ZAZOLC"), True),
    ("the beginning of a word", Wanted(1, words="gesl"), True),
    ("one letter", Wanted(1, words="g"), True),
    ("the middle of a word", Wanted(1, words="azn"), False),
    ("several words in any order", Wanted(1, words="kod jaz zaz"), True),
    ("several words, one of another text", Wanted(1, words="kod jaz kot"), False),
    ("digits", Wanted(1, words="5678"), True),
    ("the title", Wanted(1, words="wakac"), True),
    ("digits of the sender", Wanted(1, words="4850060"), True),
    ("the sender as it is written", Wanted(1, words="+48500600700"), True),
    ("words and all else", Wanted(1, ("mms",), True, True, "+48500600700", 12, 3, 5 * HOUR, 6 * HOUR, "kod"), True),
    ("words and another keyword", Wanted(1, keyword_id=13, words="kod"), False),
    ("of all accounts, by a word", Wanted(EVERYBODY, words="kod"), True),
    ("of another account, by a word", Wanted(2, words="kod"), False),
    ("no words", Wanted(1, words="  \t"), True),
    ("only punctuation", Wanted(1, words=" ?!.* "), False),
    ("only quotes", Wanted(1, words="\"'`"), False),
    ("a word in quotes", Wanted(1, words='"kod"'), True),
    ("operators as words", Wanted(1, words="kod AND"), False),
    ("operators", Wanted(1, words="kod OR nic"), False),
    ("an exclusion", Wanted(1, words="NOT kod"), False),
    ("signs of the engines", Wanted(1, words="kod* & (jaz | :*) -"), True),
    ("a column", Wanted(1, words="words:kod"), False),
    ("NUL", Wanted(1, words="k\0od"), False),
    ("lone surrogates", Wanted(1, words="kod\ud800"), True),
    ("signs of the index", Wanted(1, words="·kod"), True),
    ("a property as a word", Wanted(1, words="¦i"), False),
    ("10,000 characters", Wanted(1, words="kod" * 3_333), False),
    ("10,000 characters in words", Wanted(1, words="kod " * 2_500), True),
)


async def asked(shelf: Shelf) -> None:
    for name, wanted, expected in QUESTIONS:
        assert await shelf.ids(wanted) == ([1] if expected else []), name
        assert await shelf.listing.count(wanted) == int(expected), name


async def test_each_question_while_the_message_is_new_and_once_it_is_in_the_index(shelf: Shelf) -> None:
    await shelf.accounts("a", "b")
    await shelf.store(IS)
    await asked(shelf)
    await shelf.indexer.all()
    assert await shelf.mark() == 1
    await asked(shelf)


async def test_each_question_after_the_message_was_changed(shelf: Shelf) -> None:
    await shelf.accounts("a", "b")
    await shelf.store(IS | {"text": "what it said before", "account_id": None})
    await shelf.indexer.all()
    await shelf.db.write(rewritten, 1, 1, IS["text"])
    await shelf.db.write(statement, "UPDATE messages SET kind = 'mms' WHERE id = 1")
    await asked(shelf)
    await shelf.indexer.all()
    await asked(shelf)
    assert await shelf.ids(Wanted(1, words="before")) == []
    assert await shelf.ids(Wanted(None)) == []


async def test_a_line_says_what_a_list_shows(shelf: Shelf) -> None:
    await shelf.store(IS | {"text": "x" * 1_000, "keyword": "FOTO", "answers": "eba39e4fe1"})
    await shelf.db.write(messages.add_attachments, [(1, [Attachment("a.txt", "text/plain", b"a"), Attachment("b.gif", "image/gif", b"b")])])
    sql = "INSERT INTO deliveries (id, message_id, target_id, account_id, state) VALUES (?, 1, ?, 1, ?)"
    await shelf.db.write(many, sql, [(1, 1, "delivered"), (2, 2, "pending"), (3, 3, "delivered")])
    for _ in range(2):
        (line,) = (await shelf.listing.page(Wanted(1))).lines
        assert (line.id, line.account_id, line.kind, line.sender, line.recipient) == (1, 1, "mms", SENDER, "+48799448855")
        assert (line.start, line.title, line.keyword, line.received_at) == ("x" * START, "Z wakacji", "FOTO", 5 * HOUR)
        assert (line.seen, line.pulled, line.incomplete, line.form, line.answers) == (False, False, True, "text", "eba39e4fe1")
        assert (line.attachments, line.deliveries) == (2, {"delivered": 2, "pending": 1})
        await shelf.indexer.all()


def many(sql: str, rows: list[tuple[Any, ...]]) -> Any:
    yield Many(sql, rows)


# --- pages ------------------------------------------------------------------------------------------------------------

FILTERS = (
    Wanted(1),
    Wanted(1, ("nd",)),
    Wanted(EVERYBODY),
    Wanted(1, words="text"),
    Wanted(EVERYBODY, words="t"),
    Wanted(1, sender=SENDER),
)


@pytest.mark.parametrize("filled", [0, 13, 30])
async def test_pages_follow_each_other(shelf: Shelf, filled: int) -> None:
    await shelf.accounts("a")
    await shelf.store(*[{"kind": ("nd", "eco")[n % 2]} for n in range(filled)])
    await shelf.indexer.all()
    await shelf.store(*[{"kind": ("nd", "eco")[n % 2]} for n in range(filled, 30)])
    for wanted in FILTERS:
        for limit in (1, 4, 29, 30, 31):
            assert await shelf.ids(wanted, limit=limit) == await shelf.right(wanted), (wanted, limit)


async def test_a_full_last_page_has_no_next_one(shelf: Shelf) -> None:
    await shelf.store(*[{}] * 10)
    for _ in range(2):
        for wanted in (Wanted(1), Wanted(1, words="text")):
            page = await shelf.listing.page(wanted, limit=10)
            assert (len(page.lines), page.older) == (10, None)
        await shelf.indexer.all()


async def test_what_is_newer_than_a_message(shelf: Shelf) -> None:
    await shelf.store(*[{}] * 6)
    await shelf.indexer.all()
    await shelf.store({}, {"account_id": 2}, {})
    for wanted in (Wanted(1), Wanted(1, words="text")):
        assert [line.id for line in (await shelf.listing.newer(wanted, 4)).lines] == [9, 7, 6, 5]
        page = await shelf.listing.newer(wanted, 4, limit=2)
        assert ([line.id for line in page.lines], page.older) == ([9, 7], 7)
        assert (await shelf.listing.newer(wanted, 9)).lines == []


async def test_a_page_looks_no_longer_than_it_may_and_the_next_one_goes_on(shelf: Shelf) -> None:
    shelf.listing = Listing(shelf.db, shelf.clock, patience=0.0, steps=1)
    for n in range(1, 11):
        await shelf.db.write(statement, PLACED, n * 3_000, 1 if n == 2 else 2, "text")
    first = await shelf.listing.page(Wanted(2, words="text"))
    assert ([line.id for line in first.lines], first.older) == ([30_000, 27_000], 30_000 - ABOVE + 1)
    empty = await shelf.listing.page(Wanted(1))
    assert (empty.lines, empty.older) == ([], 30_000 - ABOVE + 1)
    assert await shelf.ids(Wanted(1)) == [6_000]


async def test_a_search_goes_through_lot_after_lot(shelf: Shelf) -> None:
    await shelf.accounts("a", "b")
    far = [1, 5 << 16, (5 << 16) + 1, 9 << 16, (40 << 16) - 1]
    for key in far:
        await shelf.db.write(statement, PLACED, key, 1 + key % 2, f"word{key}")
    if shelf.db.engine == "postgres":
        await shelf.db.write(statement, "SELECT setval('messages_ids', ?)", far[-1])
    await shelf.indexer.all()
    assert await shelf.mark() == far[-1]
    for wanted in (Wanted(1, words="word"), Wanted(2, words="w"), Wanted(EVERYBODY, words="word"), Wanted(1, words="word327680")):
        assert await shelf.ids(wanted, limit=1) == await shelf.right(wanted)


async def test_where_little_is_found_few_steps_go_a_long_way(shelf: Shelf) -> None:
    """1 + 2 + 4 + 4 * 8 lots in seven steps after that above the mark; what is found is the same."""
    await shelf.accounts("a")
    for lot in range(39):
        await shelf.db.write(statement, PLACED, (lot << 16) + 7, 1, f"word {'seldom' if lot == 3 else 'often'}")
    if shelf.db.engine == "postgres":
        await shelf.db.write(statement, "SELECT setval('messages_ids', ?)", 39 << 16)
    await shelf.indexer.all()
    seldom = question_of(Wanted(1, words="seldom"))
    assert seldom is not None
    walked: Walked = await shelf.db.read(walk, seldom, FIRST, 50, 8)
    assert ([one.line.id for one in walked.found], walked.reached) == ([(3 << 16) + 7], None)
    for limit in (1, 2, 3, 7, 50):
        assert await shelf.ids(Wanted(1, words="word"), limit=limit) == await shelf.right(Wanted(1, words="word"))


PLACED = """INSERT INTO messages (id, account_id, kind, sender, recipient, text, received_at)
            VALUES (?, ?, 'nd', '+48500600700', '7055', ?, 5)"""


async def test_counting_stops_at_its_most(shelf: Shelf) -> None:
    await shelf.store(*[{}] * 12)
    for _ in range(2):
        for wanted in (Wanted(1), Wanted(1, words="text")):
            assert [await shelf.listing.count(wanted, most) for most in (5, 12, 13)] == [5, 12, 12]
        await shelf.indexer.all()


async def test_an_export_has_everything_once_in_windows_of_whole_messages(shelf: Shelf) -> None:
    await shelf.store(*[{"text": "long " * 300}] * (WINDOW + 200))
    await shelf.indexer.all()
    await shelf.store(*[{"account_id": 1 + n % 2} for n in range(300)])
    windows = [window async for window in shelf.listing.windows(Wanted(1))]
    assert [message.id for window in windows for message in window] == await shelf.right(Wanted(1))
    assert max(map(len, windows)) <= WINDOW
    assert windows[-1][-1].text == "long " * 300
    assert [window async for window in shelf.listing.windows(Wanted(1, words="?"))] == []


# --- conversations ----------------------------------------------------------------------------------------------------


async def test_a_conversation_is_what_both_said_by_time(shelf: Shelf) -> None:
    await shelf.accounts("a", "b")
    await shelf.store(*[{"received_at": 10 * n, "sender": (SENDER, "+48500600701")[n % 4 == 3]} for n in range(1, 9)])
    sql = "INSERT INTO sent (account_id, message_id, phone, from_number, sent_at, text) VALUES (?, ?, ?, '7055', ?, 'sent')"
    rows = [(1, f"m{n}", SENDER, 10 * n + 5) for n in range(1, 5)] + [(2, "other", SENDER, 33), (1, "else", "+48999", 34)]
    await shelf.db.write(many, sql, rows)
    right = [(80, 8), (60, 6), (50, 5), (45, None), (40, 4), (35, None), (25, None), (20, 2), (15, None), (10, 1)]
    for _ in range(2):
        for limit in (1, 2, 3, 10, 50):
            found, place = [], None
            while True:
                talk = await shelf.listing.conversation(1, SENDER, place, limit)
                found += [(said.at, said.line.id if said.line else None) for said in talk.said]
                place = talk.older
                if place is None:
                    break
            assert found == right, limit
        await shelf.indexer.all()
    talk = await shelf.listing.conversation(1, SENDER)
    assert next((said.message_id, said.text, said.number) for said in talk.said if said.line is None) == ("m4", "sent", "7055")
    assert (await shelf.listing.conversation(1, "+48777")).said == []


# --- every interleaving -----------------------------------------------------------------------------------------------

WORDS = ("tak", "nie", "Łódź", "lodz", "kod 12", "kod 123", "")
_message = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from([None, 1, 2]),
        "kind": st.sampled_from(["eco", "nd", "mms"]),
        "sender": st.sampled_from([SENDER, "+48500600701", "Alfa"]),
        "text": st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
        "keyword_id": st.sampled_from([None, 1, 11]),
        "received_at": st.integers(0, 3).map(lambda hour: RECEIVED + hour * HOUR),
        "incomplete": st.booleans(),
    }
)
_wanted = st.builds(
    Wanted,
    account_id=st.sampled_from([1, 2, None, EVERYBODY]),
    kinds=st.sampled_from([(), ("nd",), ("eco", "mms")]),
    unseen=st.booleans(),
    incomplete=st.booleans(),
    sender=st.sampled_from([None, None, SENDER, "Alfa"]),
    keyword_id=st.sampled_from([None, None, 1]),
    since=st.sampled_from([None, None, RECEIVED + HOUR, RECEIVED + HOUR + SECOND]),
    until=st.sampled_from([None, None, RECEIVED + 2 * HOUR]),
    words=st.sampled_from(["", "", "lod", "kod 12", "t", "4850060"]),
)
_act = st.one_of(
    st.tuples(st.just("store"), st.lists(_message, min_size=1, max_size=8)),
    st.tuples(st.just("fill"), st.none()),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 30), st.sampled_from([None, 1, 2]), st.sampled_from(WORDS))),
    st.tuples(st.just("see"), st.tuples(st.lists(st.integers(1, 30), max_size=5), st.sampled_from([None, 1, 2]), st.booleans())),
    st.tuples(st.just("ask"), st.tuples(_wanted, st.integers(1, 6))),
)


async def act(shelf: Shelf, name: str, values: Any, stored: list[int], wrong: list[Any]) -> None:
    """One thing that happens; what is answered wrongly is noted."""
    if name == "store":
        stored += await shelf.store(*values)
    elif name == "fill":
        await shelf.indexer.step()
    elif name == "change" and stored:
        await shelf.db.write(rewritten, stored[values[0] % len(stored)], values[1], values[2])
    elif name == "see":
        await shelf.db.write(seen.mark, values[0], values[1], values[2])
    elif name == "ask":
        wanted, limit = values
        right = await shelf.right(wanted)
        answers = [(await shelf.ids(wanted, limit=limit), right), (await shelf.listing.count(wanted), len(right))]
        if wanted.account_id != EVERYBODY:
            unseen = await shelf.listing.unseen(wanted.account_id)
            answers.append((sum(unseen.values()), len(await shelf.right(Wanted(wanted.account_id, unseen=True)))))
        wrong += [(wanted, answer) for answer in answers if answer[0] != answer[1]]


@given(acts=st.lists(_act, min_size=3, max_size=14), last=st.lists(_wanted, min_size=1, max_size=3))
def test_at_any_moment_a_list_is_what_a_look_at_every_message_gives(
    acts: list[tuple[str, Any]], last: list[Wanted], tmp_path_factory: pytest.TempPathFactory
) -> None:
    number = next(_names)
    path = tmp_path_factory.getbasetemp() / f"listing{number}.db"
    if number > 1:  # migrating one for each example would take longer than most examples
        shutil.copy(tmp_path_factory.getbasetemp() / "listing-empty.db", path)
    assert asyncio.run(_played(path, acts, last)) == []
    path.unlink()


async def _played(path: Path, acts: list[tuple[str, Any]], last: list[Wanted]) -> list[Any]:
    wrong: list[Any] = []
    clock = FixedClock()
    db = open_database(f"sqlite:///{path}", clock)
    try:
        shelf, stored = Shelf(db, clock), list[int]()
        if await db.migrate():
            await shelf.accounts("a", "b")
            await db.close()
            shutil.copy(path, path.with_name("listing-empty.db"))
            db = shelf.db = open_database(f"sqlite:///{path}", clock)
            shelf = Shelf(db, clock)
        for name, values in acts:
            await act(shelf, name, values, stored, wrong)
        for wanted in last:
            await act(shelf, "ask", (wanted, 3), stored, wrong)
        await shelf.indexer.all()
        for wanted in last:
            await act(shelf, "ask", (wanted, 3), stored, wrong)
        return wrong
    finally:
        await db.close()
