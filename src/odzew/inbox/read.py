"""Reading and marking what the pull API offers (contract 2, "Read").

An answer is read in windows, each in a short transaction of its own; no transaction is open while a client is written to. With
`read` each window is selected and marked before it is sent, and the answer is an open pull until the client has it: then the
pull is closed, or else taken back. What comes in after the start is not part of an answer, so that every answer ends.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from odzew.clock import Clock
from odzew.errors import StoreError
from odzew.inbox.estimate import Estimates
from odzew.inbox.freshness import Freshness, Version
from odzew.store import attachments, contacts, pulls, unread
from odzew.store.attachments import AttachmentHead
from odzew.store.db import Database, Request, Row, lengthy
from odzew.store.unread import Filter, Span

MMS: Final = "mms"
BETWEEN_TRIES: Final = 1.0  # seconds, to close a pull or to take it back while the database is away
FEWEST: Final = 100  # messages marked at once, at first and where texts are long: a short transaction
TEXT_MARKED: Final = 256 * 1024  # characters of texts marked at once; each row is written anew with its text

log = structlog.get_logger("odzew.read")


@dataclass(slots=True, frozen=True)
class Ask:
    """What a client asks for. Without `limit` everything; with it `page` (from 1), which `read` does not heed."""

    wanted: Filter
    read: bool = False
    contacts: bool = False
    limit: int | None = None
    page: int = 1


@dataclass(slots=True)
class Window:
    """Some messages in order: rows as `store.unread` gives them, attachments by message, contacts by sender."""

    rows: list[Row] = field(default_factory=list)
    cut: bool = False
    attachments: dict[int, list[AttachmentHead]] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    total: int | None = None
    newest_id: int | None = None
    pull: int | None = None


class Reader:
    """Opens answers for one server process, whose name its pulls carry, and ends them in the background."""

    def __init__(self, db: Database, clock: Clock, freshness: Freshness, process: str) -> None:
        self.db = db
        self.clock = clock
        self.freshness = freshness
        self.estimates = Estimates()
        self.process = process
        self.stopping = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)

    async def open(self, ask: Ask) -> Reading:
        """The answer with its first window read (and marked). StoreError; then nothing is left marked."""
        reading = Reading(self, ask)
        try:
            await reading.start()
        except BaseException:
            reading.broken()
            raise
        return reading

    async def take_back_open(self, live: Collection[str] = ()) -> int:
        """Takes back all open pulls but those of live processes, and says how many: at start, or when a process is gone."""
        found: list[int] = await self.db.read(pulls.open_pulls, live)
        for pull in found:
            await self.take_back(pull)
        return len(found)

    async def take_back(self, pull: int) -> None:
        """Offers again what a pull has marked, a window at a time."""
        while (account := await self.db.write(pulls.take_back_window, pull)) is not None:
            self.freshness.touch((account,))

    async def slices(self, attachment: int) -> AsyncIterator[bytes]:
        """The octets of an attachment, each slice read by itself."""
        position = 0
        while (octets := await self.db.read(attachments.slice_of, attachment, position)) is not None:
            yield octets
            position += 1

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Ends a pull while the client already has its answer; `close` waits for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Waits until every pull that has been sent, or broken off, is ended; with the database away, each is tried once more."""
        self.stopping.set()
        await self.settled()

    async def settled(self) -> None:
        """Waits until nothing is ended in the background."""
        while self._ending:
            await asyncio.wait(set(self._ending))

    def owner(self) -> str:
        """A name for one pull of this process."""
        return f"{self.process}#{next(self._numbers)}"

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # It is still open, so it is taken back at the next start: offered twice, never lost.
            log.error("pull_not_ended", error=str(error))


class Reading:
    """One answer on its way. Ask for windows until None, then say `sent`; or `broken` where the client did not get it all."""

    def __init__(self, reader: Reader, ask: Ask) -> None:
        self.window = Window()
        self.pages = 1
        self._reader = reader
        self._ask = ask
        self._after: unread.Cursor | None = None
        self._bound: int | None = None
        self._left = ask.limit
        self._more = True
        self._pull: int | None = None
        self._position = 0
        self._marked_at_once = FEWEST
        self._marking: asyncio.Task[Window] | None = None
        self._owner = reader.owner() if ask.read else ""

    @property
    def marks(self) -> bool:
        """True when it matters whether the client gets the answer."""
        return self._pull is not None

    @property
    def complete(self) -> bool:
        """True when the present window is the last."""
        return not self._more

    async def start(self) -> None:
        """Reads the first window; counts the pages where there is a limit."""
        ask, freshness = self._ask, self._reader.freshness
        counted = _countable(ask.wanted)
        known = freshness.count(counted)
        skip = 0 if ask.limit is None or ask.read else (ask.page - 1) * ask.limit
        if known is not None and known <= skip:
            self._more = False
            self.pages = _pages(known, ask.limit)
            return
        if known is None and not ask.read:
            known = self._estimate(counted)
        version, unmarked = freshness.version(ask.wanted.account_id), freshness.unmarked(ask.wanted.account_id)
        self.window = await self._next_window(Span(unread.WINDOW, None, None, skip), count=known is None)
        total = self.window.total
        if total is not None:
            self._counted(counted, total, version, unmarked)
        elif ask.limit is not None and ask.read and known is None and self.window.rows:
            total = len(self.window.rows) + await self._count_left(counted)
        self.pages = _pages(known if total is None else total, ask.limit)

    async def next(self) -> Window | None:
        """The next window, read (and marked) now; None after the last."""
        if not self._more:
            return None
        self.window = await self._next_window(Span(unread.WINDOW, self._after, self._bound), count=False)
        return self.window if self.window.rows else None

    def sent(self) -> None:
        """The client has it all: the pull closes, and nobody waits for it."""
        if self._pull is not None:
            self._reader.in_background(self._try(self._close))

    def broken(self) -> None:
        """The client did not get it all: everything that was marked is offered again."""
        if self._pull is not None or self._marking is not None:
            self._reader.in_background(self._try(self._take_back))

    # --- windows -----------------------------------------------------------------------------------------------------

    async def _next_window(self, span: Span, count: bool) -> Window:
        if self._left is not None:
            span = replace(span, limit=min(span.limit, self._left))
        if self._ask.read:
            span = replace(span, limit=min(span.limit, self._marked_at_once), lock=True)
            window = await self._mark(span)
            self._marked_at_once = _marked_at_once(window.rows)
        else:
            window = await self._reader.db.read(_read_window, self._ask, span, count)
        rows = window.rows
        if self._left is not None:
            self._left -= len(rows)
        self._more = bool(rows) and (window.cut or len(rows) == span.limit) and self._left != 0
        if rows:
            self._after = (rows[-1][unread.RECEIVED_AT], rows[-1][unread.ID])
        if self._bound is None:
            self._bound = window.newest_id
        return window

    async def _mark(self, span: Span) -> Window:
        """Marks in a task of its own: a caller who is cancelled must still learn what has been marked."""
        reader, account = self._reader, self._ask.wanted.account_id
        counted = _countable(self._ask.wanted)
        known, version = reader.freshness.count(counted), reader.freshness.version(account)
        mark = _mark_window if span.limit <= FEWEST else _mark_long_window
        unit = reader.db.write(mark, self._ask, span, self._owner, self._pull, self._position)
        self._marking = asyncio.get_running_loop().create_task(unit)
        window = await asyncio.shield(self._marking)
        self._marking = None
        self._position += 1
        self._pull = window.pull
        if window.rows:
            reader.freshness.marked(counted, version, known, len(window.rows))
            reader.estimates.taken(counted, len(window.rows))
        elif span.after is None:
            reader.freshness.remember(counted, version, 0)
        return window

    async def _count_left(self, counted: Filter) -> int:
        if not self._more and len(self.window.rows) < (self._ask.limit or 0):
            return 0
        if (known := self._estimate(counted)) is not None:
            return known
        freshness, account = self._reader.freshness, counted.account_id
        version, unmarked = freshness.version(account), freshness.unmarked(account)
        left: int = await self._reader.db.read(unread.count, counted)
        self._counted(counted, left, version, unmarked)
        return left

    def _estimate(self, counted: Filter) -> int | None:
        reader = self._reader
        return reader.estimates.left(counted, reader.freshness.unmarked(counted.account_id), reader.clock.monotonic())

    def _counted(self, counted: Filter, count: int, version: Version, unmarked: object) -> None:
        self._reader.freshness.remember(counted, version, count)
        self._reader.estimates.counted(counted, count, unmarked, self._reader.clock.monotonic())

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _close(self) -> None:
        if self._pull is not None:
            await self._reader.db.write(pulls.close, self._pull)
            self._pull = None

    async def _take_back(self) -> None:
        if self._marking is not None:
            with suppress(StoreError):
                self._pull = (await self._marking).pull
                self._marking = None
        if self._pull is None and self._marking is not None:
            # Its commit may have been done although the answer got lost.
            self._pull = await self._reader.db.read(pulls.owned_by, self._owner)
        self._marking = None
        if self._pull is not None:
            await self._reader.take_back(self._pull)
            self._pull = None

    async def _try(self, end: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            stopping = self._reader.stopping.is_set()
            try:
                return await end()
            except StoreError as error:
                if not error.temporary or stopping:
                    raise
                await self._reader.clock.wait(self._reader.stopping, BETWEEN_TRIES)


def _read_window(ask: Ask, span: Span, count: bool) -> Generator[Request, Any, Window]:
    window = yield from _filled(ask, span)
    end = span.skip + len(window.rows)
    if ask.limit is None:
        yield from _bound(window, ask, span)
        if count and not window.rows:
            window.total = 0
    elif count:
        whole = not window.cut and len(window.rows) < min(span.limit, ask.limit) and (window.rows or not span.skip)
        window.total = end if whole else (yield from unread.count(_countable(ask.wanted)))
    return window


def _mark_window(ask: Ask, span: Span, owner: str, pull: int | None, position: int) -> Generator[Request, Any, Window]:
    window = yield from _filled(ask, span)
    yield from _bound(window, ask, span)
    window.pull = pull
    if window.rows:
        if window.pull is None:
            window.pull = yield from pulls.begin(ask.wanted.account_id, owner)
        yield from pulls.add_window(window.pull, position, [row[unread.ID] for row in window.rows])
    return window


@lengthy
def _mark_long_window(*args: Any) -> Generator[Request, Any, Window]:
    return (yield from _mark_window(*args))


def _marked_at_once(rows: Sequence[Row]) -> int:
    """How many messages like these are marked in one transaction, so that it is a short one."""
    characters = sum(len(row[unread.TEXT]) for row in rows)
    return max(FEWEST, min(unread.WINDOW, TEXT_MARKED * len(rows) // characters if characters else unread.WINDOW))


def _bound(window: Window, ask: Ask, span: Span) -> Generator[Request, Any, None]:
    """What was there at the start has an id up to the newest one of that moment: where an answer of everything goes on, it ends there."""
    if ask.limit is None and span.after is None and (window.cut or len(window.rows) == span.limit):
        window.newest_id = yield from unread.newest_id()


def _filled(ask: Ask, span: Span) -> Generator[Request, Any, Window]:
    """Messages with what belongs to them, all of it seen at one moment."""
    rows, cut = yield from unread.window(ask.wanted, span)
    window = Window(rows, cut)
    if multimedia := [row[unread.ID] for row in rows if row[unread.KIND] == MMS]:
        window.attachments = yield from attachments.of_messages(multimedia)
    if ask.contacts and rows:
        senders = sorted({row[unread.SENDER] for row in rows})
        window.contacts = yield from contacts.of_senders(ask.wanted.account_id, senders)
    return window


def _countable(wanted: Filter) -> Filter:
    """The filter under which a count is remembered: the order does not matter to it."""
    return replace(wanted, newest_first=False) if wanted.newest_first else wanted


def _pages(total: int | None, limit: int | None) -> int:
    return max(1, -(-total // limit)) if total and limit else 1
