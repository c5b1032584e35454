"""Builders of people and of a directory of them: each names only what a test cares about."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, replace

from odzew.access.passwords import Cost, Verifier, hash_password
from odzew.access.rights import Gate
from odzew.access.throttle import DEFAULT_LIMITS, Limits, Throttle
from odzew.access.tokens import hash_token
from odzew.clock import FixedClock
from odzew.model import Account, Source, Token, User
from odzew.store.directory import Directory

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)  # the least that argon2 takes
TOKEN = "0123456789abcdef0123456789abcdef"
PASSWORD = "Zażółć gęślą jaźń"
HERE = "192.0.2.10"

_ids = itertools.count(1)


def an_account(*, active: bool = True, allow_from: tuple[str, ...] = ()) -> Account:
    number = next(_ids)
    return Account(number, f"account-{number}", active=active, allow_from=allow_from)


def a_user(
    account: Account | None = None,
    *,
    login: str = "webapi",
    password: str = PASSWORD,
    roles: tuple[str, ...] = ("api", "numbers"),
    allow_from: tuple[str, ...] = (),
) -> User:
    return User(next(_ids), _id(account), login, hash_password(password, CHEAP), roles, allow_from)


def a_token(
    account: Account | None = None,
    *,
    value: str = TOKEN,
    roles: tuple[str, ...] = ("api", "numbers"),
    allow_from: tuple[str, ...] = (),
) -> Token:
    return Token(next(_ids), _id(account), "crm", hash_token(value), allow_from, roles)


def a_source(token: str | None = None) -> Source:
    return Source(next(_ids), "push", "http", None if token is None else hash_token(token))


def _id(account: Account | None) -> int | None:
    return None if account is None else account.id


def a_directory(*people: Account | User | Token) -> Directory:
    directory = Directory()
    for person in people:
        match person:
            case Account():
                directory.accounts[person.id] = person
            case User():
                directory.users[person.login] = person
            case Token():
                directory.tokens[person.sha256] = person
    return directory


async def turns() -> None:
    """Lets every task that can go on without time passing do so."""
    loop = asyncio.get_running_loop()
    for _ in range(5):
        passed: asyncio.Future[None] = loop.create_future()
        loop.call_soon(passed.set_result, None)
        await passed


@dataclass
class House:
    """A gate with all that stands behind it. `directory` may be replaced, as a refresh does."""

    clock: FixedClock
    directory: Directory = field(default_factory=Directory)
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        self.verifier = Verifier(self.clock, CHEAP)
        self.throttle = Throttle(self.clock, self.limits)
        self.gate = Gate(lambda: self.directory, self.verifier, self.throttle)

    def holds(self, *people: Account | User | Token) -> None:
        self.directory = a_directory(*people)

    def changes(self, user: User, **to: object) -> User:
        """The same user after an edit, in a fresh directory."""
        changed: User = replace(user, **to)  # type: ignore[arg-type]  # the edits are given by name
        self.directory = replace(self.directory, users={**self.directory.users, user.login: changed})
        return changed
