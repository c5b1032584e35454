"""What only the SQLite engine has: threads, group commit, one server for each file, a WAL that stays short."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odzew.clock import FixedClock
from odzew.errors import OdzewError, StoreError, StoreFull, StoreUnavailable
from odzew.store import sqlite
from odzew.store.db import Request, Rows, lengthy, statement
from odzew.store.sqlite import SqliteDatabase
from odzew.store.words import packed_for_sqlite

INSERT = "INSERT INTO installation (name, value) VALUES (?, ?)"


@pytest.fixture
async def db(tmp_path: Path, clock: FixedClock) -> AsyncIterator[SqliteDatabase]:
    """One that does not wait for locks of others."""
    db = SqliteDatabase(str(tmp_path / "odzew.db"), clock, busy_ms=1, wal_bytes=1 << 20, longest_queue=30)
    await db.migrate()
    yield db
    await db.close()


class Gate:
    """A unit that holds the writer until it is opened: what is handed over meanwhile becomes one group."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def unit(self) -> Generator[Request, Any, None]:
        yield Rows("SELECT 1")
        self.entered.set()
        self._opened.wait()


async def held(db: SqliteDatabase) -> tuple[Gate, asyncio.Future[Any]]:
    gate = Gate()
    holding = asyncio.ensure_future(db.write(gate.unit))
    await asyncio.to_thread(gate.entered.wait)
    return gate, holding


async def handed_over(db: SqliteDatabase, *writes: Any) -> list[asyncio.Future[Any]]:
    """The calls as tasks that have reached the writer's queue."""
    tasks = [asyncio.ensure_future(write) for write in writes]
    turn = asyncio.Event()
    asyncio.get_running_loop().call_soon(turn.set)
    await turn.wait()
    return tasks


async def names(db: SqliteDatabase) -> list[str]:
    return [row[0] for row in await db.read(statement, "SELECT name FROM installation ORDER BY name")]


def keep(db: SqliteDatabase, name: str, value: str = "1") -> Any:
    return db.write(statement, INSERT, name, value)


# --- group commit ----------------------------------------------------------------------------------------------------


async def test_a_group_commits_once_and_its_failing_unit_is_rolled_back_alone(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    tasks = await handed_over(db, *(keep(db, name) for name in ("a", "b", "a", "c")))
    before = commits(db)
    gate.open()
    ended = await asyncio.gather(holding, *tasks, return_exceptions=True)
    assert [type(end) for end in ended[1:]] == [list, list, StoreError, list]
    assert await names(db) == ["a", "b", "c"]
    assert commits(db) - before == 1


async def test_lengthy_units_wait_for_the_others_and_have_a_transaction_each(db: SqliteDatabase) -> None:
    order: list[str] = []

    def short(name: str) -> Generator[Request, Any, None]:
        yield Rows(INSERT, (name, ""))
        order.append(name)

    @lengthy
    def long(name: str) -> Generator[Request, Any, None]:
        yield from short(name)

    gate, holding = await held(db)
    tasks = await handed_over(db, *(db.write(unit, name) for unit, name in ((long, "x"), (long, "y"), (short, "a"), (short, "b"))))
    before = commits(db)
    gate.open()
    await asyncio.gather(holding, *tasks)
    assert order == ["a", "b", "x", "y"]
    assert commits(db) - before == 3


async def test_lengthy_units_are_finished_before_the_end(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    tasks = await handed_over(db, *(db.write(lengthy(kept), name) for name in ("x", "y", "z")), keep(db, "a"))
    closing = asyncio.ensure_future(db.close())
    gate.open()
    await asyncio.gather(holding, *tasks, closing)
    with sqlite3.connect(db.path) as connection:
        assert [row[0] for row in connection.execute("SELECT name FROM installation ORDER BY name")] == ["a", "x", "y", "z"]
    connection.close()


def kept(name: str) -> Generator[Request, Any, None]:
    yield Rows(INSERT, (name, ""))


def commits(db: SqliteDatabase) -> int:
    """Frames with a commit mark in the WAL (its file format: 32 octets of head, 24 of each frame's, the mark at 4)."""
    wal = Path(db.path + "-wal").read_bytes()
    page = int.from_bytes(wal[8:12], "big")
    salts = wal[16:24]
    frames = (wal[at : at + 24] for at in range(32, len(wal), 24 + page))
    return sum(1 for frame in frames if frame[8:16] == salts and int.from_bytes(frame[4:8], "big"))


async def test_nobody_is_answered_before_the_commit(db: SqliteDatabase) -> None:
    gate = Gate()
    first = asyncio.ensure_future(keep(db, "a"))
    last = asyncio.ensure_future(db.write(gate.unit))
    await asyncio.to_thread(gate.entered.wait)
    if not first.done():  # both went into one group: the first is not answered while the second runs
        assert await names(db) == []
    gate.open()
    await asyncio.gather(first, last)
    assert await names(db) == ["a"]


async def test_a_commit_is_on_the_disk_before_it_is_told(db: SqliteDatabase) -> None:
    assert (await db.write(statement, "PRAGMA synchronous"))[0][0] == 2  # FULL: the WAL is synced at each commit
    assert (await db.write(statement, "PRAGMA journal_mode"))[0][0] == "wal"


async def test_what_was_cancelled_in_the_queue_is_not_run(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    going, staying = await handed_over(db, keep(db, "going"), keep(db, "staying"))
    going.cancel()
    gate.open()
    await asyncio.gather(holding, staying)
    assert await names(db) == ["staying"]


async def test_more_than_the_queue_holds_is_refused_as_full(db: SqliteDatabase) -> None:
    gate, holding = await held(db)
    tasks = await handed_over(db, *(keep(db, f"{n:02}") for n in range(30)))
    with pytest.raises(StoreFull):
        await keep(db, "d")
    gate.open()
    await asyncio.gather(holding, *tasks)
    assert await names(db) == [f"{n:02}" for n in range(30)]


# --- when the store cannot be used -----------------------------------------------------------------------------------


async def test_a_file_locked_by_another_process_is_unavailable_and_then_works_again(db: SqliteDatabase) -> None:
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert await refused(db) == [StoreUnavailable] * 3
    assert await names(db) == []  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    await keep(db, "z")
    assert await names(db) == ["z"]


async def test_a_file_that_may_only_be_read_is_unavailable(db: SqliteDatabase) -> None:
    await db.write(statement, "PRAGMA query_only = 1")
    assert await refused(db) == [StoreUnavailable] * 3
    assert await names(db) == []  # reading goes on


async def test_a_full_disk_is_full_and_temporary_and_then_works_again(db: SqliteDatabase) -> None:
    (pages,) = (await db.write(statement, "PRAGMA page_count"))[0]
    await db.write(statement, f"PRAGMA max_page_count = {pages + 3}")
    ended = await asyncio.gather(*(keep(db, f"{n:02}", "x" * 3000) for n in range(20)), return_exceptions=True)
    stored = [f"{n:02}" for n, end in enumerate(ended) if not isinstance(end, Exception)]
    assert {type(end) for end in ended} <= {list, StoreFull}
    assert len(stored) < 20
    assert await names(db) == stored
    await db.write(statement, "PRAGMA max_page_count = 1000000")
    await keep(db, "z")
    assert await names(db) == [*stored, "z"]


async def refused(db: SqliteDatabase) -> list[type[BaseException]]:
    """How three writes at once end."""
    ended = await asyncio.gather(*(keep(db, name) for name in "abc"), return_exceptions=True)
    assert all(isinstance(end, OdzewError) and end.temporary for end in ended)
    return [type(end) for end in ended if isinstance(end, BaseException)]


async def test_a_file_that_is_no_database_is_refused_for_good(tmp_path: Path, clock: FixedClock) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"Dear Sir or Madam, " * 1000)
    with pytest.raises(StoreError) as caught:
        SqliteDatabase(str(path), clock)
    assert not caught.value.temporary
    assert path.read_bytes() == b"Dear Sir or Madam, " * 1000


async def test_a_missing_directory_is_unavailable(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(StoreUnavailable):
        SqliteDatabase(str(tmp_path / "no such" / "odzew.db"), clock)


async def test_a_reading_unit_cannot_write(db: SqliteDatabase) -> None:
    with pytest.raises(StoreError):
        await db.read(statement, INSERT, "a", "1")
    assert await names(db) == []


async def test_a_reading_unit_sees_one_moment(db: SqliteDatabase) -> None:
    started, go_on = threading.Event(), threading.Event()

    def unit() -> Generator[Request, Any, tuple[int, int]]:
        first = yield Rows("SELECT count(*) FROM installation")
        started.set()
        go_on.wait()
        second = yield Rows("SELECT count(*) FROM installation")
        return first[0][0], second[0][0]

    reading = asyncio.ensure_future(db.read(unit))
    await asyncio.to_thread(started.wait)
    await keep(db, "a")
    go_on.set()
    assert await reading == (0, 0)
    assert await names(db) == ["a"]


# --- one server for each file ----------------------------------------------------------------------------------------


async def test_a_second_server_is_locked_out_until_the_first_has_closed(db: SqliteDatabase, tmp_path: Path, clock: FixedClock) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(db.path)
    second = SqliteDatabase(str(link), clock)
    try:
        db.lock_server()
        with pytest.raises(StoreError, match="already runs"):
            second.lock_server()
        await second.write(statement, INSERT, "a", "1")  # a command-line verb needs no lock
        await db.close()
        second.lock_server()
        assert await names(second) == ["a"]
    finally:
        await second.close()


async def test_a_lock_that_cannot_be_taken_is_our_error(db: SqliteDatabase, tmp_path: Path) -> None:
    (tmp_path / "odzew.db.lock").mkdir()
    with pytest.raises(StoreError, match="cannot be taken"):
        db.lock_server()


# --- the WAL ---------------------------------------------------------------------------------------------------------


async def test_the_wal_stays_short_under_readers_that_overlap(db: SqliteDatabase) -> None:
    """Both reader threads are kept busy without a pause while 100 MiB are written past them."""
    done = False
    reads = 0

    def some_reading() -> Generator[Request, Any, int]:
        rows = yield Rows("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT sum(i) FROM n")
        yield Rows("SELECT count(*) FROM installation")
        return int(rows[0][0])

    async def reader() -> None:
        nonlocal reads
        while not done:
            await db.read(some_reading)
            reads += 1

    readers = [asyncio.ensure_future(reader()) for _ in range(2 * sqlite.READERS)]
    longest = 0
    for n in range(400):
        await db.write(statement, INSERT + " ON CONFLICT (name) DO UPDATE SET value = excluded.value", str(n % 8), "x" * (256 << 10))
        longest = max(longest, size_of(db.path + "-wal"))
    done = True
    await asyncio.gather(*readers)
    assert reads > 0
    assert longest < 8 << 20


def size_of(path: str) -> int:
    return Path(path).stat().st_size


# --- hearing of other connections ------------------------------------------------------------------------------------


async def test_a_look_hears_of_others_writing_and_not_of_ours(db: SqliteDatabase) -> None:
    heard: list[str] = []
    db.listen(heard.append)
    await db.look()
    heard.clear()
    await keep(db, "ours")
    await db.look()
    assert heard == []
    other = sqlite3.connect(db.path, isolation_level=None)
    other.execute(INSERT, ("theirs", "1"))
    other.close()
    await db.look()
    await db.look()
    assert heard == [""]


WORDS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.lists(st.tuples(st.integers(-(1 << 63), (1 << 63) - 1), WORDS)))
def test_packed_rows_are_the_same_rows(found: list[tuple[int, str | None]]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (n INTEGER, words TEXT)")
    connection.executemany("INSERT INTO t VALUES (?, ?)", found)
    sql = "SELECT n, words FROM t WHERE n > ? ORDER BY n DESC, words, rowid LIMIT ?"
    plain = connection.execute(sql, (-9, 7)).fetchall()
    ((text,),) = connection.execute(packed_for_sqlite(sql, 2), (-9, 7))
    assert [tuple(row) for row in json.loads(text)] == plain
    connection.close()
