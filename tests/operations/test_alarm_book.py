"""The book of alarms: a line as soon as something is wrong, what became of its letters, and nothing lost while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from odzew.clock import SECOND, FixedClock
from odzew.errors import StoreUnavailable
from odzew.forward.note import NotMailed
from odzew.model import Account
from odzew.operations import alarm_book
from odzew.operations.alarms import AGAIN, GATHERED, Alarm, Alarms
from odzew.store.alarms import AlarmRow, Letter, page
from odzew.store.db import Database, MakeUnit
from odzew.store.directory import Directory
from odzew.store.inbox_lines import EVERYBODY
from tests.forward.inline import turn

OPERATOR, OWNER = ("noc@odzew.example",), ("it@acme.example", "boss@acme.example")


class Away:
    """The database, which can be away."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.away = False

    async def write(self, unit: MakeUnit, *args: Any) -> Any:
        if self.away:
            raise StoreUnavailable("the database is away")
        return await self._db.write(unit, *args)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


class House:
    """Alarms with a book and a post office whose answer can be chosen."""

    def __init__(self, db: Database, clock: FixedClock, operator: Sequence[str] = OPERATOR, own: Sequence[str] = OWNER) -> None:
        self.db, self.clock = Away(db), clock
        self.answer: Exception | str | None = None
        self.kept_before: list[int] = []  # alarms in the book when a letter was handed over
        directory = Directory(accounts={1: Account(1, "acme", alarm_to=tuple(own)), 2: Account(2, "other")})
        self.alarms = Alarms(clock, lambda: directory, operator, self.send, self.db)

    async def send(self, to: Sequence[str], subject: str, text: str) -> str | None:
        self.kept_before.append(len((await self.db.read(page, EVERYBODY))[0]))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def tell(self, kind: str = "failing", account: int | None = 1, about: str = "target 7") -> None:
        self.alarms.tell(Alarm(kind, about, f"it is {kind}", self.clock.now(), account, 7))

    async def after(self, seconds: float) -> list[AlarmRow]:
        """What is in the book after so many seconds, the oldest first."""
        self.clock.advance(seconds)
        await self.alarms.send_due()
        rows, _ = await self.db.read(page, EVERYBODY)
        return list(rows[::-1])


@pytest.fixture
def house(db: Database, clock: FixedClock) -> House:
    return House(db, clock)


async def test_it_stands_in_the_book_before_its_letters_leave(house: House) -> None:
    begun = house.clock.now()
    house.tell()
    (row,) = await house.after(0)
    assert row == AlarmRow(row.id, begun, 1, 7, "failing", "target 7", "it is failing")
    (row,) = await house.after(GATHERED)
    now = house.clock.now()
    letters = {"operator": Letter("operator", OPERATOR, "taken", now), "account": Letter("account", OWNER, "taken", now)}
    assert (row.told_at, row.letters) == (now, letters)


async def test_those_of_one_kind_are_one_line_with_their_number(house: House) -> None:
    for _ in range(30):
        house.tell("exhausted")
    house.tell("paused")
    assert [(row.kind, row.times) for row in await house.after(GATHERED)] == [("exhausted", 30), ("paused", 1)]
    house.tell("exhausted")
    assert [(row.kind, row.times, bool(row.letters)) for row in await house.after(3_600)] == [
        ("exhausted", 30, True), ("paused", 1, True), ("exhausted", 1, True),
    ]  # fmt: skip


# what the mail server does, and what is kept of it
ANSWERS: tuple[tuple[Exception | str | None, str, str], ...] = (
    (None, "taken", ""),
    ("", "taken", ""),
    ("not to boss@acme.example: 550 unknown", "taken", "not to boss@acme.example: 550 unknown"),
    (NotMailed("smtp_5xx: 554 no"), "refused", "smtp_5xx: 554 no"),
    (OSError("gone"), "refused", "OSError: gone"),
)


@pytest.mark.parametrize(("answer", "state", "said"), ANSWERS)
async def test_what_the_mail_server_did_is_kept(house: House, answer: Exception | str | None, state: str, said: str) -> None:
    house.answer = answer
    house.tell()
    (row,) = await house.after(GATHERED)
    assert {(one.state, one.said, one.tries) for one in row.letters.values()} == {(state, said, 1)}


async def test_a_letter_that_is_tried_again_says_so(house: House) -> None:
    house.answer = NotMailed("timeout_connect: no answer")
    house.tell(account=None)
    await house.after(GATHERED)
    await house.after(AGAIN)
    house.answer = None
    (row,) = await house.after(AGAIN)
    assert row.letters == {"operator": Letter("operator", OPERATOR, "taken", house.clock.now(), 3)}


@pytest.mark.parametrize(
    ("operator", "own", "account", "letters"),
    [
        (OPERATOR, OWNER, 1, {"operator": OPERATOR, "account": OWNER}),
        (OPERATOR, OWNER, 2, {"operator": OPERATOR}),
        (OPERATOR, OWNER, None, {"operator": OPERATOR}),
        ((), OWNER, 1, {"account": OWNER}),
        ((), (), 1, {}),
        (OWNER, OWNER, 1, {"operator": OWNER, "account": OWNER}),
    ],
)
async def test_whose_letters_there_are(
    db: Database, clock: FixedClock, operator: Sequence[str], own: Sequence[str], account: int | None, letters: dict[str, tuple[str, ...]]
) -> None:
    house = House(db, clock, operator, own)
    house.tell(account=account)
    (row,) = await house.after(GATHERED)
    assert {name: one.addresses for name, one in row.letters.items()} == letters
    assert row.told_at == clock.now()


async def test_without_a_mail_server_that_is_what_is_kept(db: Database, clock: FixedClock) -> None:
    alarms = Alarms(clock, Directory, OPERATOR, None, db)
    alarms.tell(Alarm("failing", "source a", "it fails", clock.now()))
    clock.advance(GATHERED)
    await alarms.send_due()
    ((row,), _) = await db.read(page, EVERYBODY)
    assert [(one.state, one.addresses) for one in row.letters.values()] == [("no_server", OPERATOR)]


async def test_what_cannot_be_written_waits_and_letters_do_not(house: House) -> None:
    house.db.away = True
    house.tell()
    with capture_logs() as log:
        assert await house.after(GATHERED) == []
    assert [line["event"] for line in log if line["log_level"] == "warning"] == ["alarms_not_written"]
    house.tell(about="target 8")
    house.db.away = False
    rows = await house.after(1)
    assert [(row.about, {one.state for one in row.letters.values()}) for row in rows] == [("target 7", {"taken"}), ("target 8", set())]
    assert len(await house.after(GATHERED)) == 2  # each is one line still


async def test_many_are_written_a_piece_at_a_time(house: House) -> None:
    for number in range(alarm_book.AT_ONCE + 5):
        house.tell(about=f"target {number}")
    await house.after(GATHERED)
    rows, _ = await house.db.read(page, EVERYBODY, None, 1_000)
    assert len(rows) == alarm_book.AT_ONCE + 5
    assert all(len(row.letters) == 2 for row in rows)


async def test_what_is_due_when_it_wakes_is_written_before_its_letter_leaves(house: House) -> None:
    house.tell(account=None)
    house.clock.advance(GATHERED)
    running = asyncio.create_task(house.alarms.run())
    while not house.kept_before:
        house.clock.advance(house.clock.next_due() or 0)
        await turn()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert house.kept_before == [1]


async def test_it_is_written_while_it_runs_and_at_the_stop(house: House) -> None:
    running = asyncio.create_task(house.alarms.run())
    await turn()
    house.tell()
    while not (await house.db.read(page, EVERYBODY))[0]:
        await turn()
    assert house.clock.next_due() is not None
    house.answer = OSError("gone")
    await house.alarms.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    ((row,), _) = await house.db.read(page, EVERYBODY)
    assert {one.state for one in row.letters.values()} == {"refused"}
    assert row.told_at is not None
    assert row.told_at % SECOND == house.clock.now() % SECOND
