"""The PostgreSQL engine: asyncpg, a pool, one connection that listens."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import asyncpg

from odzew.clock import Clock
from odzew.errors import StoreError, StoreFull, StoreUnavailable
from odzew.store.db import Lock, MakeUnit, Many, Notify, Now, Request, Reserve, Rows
from odzew.store.migrate import MIGRATIONS, applied_names, refuse_newer
from odzew.store.words import for_postgres

CHANNEL = "odzew"
MIGRATION_LOCK = 0x0D2E11
LOCKS = 1024  # advisory locks that words share: a server has room for a few thousand, and a batch may name more words
AGAIN = 5  # times that a unit is run again after a deadlock

_Connection = Any  # asyncpg's connection, or its stand-in from a pool: the types do not share a base

# A unique violation is run again because the unit looked before it wrote: the next look sees what another process has written.
_RUN_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.UniqueViolationError)
_FULL = (asyncpg.DiskFullError, asyncpg.OutOfMemoryError)
_GONE = (
    asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError, asyncpg.PostgresSystemError, asyncpg.ReadOnlySQLTransactionError, asyncpg.LockNotAvailableError,
    asyncpg.InternalClientError,  # among others what asyncpg says when the connection ends between two of its steps
    OSError, TimeoutError,
)  # fmt: skip


_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
_ADDRESS = (ValueError, OverflowError)  # what asyncpg and asyncio say to an address that is none


def translate(error: Exception) -> StoreError:
    """The driver's error as one of ours."""
    if isinstance(error, asyncpg.DataError):
        # A value that cannot be stored; the words would quote it, and they go to the log.
        return StoreError(f"the database refused a value: {type(error).__name__}")
    # Without the details, which quote rows.
    words = error.args[0] if isinstance(error, asyncpg.PostgresError) and error.args else error
    if isinstance(error, _FULL):
        return StoreFull(f"the database is full: {words}")
    if isinstance(error, (*_GONE, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)):
        return StoreUnavailable(f"the database cannot be used now: {words}")
    return StoreError(f"the database refused: {words}")


class _Stateless(asyncpg.Connection):
    """A connection that is not reset when it goes back to the pool: units leave no state in the session, and a reset is a round trip."""

    def get_reset_query(self) -> str:
        return ""


class PostgresDatabase:
    """`store.db.Database` over a PostgreSQL server. `fixed` says that the injected clock stands in for the server's."""

    engine: Final = "postgres"
    shared: Final = True

    def __init__(self, dsn: str, clock: Clock, fixed: bool = False, size: int = 10) -> None:
        self._dsn = dsn
        self._clock = clock
        self._fixed = fixed
        self._size = size
        self._last_now = 0
        self._running = 0
        self._idle = asyncio.Event()
        self._closed = False
        self._pool: asyncpg.Pool[Any] | None = None
        self._opening = asyncio.Lock()
        self._heard: list[Callable[[str], None]] = []
        self._listener: _Connection | None = None

    # --- the seam ----------------------------------------------------------------------------------------------------

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        with self._taken():
            for again in range(AGAIN + 1):
                try:
                    async with (await self._ready()).acquire() as connection, connection.transaction():
                        return await self._run(connection, unit(*args))
                except _RUN_AGAIN as error:
                    if again == AGAIN:
                        raise translate(error) from error
                except _DRIVER as error:
                    raise translate(error) from error
        raise AssertionError("unreachable")

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        with self._taken():
            try:
                async with (await self._ready()).acquire() as connection:
                    return await self._run(connection, unit(*args))
            except _DRIVER as error:
                raise translate(error) from error

    async def version(self) -> int:
        return int(await self.read(_version))

    async def migrate(self) -> list[str]:
        done: list[str] = []
        try:
            async with (await self._ready()).acquire() as connection, connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", MIGRATION_LOCK)
                await connection.execute("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
                known = await connection.fetch("SELECT number, name FROM migrations")
                refuse_newer(known)
                for number, name, sql in MIGRATIONS["postgres"]:
                    if number not in applied_names(known):
                        await connection.execute(sql)
                        await connection.execute("INSERT INTO migrations (number, name) VALUES ($1, $2)", number, name)
                        done.append(name)
        except _DRIVER as error:
            raise translate(error) from error
        return done

    def listen(self, heard: Callable[[str], None]) -> None:
        self._heard.append(heard)

    async def look(self) -> None:
        """Keeps the listening connection alive; the counters in `changes` are read by the caller as a backstop."""
        if self._listener is not None and not self._listener.is_closed():
            return
        listener: _Connection | None = None
        try:
            listener = await asyncpg.connect(self._dsn)
            await listener.add_listener(CHANNEL, self._tell)
            if self._closed:
                raise StoreUnavailable("the database is closed")
        except BaseException as error:  # also a cancelled one: the connection is nobody's yet
            if listener is not None:
                listener.terminate()
            if isinstance(error, (*_DRIVER, *_ADDRESS)):
                raise translate(error) from error
            raise
        self._listener = listener
        for heard in self._heard:
            heard("")

    async def close(self) -> None:
        self._closed = True
        if self._listener is not None:
            with suppress(*_DRIVER):
                await self._listener.close()
        self._idle.clear()
        if self._running:
            await self._idle.wait()
        if self._pool is not None:
            with suppress(*_DRIVER):
                await self._pool.close()

    async def require_durable(self) -> None:
        """StoreError where the server would acknowledge a commit that is not on its disk."""
        for name in ("fsync", "synchronous_commit"):
            rows = await self.read(_setting, name)
            if rows[0][0] == "off":
                raise StoreError(f"PostgreSQL runs with {name} = off: a commit would not be safe, switch it on")

    # --- within ------------------------------------------------------------------------------------------------------

    @contextmanager
    def _taken(self) -> Iterator[None]:
        """Counts a unit in and out, so that `close` can wait for it."""
        if self._closed:
            raise StoreUnavailable("the database is closed")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def _ready(self) -> asyncpg.Pool[Any]:
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._new_pool()
        return self._pool

    async def _new_pool(self) -> asyncpg.Pool[Any]:
        try:
            pool = asyncpg.create_pool(self._dsn, min_size=1, max_size=self._size, command_timeout=60, connection_class=_Stateless)
            try:
                await pool
            except BaseException:  # also a cancelled one: what is half open belongs to nobody
                pool.terminate()
                raise
            return pool
        except _ADDRESS as error:
            raise StoreError(f"the address of the database cannot be used: {error}") from None

    def _tell(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        for heard in self._heard:
            heard(str(payload))

    async def _run(self, connection: _Connection, unit: Generator[Request, Any, Any]) -> Any:
        answer: Any = None
        try:
            while True:
                answer = await self._perform(connection, unit.send(answer))
        except StopIteration as end:
            return end.value
        finally:
            unit.close()

    async def _perform(self, connection: _Connection, request: Request) -> Any:
        if isinstance(request, Rows):
            return await connection.fetch(for_postgres(request.sql), *request.parameters)
        if isinstance(request, Many):
            await connection.executemany(for_postgres(request.sql), request.rows)
            return None
        if isinstance(request, Reserve):
            sql = f"SELECT nextval('{request.table}_ids') FROM generate_series(1, $1)"
            return sorted(row[0] for row in await connection.fetch(sql, request.n))
        if isinstance(request, Now):
            read = self._clock.now() if self._fixed else await connection.fetchval(_NOW)
            self._last_now = max(self._last_now, read)
            return self._last_now
        if isinstance(request, Lock):
            keys = sorted({zlib.crc32(word.encode("utf-8", "surrogatepass")) % LOCKS for word in request.words})
            return await connection.execute("SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k", keys)
        assert isinstance(request, Notify)
        return await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, request.name)


_NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


def _setting(name: str) -> Generator[Request, Any, Any]:
    return (yield Rows("SELECT current_setting(?)", (name,)))


def _version() -> Generator[Request, Any, int]:
    rows = yield Rows("SELECT to_regclass('migrations') IS NOT NULL")
    if not rows[0][0]:
        return 0
    rows = yield Rows("SELECT coalesce(max(number), 0) FROM migrations")
    return int(rows[0][0])
