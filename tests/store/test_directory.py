"""The directory: what an operator set up, in memory, and known to be old when it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any

import pytest

from odzew.clock import FixedClock
from odzew.errors import NotOurs
from odzew.model import Account, Keyword, Number, Source, Target, Token, User
from odzew.store import numbers, people, targets
from odzew.store.changes import bump, counters
from odzew.store.db import Database, Request, statement
from odzew.store.directory import Directory, Present, StaleDirectory, check_present, counter_of, load
from odzew.store.installation import save_installation

ACCOUNT = Account(1, "acme", "Acme sp. z o.o.", "Europe/London", "pl", False, ("192.0.2.0/24",), ("10.0.0.0/8:80",), 1.5)
USER = User(1, 1, "webapi", "$argon2id$", ("api", "numbers"), ("2001:db8::/32",))
OPERATOR = User(2, None, "root", "$argon2id$2", ("operator",))
TOKEN = Token(1, 1, "crm", b"\x00" * 31 + b"\xff", ("192.0.2.1",), ("api",))
NUMBER = Number(1, "+48664000001", "nd", None, True)
KEYWORDS = (Keyword(1, 1, 1, "Do kina", ("do", "kina"), True), Keyword(2, 1, 1, "Łódź", ("lodz",)))
SOURCE = Source(1, "push", "http", b"\x01" * 32, ("192.0.2.2",), True, False, {"a": [1, "ł"]})
TARGETS = (
    Target(1, 1, "keyword", 1, "sms", "one", "https://a.example/", False, "json", "OK", (0.5, 60.0), "previous", "env:SECRET", 3, False),
    Target(2, 1, "account", 1, "eco", "two", "https://b.example/"),
    Target(3, 1, "account", 1, "sms", "three", "https://c.example/"),
)


def everything() -> Generator[Request, Any, None]:
    yield from people.save_accounts([ACCOUNT])
    yield from people.save_users([USER, OPERATOR])
    yield from people.save_tokens([TOKEN])
    yield from numbers.save_numbers([NUMBER])
    yield from numbers.save_keywords(KEYWORDS)
    yield from numbers.save_sources([SOURCE])
    yield from targets.save_targets(TARGETS)
    yield from save_installation({"retry": [5, 10], "note": "ł"})
    yield from bump("directory", "targets")


async def test_what_was_set_up_is_read_back(db: Database) -> None:
    await db.write(everything)
    found: Directory = await db.read(load)
    assert found.counter == (1, 1)
    assert found.accounts == {1: ACCOUNT}
    assert found.users == {"webapi": USER, "root": OPERATOR}
    assert found.tokens == {TOKEN.sha256: TOKEN}
    assert found.numbers == {NUMBER.address: NUMBER}
    assert found.numbers_by_id == {1: NUMBER}
    assert found.keywords == {1: {keyword.words: keyword for keyword in KEYWORDS}}
    assert found.keywords_by_id == {keyword.id: keyword for keyword in KEYWORDS}
    assert found.longest_keyword == {1: 2}
    assert found.sources == {"push": SOURCE}
    assert found.sources_by_id == {1: SOURCE}
    assert found.targets == {target.id: target for target in TARGETS}
    assert found.levels == {("keyword", 1): TARGETS[:1], ("account", 1): TARGETS[1:]}
    assert found.installation == {"retry": [5, 10], "note": "ł"}


async def test_an_empty_database_has_an_empty_directory(db: Database) -> None:
    assert await db.read(load) == Directory(counter=(0, 0))


async def test_a_removed_target_is_not_among_them(db: Database) -> None:
    await db.write(everything)
    await db.write(targets.remove_targets, [1, 2])
    found: Directory = await db.read(load)
    assert list(found.targets) == [3]
    assert list(found.levels) == [("account", 1)]


async def test_an_account_is_found_by_name(db: Database) -> None:
    await db.write(everything)
    found: Directory = await db.read(load)
    assert found.account_named("acme") == ACCOUNT
    with pytest.raises(NotOurs, match="nobody"):
        found.account_named("nobody")


# which counter moved, whether the directory is old then
COUNTERS = (("directory", True), ("targets", True), ("due", False), ("messages", False))


@pytest.mark.parametrize(("name", "old"), COUNTERS)
async def test_a_directory_is_known_to_be_old_in_the_very_transaction(
    db: Database, open_again: Callable[[], Database], name: Any, old: bool
) -> None:
    present = Present(db)
    directory = await present.refresh()
    await db.write(check_present, directory)
    await open_again().write(bump, name)
    if old:
        with pytest.raises(StaleDirectory):
            await db.write(check_present, directory)
        await db.write(check_present, await present.refresh())
    else:
        await db.write(check_present, directory)


async def test_one_that_was_never_read_is_old(db: Database) -> None:
    with pytest.raises(StaleDirectory):
        await db.write(check_present, Present(db).directory)


def test_the_counters_it_depends_on() -> None:
    assert counter_of({"due": 1, "directory": 2, "targets": 3, "messages": 4}) == (2, 3)


async def test_one_that_changes_while_it_is_read_is_read_again(db: Database, open_again: Callable[[], Database]) -> None:
    """Between two of the reader's questions another process adds an account, and a number that is that account's."""
    other = open_again()
    asked, changed = asyncio.Event(), asyncio.Event()

    def add() -> Generator[Request, Any, None]:
        yield from people.save_accounts([ACCOUNT])
        yield from numbers.save_numbers([replace(NUMBER, account_id=1)])
        yield from bump("directory")

    def slow_load() -> Generator[Request, Any, Directory]:
        reading = load()
        answer = None
        questions = 0
        try:
            while True:
                answer = yield reading.send(answer)
                questions += 1
                if questions == 2 and db.shared:  # accounts were read; on SQLite a reader sees one moment
                    asked.set()
                    while not changed.is_set():
                        yield from counters()
        except StopIteration as end:
            found: Directory = end.value
            return found

    reading = asyncio.ensure_future(db.read(slow_load))
    if db.shared:
        await asked.wait()
    await other.write(add)
    changed.set()
    found = await reading
    assert all(number.account_id in found.accounts for number in found.numbers.values())
    assert found.counter == ((1, 0) if db.shared else found.counter)


async def test_present_keeps_what_it_read(db: Database, clock: FixedClock) -> None:
    present = Present(db)
    await db.write(everything)
    read = await present.refresh()
    assert present.directory is read
    await db.write(statement, "UPDATE accounts SET name = 'other'")
    assert present.directory.accounts[1].name == "acme"
