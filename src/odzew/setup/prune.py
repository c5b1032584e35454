"""What is there and a document does not name: what `odzew apply --prune` takes away.

Never messages, contacts or blacklists. An account or a source that is not named is switched off and stays, for what came for it or by it
names it. Operators' log-ins are taken away only where the document names an operator: else nobody could log in any more.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from odzew.model import Account, Keyword, Number, Source, Target, Token, User
from odzew.setup.compare import token_name
from odzew.setup.consistency import target_names
from odzew.setup.plan import Change
from odzew.setup.tables import Document, ForwardTable
from odzew.store import recovery_codes
from odzew.store.changes import bump
from odzew.store.db import Request, Rows
from odzew.store.directory import Directory
from odzew.store.numbers import remove_keyword, save_sources
from odzew.store.panel_sessions import end_of_user
from odzew.store.people import remove_token, save_accounts
from odzew.store.targets import remove_targets
from odzew.wire import folding


@dataclass(slots=True)
class Surplus:
    """What the document does not name. Accounts and sources are those that are still on."""

    targets: list[Target] = field(default_factory=list)
    keywords: list[Keyword] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def directory_moves(self) -> bool:
        """Whether anything but targets goes."""
        return any((self.keywords, self.numbers, self.tokens, self.users, self.accounts, self.sources))


def surplus(document: Document, directory: Directory) -> Surplus:
    """What of `directory` is not in `document`. Pure."""
    found = Surplus()
    _targets(found, document, directory)
    _numbers(found, document, directory)
    _people(found, document, directory)
    names = {account.name for account in document.account}
    found.accounts = [one for one in directory.accounts.values() if one.active and one.name not in names]
    sources = {source.name for source in document.source}
    found.sources = [one for one in directory.sources.values() if one.active and one.name not in sources]
    found.changes = list(_changes(found, directory))
    return found


def prune(found: Surplus) -> Generator[Request, Any, None]:
    """Takes it away: a part of the transaction that applies the document."""
    yield from remove_targets([target.id for target in found.targets])
    for keyword in found.keywords:
        yield from remove_keyword(keyword.id, keyword.account_id)
    for number in found.numbers:
        yield Rows("DELETE FROM numbers WHERE id = ?", (number.id,))
    for token in found.tokens:
        yield from remove_token(token.account_id, token.name)
    for user in found.users:
        yield from end_of_user(user.id)
        yield from recovery_codes.forget(user.id)
        yield Rows("DELETE FROM users WHERE id = ?", (user.id,))
    if found.accounts:
        yield from save_accounts([replace(account, active=False) for account in found.accounts])
    if found.sources:
        yield from save_sources([replace(source, active=False) for source in found.sources])
    if found.directory_moves:
        yield from bump("directory")
    if found.targets:
        yield from bump("targets")


def _targets(found: Surplus, document: Document, directory: Directory) -> None:
    named = {key: frozenset(target_names(forwards)) for key, forwards in _levels(document)}
    for target in directory.targets.values():
        if target.name not in named.get(_level_of(target, directory), frozenset()):
            found.targets.append(target)


def _levels(document: Document) -> Iterator[tuple[tuple[str, ...], tuple[ForwardTable, ...]]]:
    for account in document.account:
        yield ("account", account.name), account.forward
    for number in document.number:
        yield ("number", number.address), number.forward
        for keyword in number.keyword:
            yield ("keyword", number.address, *folding.words(keyword.word)), keyword.forward


def _level_of(target: Target, directory: Directory) -> tuple[str, ...]:
    if target.level == "account":
        account = directory.accounts.get(target.level_id)
        return ("account", account.name) if account else ()
    if target.level == "number":
        number = directory.numbers_by_id.get(target.level_id)
        return ("number", number.address) if number else ()
    keyword = directory.keywords_by_id.get(target.level_id)
    number = directory.numbers_by_id.get(keyword.number_id) if keyword else None
    return ("keyword", number.address, *keyword.words) if keyword and number else ()


def _numbers(found: Surplus, document: Document, directory: Directory) -> None:
    words = {number.address: {folding.words(keyword.word) for keyword in number.keyword} for number in document.number}
    found.numbers = [number for number in directory.numbers.values() if number.address not in words]
    for keyword in directory.keywords_by_id.values():
        number = directory.numbers_by_id.get(keyword.number_id)
        if number is None or keyword.words not in words.get(number.address, ()):
            found.keywords.append(keyword)


def _people(found: Surplus, document: Document, directory: Directory) -> None:
    ids: dict[str, int] = {account.name: account.id for account in directory.accounts.values()}
    tokens: set[tuple[int | None, str]] = {(None, token.name) for token in document.operator_token}
    logins = {user.login for user in document.operator}
    for account in document.account:
        logins |= {user.login for user in account.user}
        tokens |= {(ids.get(account.name), token.name) for token in account.token}
    found.tokens = [token for token in directory.tokens.values() if (token.account_id, token.name) not in tokens]
    found.users = [
        user for user in directory.users.values() if user.login not in logins and (user.account_id is not None or document.operator)
    ]


def _changes(found: Surplus, directory: Directory) -> Iterator[Change]:
    accounts = {key: account.name for key, account in directory.accounts.items()}
    for target in found.targets:
        yield Change("target", f"{' '.join(_level_of(target, directory)[1:])}/{target.name}", "remove")
    for keyword in found.keywords:
        number = directory.numbers_by_id.get(keyword.number_id)
        yield Change("keyword", f"{number.address if number else ''}/{keyword.word}", "remove")
    for gone in found.numbers:
        yield Change("number", gone.address, "remove")
    for token in found.tokens:
        yield Change("token", token_name(accounts.get(token.account_id or 0), token.name), "remove")
    for user in found.users:
        yield Change("user", user.login, "remove")
    for account in found.accounts:
        yield Change("account", account.name, "update", (("active", "yes", "no"),))
    for source in found.sources:
        yield Change("source", source.name, "update", (("active", "yes", "no"),))
