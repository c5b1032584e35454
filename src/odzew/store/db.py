"""The seam: one database, two engines.

A unit of work is a plain generator that yields requests and is sent what they gave. It does no I/O of its own, so the same
unit runs in SQLite's writer thread and over asyncpg. The seam is handed the function that makes the generator, because a
deadlock or a busy file runs it again from the start.

    def rename(account_id, name):
        rows = yield Rows("SELECT name FROM accounts WHERE id = ?", (account_id,))
        if rows and rows[0][0] != name:
            yield Rows("UPDATE accounts SET name = ? WHERE id = ?", (name, account_id))
        return bool(rows)

    found = await db.write(rename, 7, "acme")

SQL is the subset that both engines share, with `?` for a parameter and the words of `store.words` where they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Row = Sequence[Any]
Outcome = list[Row]


@dataclass(slots=True)
class Rows:
    """One statement; the unit is sent its rows (none for a statement without RETURNING)."""

    sql: str
    parameters: Sequence[Any] = ()
    packed: int = 0
    """The number of columns, where many short rows of texts and whole numbers are expected: SQLite then hands them over at once."""


@dataclass(slots=True)
class Many:
    """One statement run with each tuple of `rows`; no rows come back."""

    sql: str
    rows: Sequence[Sequence[Any]]


@dataclass(slots=True)
class Reserve:
    """`n` ids of a table, growing; the unit is sent them as a list of ints. Ids are never handed out twice."""

    table: str
    n: int


@dataclass(slots=True)
class Now:
    """The instant by the database's clock; the unit is sent an int of microseconds. One process never goes back."""


@dataclass(slots=True)
class Lock:
    """Locks words until the end of the transaction; nothing to do where there is one writer only.

    A second Lock in a unit may name only words that the first one holds: so no two units wait for each other in a circle.
    """

    words: Sequence[str]


@dataclass(slots=True)
class Notify:
    """Tells all processes, once committed, that what `name` stands for has changed. `store.changes.bump` is what units use."""

    name: str


Request = Rows | Many | Reserve | Now | Lock | Notify
Unit = Generator[Request, Any, Any]
MakeUnit = Callable[..., Generator[Request, Any, Any]]


def lengthy(unit: MakeUnit) -> MakeUnit:
    """Marks a unit that writes much and that nobody waits for urgently: what is acknowledged to a network never queues behind several."""
    unit.lengthy = True  # type: ignore[attr-defined]  # functions may carry attributes, their type does not say so
    return unit


def is_lengthy(unit: MakeUnit) -> bool:
    """Whether the unit was marked so."""
    return getattr(unit, "lengthy", False)


class Database(Protocol):
    """What an engine offers. All methods may raise `StoreError`; the temporary ones mean that the same call may succeed later."""

    @property
    def engine(self) -> Literal["sqlite", "postgres"]:
        """Which engine it is."""

    @property
    def shared(self) -> bool:
        """True where other server processes may write to the same database."""

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        """Runs the unit in a transaction and returns its value once the commit is on the disk."""

    async def read(self, unit: MakeUnit, *args: Any) -> Any:
        """Runs a unit that only reads and returns its value."""

    async def version(self) -> int:
        """The number of the newest migration applied; 0 for an empty database."""

    async def migrate(self) -> list[str]:
        """Applies what is missing under a lock and returns the names of what was applied."""

    def listen(self, heard: Callable[[str], None]) -> None:
        """Calls `heard(name)` when another connection notified; on SQLite `name` is '' (anything may have changed)."""

    async def look(self) -> None:
        """Keeps watch for what other connections changed; called every half second."""

    async def close(self) -> None:
        """Ends in order: what was taken is finished first."""


def reserve(table: str, n: int) -> Generator[Request, Any, list[int]]:
    """`n` ids of `table`, for `yield from`."""
    ids: list[int] = yield Reserve(table, n)
    return ids


def one(sql: str, *parameters: Any) -> Generator[Request, Any, Row | None]:
    """The first row or None, for `yield from`."""
    rows: Outcome = yield Rows(sql, parameters)
    return rows[0] if rows else None


def statement(sql: str, *parameters: Any) -> Generator[Request, Any, Outcome]:
    """A whole unit of one statement: `await db.read(statement, "SELECT ...", ...)`."""
    rows: Outcome = yield Rows(sql, parameters)
    return rows
