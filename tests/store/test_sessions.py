"""Sessions of a network: begun, settled, ended or found dead, and what is suspected then."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from odzew.clock import DAY, MINUTE, SECOND, FixedClock
from odzew.model import Arrival
from odzew.store import arrivals
from odzew.store.changes import counters
from odzew.store.db import Database, statement
from odzew.store.sessions import HEADER, KEPT, Progress, end_session, open_session, recent, settle, use_up

PDU = b"0123456789abcdef and what follows the header"


def digest(octets: bytes = PDU) -> bytes:
    return hashlib.sha256(octets[HEADER:]).digest()


async def opened(db: Database, slot: int = 0, source: int = 1) -> int:
    return int(await db.write(open_session, source, slot, "process-1", "smsc.example:2775"))


async def stored(db: Database, session: int, *ids: int, raw: bytes = PDU) -> None:
    rows = [arrivals.row_of(key, Arrival(1, "+48500600700", "71200", raw, session_id=session), None, 0) for key in ids]
    await db.write(arrivals.add, rows)


async def suspects(db: Database) -> list[tuple[int, int, int]]:
    """(arrival, source, until)"""
    return [tuple(row) for row in await db.read(statement, "SELECT arrival_id, source_id, until FROM suspects ORDER BY arrival_id")]


async def found(db: Database, now: int, *wanted: tuple[int, int, bytes]) -> dict[int, int]:
    done: dict[int, int] = await db.write(use_up, wanted, now)
    return done


async def test_a_session_is_shown_with_what_it_reported(db: Database, clock: FixedClock) -> None:
    first = await opened(db)
    other = await opened(db, slot=1)
    progress = Progress(7, clock.now(), clock.now() + 1, 10, 2, 3, 4, "refused: full")
    await db.write(settle, first, progress)
    clock.advance(60.0)
    await db.write(end_session, first, [], "the network unbound", progress)
    open_one, ended = await db.read(recent)
    assert (open_one.id, open_one.ended_at, open_one.why, open_one.slot) == (other, None, "", 1)
    assert (ended.id, ended.source_id, ended.process, ended.host) == (first, 1, "process-1", "smsc.example:2775")
    assert (ended.opened_at, ended.ended_at, ended.why) == (clock.now() - MINUTE, clock.now(), "the network unbound")
    assert (ended.last_message_at, ended.last_link_at) == (clock.now() - MINUTE, clock.now() - MINUTE + 1)
    assert (ended.messages, ended.receipts, ended.refused, ended.malformed, ended.fault) == (10, 2, 3, 4, "refused: full")


async def test_what_is_settled_never_goes_back(db: Database) -> None:
    session = await opened(db)
    for settled, expected in ((5, 5), (0, 5), (3, 5), (9, 9)):
        await db.write(settle, session, Progress(settled=settled))
        ((there,),) = await db.read(statement, "SELECT settled FROM sessions")
        assert there == expected


async def test_nothing_from_before_its_opening_is_unsettled(db: Database) -> None:
    await stored(db, 1, 41, 42)
    await opened(db)
    ((settled,),) = await db.read(statement, "SELECT settled FROM sessions")
    assert settled == 42


async def test_an_orderly_end_leaves_no_suspects(db: Database) -> None:
    session = await opened(db)
    await stored(db, session, 1)
    await db.write(end_session, session, [], "unbound", Progress())
    await opened(db)
    assert await suspects(db) == []
    assert (await db.read(counters))["suspects"] == 0


async def test_a_lost_one_leaves_its_candidates_until_the_next_opening_and_ten_minutes_more(db: Database, clock: FixedClock) -> None:
    session = await opened(db)
    await db.write(end_session, session, [(7, digest()), (8, digest(b"x" * 20))], "the connection broke", Progress())
    assert await suspects(db) == [(7, 1, clock.now() + DAY), (8, 1, clock.now() + DAY)]
    clock.advance(3600.0)
    await opened(db, source=2)
    assert [row[2] for row in await suspects(db)] == [clock.now() - 3600 * SECOND + DAY] * 2
    await opened(db)
    assert [row[2] for row in await suspects(db)] == [clock.now() + 10 * MINUTE] * 2
    assert (await db.read(counters))["suspects"] == clock.now() + 10 * MINUTE


async def test_one_whose_process_died_is_ended_by_the_next_of_its_slot(db: Database, clock: FixedClock) -> None:
    session = await opened(db)
    await stored(db, session, 1, 2, 3)
    await stored(db, session + 100, 4)
    await db.write(settle, session, Progress(settled=1))
    await opened(db, slot=1)
    await opened(db, source=2)
    assert await suspects(db) == []
    await opened(db)
    assert await suspects(db) == [(key, 1, clock.now() + 10 * MINUTE) for key in (2, 3)]
    (ended,) = [row for row in await db.read(recent) if row.id == session]
    assert (ended.ended_at, ended.why) == (clock.now(), "its process was gone")
    assert await found(db, clock.now(), (0, 1, digest())) == {0: 2}


async def test_one_that_was_taken_for_dead_ends_without_a_word(db: Database) -> None:
    session = await opened(db)
    await opened(db)
    await db.write(end_session, session, [(1, digest())], "the connection broke", Progress(messages=9))
    assert await suspects(db) == []
    (ended,) = [row for row in await db.read(recent) if row.id == session]
    assert (ended.why, ended.messages) == ("its process was gone", 9)
    await db.write(end_session, 999, [(1, digest())], "no such", Progress())
    assert await suspects(db) == []


async def test_suspects_past_their_time_are_taken_away_with_the_next_opening(db: Database, clock: FixedClock) -> None:
    session = await opened(db)
    await db.write(end_session, session, [(7, digest())], "the connection broke", Progress())
    await opened(db)
    clock.advance(600.0)
    await opened(db, slot=1)
    assert len(await suspects(db)) == 1
    clock.advance(0.001)
    await opened(db, slot=1)
    assert await suspects(db) == []
    assert (await db.read(counters))["suspects"] == 0


async def test_only_so_many_ended_sessions_of_a_slot_are_kept(db: Database) -> None:
    other = await opened(db, slot=1)
    ids = [await opened(db) for _ in range(KEPT + 5)]
    kept = {row.id for row in await db.read(recent)}
    assert kept == {other, *ids[-(KEPT + 1) :]}
    assert len(await db.read(recent, 3)) == 3


# which suspects there are (arrival, source, digest), what came (index, source, digest), what is found, what is left
USED: tuple[tuple[str, Sequence[Any], Sequence[Any], dict[int, int], list[int]], ...] = (
    ("nothing", [], [(0, 1, "a")], {}, []),
    ("one", [(7, 1, "a")], [(0, 1, "a")], {0: 7}, []),
    ("another one", [(7, 1, "a")], [(0, 1, "b")], {}, [7]),
    ("another source's", [(7, 2, "a")], [(0, 1, "a")], {}, [7]),
    ("each once, the oldest first", [(7, 1, "a"), (8, 1, "a")], [(3, 1, "a"), (5, 1, "a"), (6, 1, "a")], {3: 7, 5: 8}, []),
    ("one of two", [(7, 1, "a"), (8, 1, "a")], [(3, 1, "a")], {3: 7}, [8]),
    ("several at once", [(7, 1, "a"), (8, 2, "b"), (9, 1, "c")], [(0, 2, "b"), (1, 1, "c"), (2, 1, "b")], {0: 8, 1: 9}, [7]),
)


@pytest.mark.parametrize(("there", "came", "expected", "left"), [row[1:] for row in USED], ids=[row[0] for row in USED])
async def test_using_up(
    db: Database, clock: FixedClock, there: Sequence[Any], came: Sequence[Any], expected: dict[int, int], left: list[int]
) -> None:
    for key, source, word in there:
        session = await opened(db, source=source)
        await db.write(end_session, session, [(key, digest(b"=" * 16 + word.encode()))], "lost", Progress())
    asked = [(index, source, digest(b"=" * 16 + word.encode())) for index, source, word in came]
    assert await found(db, clock.now(), *asked) == expected
    assert [row[0] for row in await suspects(db)] == left


async def test_a_thousand_suspects_are_used_up_at_once(db: Database, clock: FixedClock) -> None:
    session = await opened(db)
    candidates = [(key, digest(b"=" * 16 + str(key % 500).encode())) for key in range(1, 1001)]
    await db.write(end_session, session, candidates, "lost", Progress())
    asked = [(index, 1, candidate[1]) for index, candidate in enumerate(candidates)]
    assert sorted((await found(db, clock.now(), *asked)).values()) == list(range(1, 1001))
    assert await suspects(db) == []
