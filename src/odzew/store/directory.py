"""The directory: accounts, people, numbers, keywords, sources and targets, all of it in memory, refreshed when it changes.

It is small (what an operator sets up), read on every message and every call, and changed rarely. Contacts and the blacklist
are not in it: an account may have 100,000 of them.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from odzew.errors import NotOurs, OdzewError
from odzew.model import Account, Keyword, Number, Source, Target, Token, User
from odzew.store.changes import counters
from odzew.store.db import Database, Request, Rows


@dataclass(slots=True)
class Directory:
    """One snapshot. `counter` is the value of the change counters `directory` and `targets` that it was read under."""

    counter: tuple[int, int] = (-1, -1)
    accounts: dict[int, Account] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)  # by login
    tokens: dict[bytes, Token] = field(default_factory=dict)  # by SHA-256
    numbers: dict[str, Number] = field(default_factory=dict)  # by address
    numbers_by_id: dict[int, Number] = field(default_factory=dict)
    keywords: dict[int, dict[tuple[str, ...], Keyword]] = field(default_factory=dict)  # by number, then by folded words
    longest_keyword: dict[int, int] = field(default_factory=dict)  # words in the longest keyword, by number
    keywords_by_id: dict[int, Keyword] = field(default_factory=dict)
    withholding: bool = False  # whether a number or a keyword has the option drop_blacklisted
    sources: dict[str, Source] = field(default_factory=dict)  # by name
    sources_by_id: dict[int, Source] = field(default_factory=dict)
    targets: dict[int, Target] = field(default_factory=dict)  # by id, removed ones not among them
    levels: dict[tuple[str, int], tuple[Target, ...]] = field(default_factory=dict)  # (level, level_id) -> its targets
    installation: dict[str, Any] = field(default_factory=dict)

    def account_named(self, name: str) -> Account:
        """NotOurs if there is none."""
        for account in self.accounts.values():
            if account.name == name:
                return account
        raise NotOurs(f"there is no account {name!r}")


class StaleDirectory(OdzewError):
    """The directory in memory is older than the database's: read it again and run the unit again."""


def check_present(directory: Directory) -> Generator[Request, Any, dict[str, int]]:
    """StaleDirectory unless the snapshot is what the database holds in this very transaction. Gives all counters of changes."""
    counts = yield from counters()
    if counter_of(counts) != directory.counter:
        raise StaleDirectory("the directory has changed")
    return counts


def counter_of(counts: dict[str, int]) -> tuple[int, int]:
    """The part of the change counters that a directory depends on."""
    return counts["directory"], counts["targets"]


def load() -> Generator[Request, Any, Directory]:
    """Reads the whole directory, again where it changed between two of the questions."""
    while True:
        directory = Directory(counter_of((yield from counters())))
        yield from _people(directory)
        yield from _numbers(directory)
        yield from _targets(directory)
        for name, value in (yield Rows("SELECT name, value FROM installation")):
            directory.installation[name] = json.loads(value)
        if counter_of((yield from counters())) == directory.counter:
            return directory


def _people(directory: Directory) -> Generator[Request, Any, None]:
    sql = """SELECT id, name, company, time_zone, language, active, allow_from, forward_allow, reply_window_days,
                    alarm_to, per_second FROM accounts"""
    for row in (yield Rows(sql)):
        key, name, company, zone, language, active, allow, forward, window, alarm_to, per_second = row
        directory.accounts[key] = Account(
            key, name, company, zone, language, bool(active), _words(allow), _words(forward), window, _words(alarm_to), per_second
        )
    sql = "SELECT id, account_id, login, password_hash, roles, allow_from, totp_secret, language, name, changed_at FROM users"
    for row in (yield Rows(sql)):
        key, account, login, password, roles, allow, *tail = row
        directory.users[login] = User(key, account, login, password, _words(roles), _words(allow), *tail)
    for row in (yield Rows("SELECT id, account_id, name, sha256, allow_from, roles FROM tokens")):
        key, account, name, digest, allow, roles = row
        directory.tokens[bytes(digest)] = Token(key, account, name, bytes(digest), _words(allow), _words(roles))


def _numbers(directory: Directory) -> Generator[Request, Any, None]:
    for row in (yield Rows("SELECT id, address, service, account_id, mms, drop_blacklisted FROM numbers")):
        key, address, service, account, mms, drop = row
        number = Number(key, address, service, account, bool(mms), bool(drop))
        directory.numbers[address] = directory.numbers_by_id[key] = number
        directory.withholding = directory.withholding or number.drop_blacklisted
    for row in (yield Rows("SELECT id, number_id, account_id, word, words, strip_keyword, drop_blacklisted FROM keywords")):
        key, number_id, account, word, words, strip, drop = row
        keyword = Keyword(key, number_id, account, word, tuple(words.split(" ")), bool(strip), bool(drop))
        directory.withholding = directory.withholding or keyword.drop_blacklisted
        directory.keywords.setdefault(number_id, {})[keyword.words] = keyword
        directory.keywords_by_id[key] = keyword
        directory.longest_keyword[number_id] = max(len(keyword.words), directory.longest_keyword.get(number_id, 0))
    sql = "SELECT id, name, protocol, token_sha256, allow_from, trust_time, active, options FROM sources"
    for key, name, protocol, digest, allow, trust, active, options in (yield Rows(sql)):
        token = None if digest is None else bytes(digest)
        source = Source(key, name, protocol, token, _words(allow), bool(trust), bool(active), json.loads(options))
        directory.sources[name] = directory.sources_by_id[key] = source


def _targets(directory: Directory) -> Generator[Request, Any, None]:
    sql = """SELECT id, account_id, level, level_id, for_kind, name, url, active, body, verify, retry_minutes, retry_basis, secret,
                    concurrency, completions, way, mail_to, only_keywords, only_senders, only_text, secret_before,
                    secret_before_until, client_cert, client_key, ca, per_second
             FROM targets WHERE removed_at IS NULL ORDER BY id"""
    levels: dict[tuple[str, int], list[Target]] = {}
    for row in (yield Rows(sql)):
        key, account, level, level_id, kind, name, url, active, body, verify, minutes, basis, secret, concurrency, completions = row[:15]
        way, mail_to, keywords, senders, text, *tail = row[15:]
        target = Target(
            key, account, level, level_id, kind, name, url, bool(active), body, verify,
            None if minutes is None else tuple(json.loads(minutes)), basis, secret, concurrency, bool(completions),
            way, _words(mail_to), _words(keywords), _words(senders), _words(text), *tail,
        )  # fmt: skip
        directory.targets[key] = target
        levels.setdefault((level, level_id), []).append(target)
    directory.levels = {key: tuple(targets) for key, targets in levels.items()}


def _words(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


class Present:
    """Holds the present directory of one process. Call `refresh` when the counters moved."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.directory = Directory()

    async def refresh(self) -> Directory:
        """Reads it anew and gives it."""
        self.directory = await self._db.read(load)
        return self.directory
