"""A document against what is there: what would be created and updated. Pure; nothing is written.

What the document does not name stays. Of a thing that it names, a key left out stays too.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Final

from msgspec import UNSET

from odzew.errors import Sentence, SetupError
from odzew.model import Account, Token, User
from odzew.setup.compare_numbers import compare_numbers
from odzew.setup.compare_sources import compare_sources
from odzew.setup.compare_targets import compare_targets
from odzew.setup.plan import HIDDEN, Level, Plan, difference, given, shown, shown_of
from odzew.setup.reading import placed
from odzew.setup.tables import AccountTable, Document, TokenTable, UserTable
from odzew.store.directory import Directory

_ACCOUNT: Final = (
    "company", "time_zone", "language", "active", "allow_from", "forward_allow", "alarm_to", "reply_window_days", "per_second",
)  # fmt: skip
_RIGHTS: Final = ("roles", "allow_from")
OPERATOR_ROLES: Final = ("panel", "owner", "numbers")


def compare(document: Document, directory: Directory, reset_passwords: bool = False) -> Plan:
    """What is to be written so that `directory` holds what `document` names.

    SetupError for what only the two together show: an account that does not exist, a log-in of somebody else, a new user
    without a password.
    """
    plan = Plan(account_ids={account.name: account.id for account in directory.accounts.values()}, lowest=_lowest_id(directory))
    faults: list[str] = []
    for account in document.account:
        _compare_account(plan, directory, account)
    plan.account_names = {key: name for name, key in plan.account_ids.items()}
    present_tokens = {(token.account_id, token.name): token for token in directory.tokens.values()}
    people = [(None, document.operator, document.operator_token), *((a.name, a.user, a.token) for a in document.account)]
    for name, users, tokens in people:
        for user in users:
            faults += _compare_user(plan, directory, user, name, reset_passwords)
        for token in tokens:
            owner = None if name is None else plan.account_ids[name]
            faults += _compare_token(plan, directory, token, present_tokens.get((owner, token.name)), owner)
    levels, number_faults = compare_numbers(plan, directory, document)
    faults += compare_sources(plan, directory, document)
    accounts = [Level("account", key := plan.account_ids[a.name], key, a.name, a.forward) for a in document.account]
    faults += number_faults + compare_targets(plan, directory, [*accounts, *levels])
    _compare_installation(plan, directory, document)
    if faults:
        raise SetupError(faults)
    return plan


def _lowest_id(directory: Directory) -> int:
    """0, or below it where the directory is itself one that a plan was laid over."""
    things = (directory.users, directory.tokens, directory.sources)
    ids = (*directory.accounts, *directory.numbers_by_id, *directory.keywords_by_id, *directory.targets)
    return min((0, *ids, *(thing.id for values in things for thing in values.values())))


def _compare_account(plan: Plan, directory: Directory, table: AccountTable) -> None:
    key = plan.account_ids.get(table.name)
    before = None if key is None else directory.accounts[key]
    after = replace(before or Account(plan.new_id(), table.name), **given(table, _ACCOUNT))
    after = replace(after, per_second=after.per_second or None)
    plan.account_ids[table.name] = after.id
    if after != before:
        plan.accounts.append(after)
        plan.changes.append(difference("account", after.name, shown_of(before, _ACCOUNT) if before else None, shown_of(after, _ACCOUNT)))


def _compare_user(plan: Plan, directory: Directory, table: UserTable, account: str | None, reset: bool) -> list[str]:
    owner = None if account is None else plan.account_ids[account]
    before = directory.users.get(table.login)
    if before is not None and before.account_id != owner:
        sentence = Sentence("%(login)r belongs to another account; log-ins are unique in the installation", login=table.login)
        return [placed(f"{table.place}.login", sentence)]
    password = table.password
    if before is None and password is UNSET:
        return [placed(f"{table.place}.password", Sentence("is missing: a new user needs one"))]
    new = User(plan.new_id(), owner, table.login, "", OPERATOR_ROLES if owner is None else ())
    after = replace(before or new, **given(table, _RIGHTS))
    told_before, told = shown_of(before, _RIGHTS) if before else None, shown_of(after, _RIGHTS)
    if password is not UNSET and (before is None or reset):
        plan.passwords[table.login] = password
        told["password"] = HIDDEN
    if before is None or told != told_before:
        plan.users.append(after)
        plan.changes.append(difference("user", table.login, told_before, told))
    return []


def _compare_token(plan: Plan, directory: Directory, table: TokenTable, before: Token | None, owner: int | None) -> list[str]:
    after = replace(before or Token(plan.new_id(), owner, table.name, b""), **given(table, _RIGHTS))
    if table.value is not UNSET:
        after = replace(after, sha256=hashlib.sha256(table.value.encode()).digest())
        other = directory.tokens.get(after.sha256)
        if other is not None and (before is None or other.id != before.id):
            return [placed(f"{table.place}.value", Sentence("another token has this value"))]
    elif before is None:
        plan.unmade.add(after.id)
    if after != before:
        told_before, told = shown_of(before, _RIGHTS) if before else None, shown_of(after, _RIGHTS)
        if before is not None and before.sha256 != after.sha256:
            told["value"] = HIDDEN
        plan.tokens.append(after)
        plan.changes.append(difference("token", token_name(plan.account_names.get(owner or 0), table.name), told_before, told))
    return []


def token_name(account: str | None, name: str) -> str:
    """A token as it is named to people: `acme/crm`; an operator's: `operator/name`."""
    return f"{account or 'operator'}/{name}"


def _compare_installation(plan: Plan, directory: Directory, document: Document) -> None:
    if document.network is UNSET or document.network.trusted_proxies is UNSET:
        return
    before = directory.installation.get("trusted_proxies")
    after = list(document.network.trusted_proxies)
    if after != (before or []):
        plan.installation["trusted_proxies"] = after
        told = {"trusted_proxies": shown(before)}
        plan.changes.append(difference("network", "settings", told, {"trusted_proxies": shown(after)}))
