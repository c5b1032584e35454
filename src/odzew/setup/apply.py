"""Applies a document: one transaction for the set-up itself, then the long lists in batches.

It works beside a running server on the same SQLite file: the server hears of it by the bumped counters. Passwords are hashed before the
transaction, because that is slow.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from odzew.model import Target
from odzew.setup.compare import compare, token_name
from odzew.setup.lists import bring_lists
from odzew.setup.plan import Change, Plan
from odzew.setup.prune import Surplus, prune, surplus
from odzew.setup.tables import Document
from odzew.store.changes import bump
from odzew.store.db import Database, Lock, Request
from odzew.store.directory import Directory, load
from odzew.store.installation import save_installation
from odzew.store.numbers import save_keywords, save_numbers, save_sources
from odzew.store.people import save_accounts, save_tokens, save_users
from odzew.store.targets import remove_targets, save_targets


@dataclass(frozen=True, slots=True)
class Made:
    """A token that was made here. Its clear text is known only now: print it once."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed (with `dry_run`: what would be), and the tokens that were made. No changes: nothing was written."""

    changes: list[Change]
    made: list[Made]


async def apply(
    document: Document,
    db: Database,
    *,
    hash_password: Callable[[str], str],
    make_token: Callable[[], str],
    reset_passwords: bool = False,
    dry_run: bool = False,
    prune_rest: bool = False,
) -> Applied:
    """Makes the database hold what the document names. SetupError where the two do not go together; nothing is then written.

    `make_token` gives 32 lower-case hex. A password is set at creation, and with `reset_passwords` always.
    `prune_rest`: what the document does not name is taken away too (`setup.prune`).
    """
    directory: Directory = await db.read(load)
    plan = compare(document, directory, reset_passwords)
    gone = surplus(document, directory) if prune_rest else Surplus()
    made: list[Made] = []
    if not dry_run:
        hashes = await asyncio.to_thread(lambda: {login: hash_password(password) for login, password in plan.passwords.items()})
        names = {token_name(*key) for key in _token_keys(document)}
        values = {name: make_token() for name in names}
        plan, made, gone = await db.write(_write_all, document, reset_passwords, hashes, values, hash_password, prune_rest)
    changes = plan.changes + gone.changes
    for account in document.account:
        key = plan.account_ids[account.name]
        changes += await bring_lists(db, account, key if key > 0 else None, dry_run)
    return Applied(changes, made)


def _token_keys(document: Document) -> list[tuple[str | None, str]]:
    keys: list[tuple[str | None, str]] = [(None, token.name) for token in document.operator_token]
    return keys + [(account.name, token.name) for account in document.account for token in account.token]


def _write_all(
    document: Document,
    reset: bool,
    hashes: Mapping[str, str],
    values: Mapping[str, str],
    hash_password: Callable[[str], str],
    prune_rest: bool,
) -> Generator[Request, Any, tuple[Plan, list[Made], Surplus]]:
    yield Lock(["setup"])
    gone = surplus(document, (yield from load())) if prune_rest else Surplus()
    if gone.changes:
        yield from prune(gone)
    plan, made = yield from write(document, reset, hashes, values, hash_password)
    return plan, made, gone


def write(
    document: Document, reset: bool, hashes: Mapping[str, str], values: Mapping[str, str], hash_password: Callable[[str], str]
) -> Generator[Request, Any, tuple[Plan, list[Made]]]:
    """The unit of work. It compares again, for somebody may have written since; the plan that it gives has the ids of the store."""
    yield Lock(["setup"])
    plan = compare(document, (yield from load()), reset)
    accounts = yield from _accounts(plan)
    made: list[Made] = []
    yield from _users(plan, accounts, hashes, hash_password)
    yield from _tokens(plan, accounts, values, made)
    owners = yield from _numbers(plan, accounts)
    if plan.sources:
        yield from save_sources(plan.sources)
    if plan.installation:
        yield from save_installation(plan.installation)
    if plan.removed_targets:
        yield from remove_targets([target.id for target in plan.removed_targets])
    if plan.targets:
        yield from save_targets([_placed(target, accounts, owners) for target in plan.targets])
    if plan.directory_moves:
        yield from bump("directory")
    if plan.targets_move:
        yield from bump("targets")
    plan.account_ids = {name: accounts.get(key, key) for name, key in plan.account_ids.items()}
    return plan, made


_Ids = dict[int, int]
"""Ids of the store by the ids of the plan, where they differ."""


def _accounts(plan: Plan) -> Generator[Request, Any, _Ids]:
    if not plan.accounts:
        return {}
    ids = yield from save_accounts(plan.accounts)
    return {account.id: ids[account.name] for account in plan.accounts}


def _users(plan: Plan, accounts: _Ids, hashes: Mapping[str, str], hash_password: Callable[[str], str]) -> Generator[Request, Any, None]:
    if not plan.users:
        return
    users = []
    for user in plan.users:
        if user.login in plan.passwords:
            # Hashed here only if the user was taken away after the first comparison.
            user = replace(user, password_hash=hashes.get(user.login) or hash_password(plan.passwords[user.login]))
        users.append(replace(user, account_id=_owner(user.account_id, accounts)))
    yield from save_users(users)


def _tokens(plan: Plan, accounts: _Ids, values: Mapping[str, str], made: list[Made]) -> Generator[Request, Any, None]:
    if not plan.tokens:
        return
    tokens = []
    for token in plan.tokens:
        if token.id in plan.unmade:
            name = token_name(plan.account_names.get(token.account_id or 0), token.name)
            made.append(Made(name, values[name]))
            token = replace(token, sha256=hashlib.sha256(values[name].encode()).digest())
        tokens.append(replace(token, account_id=_owner(token.account_id, accounts)))
    yield from save_tokens(tokens)


def _numbers(plan: Plan, accounts: _Ids) -> Generator[Request, Any, dict[str, _Ids]]:
    """Saves numbers and keywords; gives the ids of the store of each level."""
    numbers: _Ids = {}
    keywords: _Ids = {}
    if plan.numbers:
        by_address = yield from save_numbers([replace(n, account_id=_owner(n.account_id, accounts)) for n in plan.numbers])
        numbers = {number.id: by_address[number.address] for number in plan.numbers}
    if plan.keywords:
        placed = [
            replace(k, number_id=numbers.get(k.number_id, k.number_id), account_id=accounts.get(k.account_id, k.account_id))
            for k in plan.keywords
        ]
        by_words = yield from save_keywords(placed)
        keywords = {before.id: by_words[k.number_id, k.words] for before, k in zip(plan.keywords, placed, strict=True)}
    return {"account": accounts, "number": numbers, "keyword": keywords}


def _placed(target: Target, accounts: _Ids, owners: Mapping[str, _Ids]) -> Target:
    level_id = owners[target.level].get(target.level_id, target.level_id)
    return replace(target, account_id=accounts.get(target.account_id, target.account_id), level_id=level_id)


def _owner(account_id: int | None, accounts: _Ids) -> int | None:
    return None if account_id is None else accounts.get(account_id, account_id)
