"""The SQLite engine: one writer thread, a few reader threads, WAL with `synchronous=FULL`.

The writer takes every unit that is waiting, runs each under a savepoint of its own in one transaction, commits once and only
then answers: group commit without a timer. A unit that fails is rolled back alone. Lengthy units get a transaction each, between
the groups of the others. A whole unit costs one hop between
threads, not one for each statement.

The standard library's sqlite3 only: two copies of SQLite in one process would undo each other's POSIX locks.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any, Final

from odzew.clock import Clock
from odzew.errors import StoreError, StoreFull, StoreUnavailable
from odzew.store.bulk import many, rows
from odzew.store.db import Lock, MakeUnit, Many, Notify, Now, Request, Reserve, Rows, is_lengthy
from odzew.store.migrate import MIGRATIONS, applied_names, refuse_newer
from odzew.store.words import for_sqlite

GROUP = 64  # units in one transaction
QUEUE = 10_000  # units waiting for the writer; more is StoreFull
WAL_BYTES = 16 << 20  # beyond this the writer resets the WAL, so that readers that overlap cannot make it grow for ever
BUSY_MS = 5_000
READERS = 2

_Task = tuple[MakeUnit, tuple[Any, ...], asyncio.AbstractEventLoop, "asyncio.Future[Any]"]


def connect(path: str, busy_ms: int = BUSY_MS) -> sqlite3.Connection:
    """A connection with our settings. Transactions are begun and ended by hand."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.execute(f"PRAGMA busy_timeout = {busy_ms}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -16384")
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def translate(error: Exception) -> Exception:
    """The driver's error as one of ours; what is not the driver's stays as it is."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if code is not None else None
    if primary == sqlite3.SQLITE_FULL:
        return StoreFull("the disk of the database is full")
    if primary in _TEMPORARY:
        return StoreUnavailable(f"the database cannot be used now: {error}")
    return StoreError(f"the database refused: {error}")


_TEMPORARY = frozenset(
    (
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
    )
)  # fmt: skip


class SqliteDatabase:
    """`store.db.Database` over one SQLite file."""

    engine: Final = "sqlite"
    shared: Final = False

    def __init__(
        self,
        path: str,
        clock: Clock,
        readers: int = READERS,
        busy_ms: int = BUSY_MS,
        wal_bytes: int = WAL_BYTES,
        longest_queue: int = QUEUE,
    ) -> None:
        self.path = path
        self._clock = clock
        self._busy_ms = busy_ms
        self._wal_bytes = wal_bytes
        self._longest_queue = longest_queue
        self._last_now = 0
        self._data_version = 0
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._heard: list[Callable[[str], None]] = []
        self._server_lock: int | None = None
        self._closed = False
        try:
            self._writer = connect(path, busy_ms)
        except sqlite3.Error as error:
            raise translate(error) from error
        self._threads = [threading.Thread(target=self._write_loop, name="odzew-writer", daemon=True)]
        self._threads += [threading.Thread(target=self._read_loop, name=f"odzew-reader-{i}", daemon=True) for i in range(readers)]
        self._readers = readers
        for thread in self._threads:
            thread.start()

    # --- the seam ----------------------------------------------------------------------------------------------------

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        if self._tasks.qsize() >= self._longest_queue:
            raise StoreFull("too many changes are waiting for the database")
        return await self._hand_over(self._tasks, unit, args)

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        return await self._hand_over(self._reads, unit, args)

    async def version(self) -> int:
        return int(await self.read(_version))

    async def migrate(self) -> list[str]:
        return await asyncio.to_thread(migrate_file, self.path)

    def listen(self, heard: Callable[[str], None]) -> None:
        self._heard.append(heard)

    async def look(self) -> None:
        """Tells the listeners if another connection has written since the last look. Called every half second."""
        before, self._data_version = self._data_version, await self.write(_data_version)
        if before != self._data_version:
            for heard in self._heard:
                heard("")

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._tasks.put(None)
        for _ in range(self._readers):
            self._reads.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self.unlock_server()

    # --- one server for each file ------------------------------------------------------------------------------------

    def lock_server(self) -> None:
        """Keeps out a second server on the same file; StoreError if there is one. Command-line verbs do not need it."""
        try:
            # Beside the file itself: a symbolic link is no second database.
            handle = os.open(os.path.realpath(self.path) + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"the lock beside {self.path} cannot be taken: {error.strerror}") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreError(f"another odzew serve already runs on {self.path}") from None
        self._server_lock = handle

    def unlock_server(self) -> None:
        if self._server_lock is not None:
            os.close(self._server_lock)
            self._server_lock = None

    # --- threads -----------------------------------------------------------------------------------------------------

    async def _hand_over(self, tasks: queue.SimpleQueue[_Task | None], unit: MakeUnit, args: tuple[Any, ...]) -> Any:
        if self._closed:
            raise StoreUnavailable("the database is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        tasks.put((unit, args, loop, future))
        return await future

    def _write_loop(self) -> None:
        lengthy: deque[_Task] = deque()
        open_ = True
        while open_ or lengthy:
            group, open_ = self._next_group(lengthy) if open_ else ([], False)
            for tasks in (group, [lengthy.popleft()] if lengthy else []):
                if tasks:
                    _answer(self._write_group(tasks))
                    self._keep_wal_short()  # after the answers: nobody waits for it
        with contextlib.suppress(sqlite3.Error):
            self._writer.execute("PRAGMA optimize")
        self._writer.close()

    def _next_group(self, lengthy: deque[_Task]) -> tuple[list[_Task], bool]:
        """The short units that wait, and whether more may come. Lengthy ones are set aside: one follows each group, alone."""
        group: list[_Task] = []
        while len(group) < GROUP:
            try:
                task = self._tasks.get(block=not group and not lengthy)
            except queue.Empty:
                break
            if task is None:
                return group, False
            (lengthy if is_lengthy(task[0]) else group).append(task)
        return group, True

    def _write_group(self, group: list[_Task]) -> list[tuple[_Task, Any, Exception | None]]:
        done: list[tuple[_Task, Any, Exception | None]] = []
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for task in group:
                done.append((task, *self._under_savepoint(task, alone=len(group) == 1)))
            self._writer.execute("COMMIT")
        except Exception as error:  # the whole transaction is gone: nobody may be told that it is safe
            ours = translate(error)
            with contextlib.suppress(sqlite3.Error):
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
            return [(task, None, ours) for task in group]
        return done

    def _under_savepoint(self, task: _Task, alone: bool) -> tuple[Any, Exception | None]:
        unit, args, _, future = task
        if future.cancelled():
            return None, None
        if not alone:
            self._writer.execute("SAVEPOINT unit")
        try:
            value = self._run(self._writer, unit(*args))
        except Exception as error:
            if not self._writer.in_transaction or alone:
                raise  # a full disk ends the transaction by itself; a unit alone takes its transaction with it
            self._writer.execute("ROLLBACK TO unit")
            self._writer.execute("RELEASE unit")
            return None, translate(error)
        if not alone:
            self._writer.execute("RELEASE unit")
        return value, None

    def _keep_wal_short(self) -> None:
        try:
            size = os.stat(self.path + "-wal").st_size
        except OSError:
            return
        if size > self._wal_bytes:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("PRAGMA busy_timeout = 50")
                try:
                    self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                finally:
                    self._writer.execute(f"PRAGMA busy_timeout = {self._busy_ms}")

    def _read_loop(self) -> None:
        connection: sqlite3.Connection | None = None
        while (task := self._reads.get()) is not None:
            unit, args, _, future = task
            if future.cancelled():
                continue
            value, fault = None, None
            try:
                if connection is None:
                    connection = connect(self.path, self._busy_ms)
                    connection.execute("PRAGMA query_only = 1")
                connection.execute("BEGIN")
                try:
                    value = self._run(connection, unit(*args))
                finally:
                    if connection.in_transaction:
                        connection.execute("COMMIT")
            except Exception as error:
                fault = translate(error)
                if connection is not None and connection.in_transaction:  # its end failed too: the next read gets a new one
                    connection.close()
                    connection = None
            _answer([(task, value, fault)])
        if connection is not None:
            connection.close()

    # --- requests ----------------------------------------------------------------------------------------------------

    def _run(self, connection: sqlite3.Connection, unit: Generator[Request, Any, Any]) -> Any:
        answer: Any = None
        try:
            while True:
                answer = self._perform(connection, unit.send(answer))
        except StopIteration as end:
            return end.value
        finally:
            unit.close()

    def _perform(self, connection: sqlite3.Connection, request: Request) -> Any:
        if isinstance(request, Rows | Many):
            try:
                if isinstance(request, Rows):
                    return rows(connection, request)
                many(connection, for_sqlite(request.sql), request.rows)
                return None
            except (OverflowError, UnicodeEncodeError) as error:  # over 64 bits, a lone surrogate
                raise StoreError(f"a value cannot be stored: {error}") from error
        if isinstance(request, Reserve):
            sql = "UPDATE sequences SET next = next + ? WHERE name = ? RETURNING next"
            (end,) = connection.execute(sql, (request.n, request.table)).fetchall()[0]
            return list(range(end - request.n, end))
        if isinstance(request, Now):
            self._last_now = max(self._last_now, self._clock.now())
            return self._last_now
        assert isinstance(request, Lock | Notify)  # one writer: nothing to lock, and data_version tells the others
        return None


def _answer(done: list[tuple[_Task, Any, Exception | None]]) -> None:
    """Hands the values back, with one wake-up for each loop that waits (in practice one)."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any, Exception | None]]] = {}
    for (_, _, loop, future), value, fault in done:
        by_loop.setdefault(loop, []).append((future, value, fault))
    for loop, answers in by_loop.items():
        with contextlib.suppress(RuntimeError):  # that loop has been closed: nobody waits any more
            loop.call_soon_threadsafe(_settle, answers)


def _settle(answers: list[tuple[asyncio.Future[Any], Any, Exception | None]]) -> None:
    for future, value, fault in answers:
        if future.done():
            continue
        if fault is None:
            future.set_result(value)
        else:
            future.set_exception(fault)


def _version() -> Generator[Request, Any, int]:
    rows = yield Rows("SELECT 1 FROM sqlite_master WHERE name = 'migrations'")
    if not rows:
        return 0
    rows = yield Rows("SELECT coalesce(max(number), 0) FROM migrations")
    return int(rows[0][0])


def _data_version() -> Generator[Request, Any, int]:
    """On the writer's connection it moves only when another connection, so another process, commits."""
    rows = yield Rows("PRAGMA data_version")
    return int(rows[0][0])


def migrate_file(path: str) -> list[str]:
    """Applies the missing migrations, each in a transaction, under SQLite's own write lock; gives the names applied."""
    if Path(path).parent != Path() and not Path(path).parent.is_dir():
        raise StoreUnavailable(f"there is no directory {Path(path).parent}")
    try:
        connection = connect(path)
        try:
            done: list[str] = []
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
            known = connection.execute("SELECT number, name FROM migrations").fetchall()
            refuse_newer(known)
            for number, name, sql in MIGRATIONS["sqlite"]:
                if number in applied_names(known):
                    continue
                for statement in statements(sql):
                    connection.execute(statement)
                connection.execute("INSERT INTO migrations (number, name) VALUES (?, ?)", (number, name))
                done.append(name)
            connection.execute("COMMIT")
            return done
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translate(error) from error


def statements(script: str) -> list[str]:
    """The statements of a script, whole (executescript would commit between them)."""
    found, piece = [], ""
    for line in script.splitlines(keepends=True):
        piece += line
        if sqlite3.complete_statement(piece):
            found.append(piece)
            piece = ""
    return found
