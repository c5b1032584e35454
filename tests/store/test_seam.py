"""The seam: what a unit of work may rely on, whichever engine runs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

from odzew.clock import HOUR, FixedClock
from odzew.errors import SettingError, StoreError, StoreUnavailable, StoreVersion
from odzew.store.db import Database, Lock, Many, Now, Request, Rows, one, reserve, statement
from odzew.store.engines import open_database
from odzew.store.migrate import MIGRATIONS, NEWEST

INSERT = "INSERT INTO installation (name, value) VALUES (?, ?)"


def keep(name: str, value: str = "1") -> Generator[Request, Any, str]:
    yield Rows(INSERT, (name, value))
    return name


def names() -> Generator[Request, Any, list[str]]:
    return [row[0] for row in (yield Rows("SELECT name FROM installation ORDER BY name COLLATE_BYTES"))]


class Ours(Exception):
    """What a unit itself may raise."""


def keep_then_fail(name: str, error: Exception) -> Generator[Request, Any, None]:
    yield from keep(name)
    raise error


# --- units -----------------------------------------------------------------------------------------------------------


async def test_a_unit_is_sent_its_rows_and_its_value_comes_back(db: Database) -> None:
    def unit(wanted: str) -> Generator[Request, Any, tuple[object, ...]]:
        nothing = yield Many(INSERT, [("a", "1"), ("b", "2")])
        changed = yield Rows("UPDATE installation SET value = ? WHERE name = ?", ("3", "b"))
        given_back = yield Rows("UPDATE installation SET value = ? WHERE name = ? RETURNING value", ("4", "b"))
        row = yield from one("SELECT value FROM installation WHERE name = ?", wanted)
        missing = yield from one("SELECT value FROM installation WHERE name = ?", "no such")
        assert row is not None
        return nothing, list(changed), given_back[0][0], row[0], missing

    assert await db.write(unit, "b") == (None, [], "4", "4", None)
    assert await db.read(names) == ["a", "b"]


async def test_many_rows_may_be_none(db: Database) -> None:
    def unit() -> Generator[Request, Any, str]:
        yield Many(INSERT, [])
        return "done"

    assert await db.write(unit) == "done"


async def test_a_unit_that_raises_leaves_nothing_and_its_own_error_comes_out_as_it_is(db: Database) -> None:
    error = Ours("as it is")
    with pytest.raises(Ours) as caught:
        await db.write(keep_then_fail, "a", error)
    assert caught.value is error
    assert await db.read(names) == []
    assert await db.write(keep, "b") == "b"


async def test_a_unit_that_fails_among_others_is_rolled_back_alone(db: Database) -> None:
    writes = [db.write(keep_then_fail, "bad", Ours()) if n == 20 else db.write(keep, f"{n:02}") for n in range(40)]
    answers = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(answer) for answer in answers if answer is not None and not isinstance(answer, str)] == [Ours]
    assert await db.read(names) == [f"{n:02}" for n in range(40) if n != 20]


async def test_a_refused_statement_is_our_error_and_not_temporary(db: Database) -> None:
    await db.write(keep, "a")
    for sql, parameters in ((INSERT, ("a", "2")), ("SELECT nonsense FROM nowhere", ()), (INSERT, ("b", None))):
        with pytest.raises(StoreError) as caught:
            await db.write(statement, sql, *parameters)
        assert not caught.value.temporary
    assert await db.read(names) == ["a"]


# --- values ----------------------------------------------------------------------------------------------------------

UNSTORABLE = (
    pytest.param("UPDATE changes SET counter = ?", 1 << 63, id="an integer over 64 bits"),
    pytest.param("UPDATE changes SET counter = ?", -(1 << 63) - 1, id="an integer under 64 bits"),
    pytest.param("UPDATE installation SET value = ?", "\ud800", id="a lone surrogate"),
)


@pytest.mark.parametrize(("sql", "value"), UNSTORABLE)
@pytest.mark.parametrize("many", [False, True], ids=["Rows", "Many"])
async def test_a_value_that_cannot_be_stored_is_our_error_and_not_temporary(db: Database, sql: str, value: object, many: bool) -> None:
    def unit() -> Generator[Request, Any, None]:
        yield from keep("b")
        yield Many(sql, [(value,)]) if many else Rows(sql, (value,))

    await db.write(keep, "a")
    with pytest.raises(StoreError) as caught:
        await db.write(unit)
    assert not caught.value.temporary
    assert await db.read(names) == ["a"]


async def test_nul_in_a_text_is_kept_or_refused_but_never_cut(db: Database) -> None:
    ended: list[Any] = await asyncio.gather(*[db.write(keep, "a", "x\0y")], return_exceptions=True)
    kept = [row[0] for row in await db.read(statement, "SELECT value FROM installation")]
    assert (kept, getattr(ended[0], "temporary", None)) in ((["x\0y"], None), ([], False))


@pytest.mark.parametrize("count", [0, 1, 5000])
async def test_a_list_is_one_parameter(db: Database, count: int) -> None:
    texts = [f"{n} 'ł\" \\ , ]" for n in range(count)]

    def unit() -> Generator[Request, Any, tuple[int, int]]:
        yield Many(INSERT, [(text, "1") for text in texts])
        by_name = yield Rows("SELECT count(*) FROM installation WHERE name IN_TEXTS(?)", ([*texts, "no such"],))
        numbers = yield Rows("SELECT count(*) FROM changes WHERE name <> 'suspects' AND counter IN_INTS(?)", (list(range(count)),))
        return by_name[0][0], numbers[0][0]

    assert await db.write(unit) == (count, 4 if count else 0)


# --- ids and the time ------------------------------------------------------------------------------------------------


def take_ids(n: int) -> Generator[Request, Any, list[int]]:
    ids: list[int] = yield from reserve("messages", n)
    return ids


async def test_ids_are_never_handed_out_twice(db: Database, open_again: Callable[[], Database]) -> None:
    other = open_again()
    taken = await asyncio.gather(*(who.write(take_ids, n) for n in range(15) for who in (db, other)))
    assert [len(ids) for ids in taken] == [n for n in range(15) for _ in range(2)]
    assert all(ids == sorted(ids) for ids in taken)
    flat = [key for ids in taken for key in ids]
    assert len(set(flat)) == len(flat)


async def test_ids_grow_from_unit_to_unit(db: Database) -> None:
    first, second = await db.write(take_ids, 3), await db.write(take_ids, 3)
    assert first[0] >= 1
    assert max(first) < min(second)


def tell_now() -> Generator[Request, Any, int]:
    now: int = yield Now()
    return now


async def test_the_time_never_goes_back_when_the_clock_is_set_back(db: Database, clock: FixedClock) -> None:
    before = await db.write(tell_now)
    assert before == clock.now()
    clock.set_wall(before - HOUR)
    assert await db.write(tell_now) == before
    clock.set_wall(before + 1)
    assert await db.write(tell_now) == before + 1


async def test_the_server_s_own_clock_is_read_in_microseconds(pg_database: str) -> None:
    db = open_database(pg_database, FixedClock())
    try:
        now = await db.read(tell_now)
        (epoch,) = (await db.read(statement, "SELECT extract(epoch FROM clock_timestamp())"))[0]
        assert 0 <= float(epoch) - now / 1_000_000 < 60
    finally:
        await db.close()


# --- callers that go, and the end ------------------------------------------------------------------------------------


async def test_a_cancelled_caller_leaves_the_seam_in_order(db: Database) -> None:
    going = [asyncio.ensure_future(db.write(keep, f"going {n}")) for n in range(10)]
    staying = [asyncio.ensure_future(db.write(keep, f"staying {n}")) for n in range(10)]
    for task in going:
        task.cancel()
    ended = await asyncio.gather(*going, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended)
    assert len(await asyncio.gather(*staying)) == 10
    assert {f"staying {n}" for n in range(10)} <= set(await db.read(names))


async def test_close_finishes_what_was_taken(db: Database, open_again: Callable[[], Database]) -> None:
    other = open_again()
    writes = [asyncio.ensure_future(other.write(keep, f"{n:02}")) for n in range(50)]
    reads = [asyncio.ensure_future(other.read(names)) for n in range(5)]
    turn = asyncio.Event()
    asyncio.get_running_loop().call_soon(turn.set)
    await turn.wait()
    await other.close()
    assert all(task.done() for task in writes + reads)
    assert await asyncio.gather(*writes) == [f"{n:02}" for n in range(50)]
    assert await db.read(names) == [f"{n:02}" for n in range(50)]


async def test_what_comes_after_close_is_refused(db: Database) -> None:
    await db.close()
    for call in (db.write, db.read):
        with pytest.raises(StoreUnavailable):
            await call(names)
    await db.close()


# --- versions --------------------------------------------------------------------------------------------------------


async def test_an_empty_database_has_version_0_and_is_migrated_once(empty_url: str, clock: FixedClock) -> None:
    db = open_database(empty_url, clock, fixed=True)
    try:
        assert await db.version() == 0
        first = await db.migrate()
        assert first == [name for _, name, _ in MIGRATIONS[db.engine]]
        assert await db.version() == NEWEST
        assert await db.migrate() == []
    finally:
        await db.close()


async def test_a_database_of_a_newer_program_is_refused(db: Database) -> None:
    await db.write(statement, "INSERT INTO migrations (number, name) VALUES (?, ?)", NEWEST + 1, "9999_of_tomorrow")
    with pytest.raises(StoreVersion, match=f"migration {NEWEST + 1}"):
        await db.migrate()
    assert await db.version() == NEWEST + 1


async def test_a_lock_may_name_nothing_and_more_words_than_a_server_has_locks_for(db: Database) -> None:
    def unit(words: list[str]) -> Generator[Request, Any, int]:
        yield Lock(words)
        yield Lock(words[:10])  # held already
        return len(words)

    wanted = [f"+48500{n:06}" for n in range(20_000)]
    counted = await asyncio.gather(*(db.write(unit, words) for words in ([], wanted, wanted[::-1])))
    assert counted == [0, 20_000, 20_000]


URLS = ("", "odzew.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "mysql://user:secret@host/name", "sqlite://host/odzew.db")


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_is_no_database_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        open_database(url, FixedClock())
    assert "secret" not in str(caught.value)
