"""What is wrong with a set-up, in plain words: of the database, or of what a document would make of it.

Every judge gives findings of its own; none of them stops the others.
"""

from __future__ import annotations

import asyncio
import zoneinfo
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from odzew.errors import TemplateError
from odzew.model import Account, Number, Source, Target
from odzew.setup.reading import ENV
from odzew.store.directory import Directory
from odzew.wire.template import Template

Reach = Callable[[Template, Account], Awaitable[str | None]]
"""Says why a target's host may not or cannot be called (it does not resolve, it is forbidden), or None if it can."""

TryBind = Callable[[Source], Awaitable[str | None]]
"""Says what went wrong when a source's bind was tried, or None if the network took us in."""

AT_ONCE: Final = 8  # hosts looked up, or binds tried, at the same time
SEALED: Final = "sealed:"  # as `access.sealing` writes it
SHORT_TOKENS: Final = ("http", "kannel")
_OWN: Final = ("ndi", "sci", "pri")
_ADVICE_ENV: Final = "set it where `odzew serve` runs"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong (`error`) or probably not meant (`warning`), where, and what to do about it."""

    severity: Literal["error", "warning"]
    place: str
    sentence: str
    advice: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.place}: {self.sentence}; {self.advice}"


async def check(
    directory: Directory,
    environment: Mapping[str, str],
    reach: Reach | None = None,
    try_bind: TryBind | None = None,
    bound: Collection[str] = (),
    can_mail: bool = True,
) -> list[Finding]:
    """Every finding, errors first. `after.after` gives the directory of a document.

    Without `reach` no host is looked up, without `try_bind` no bind is tried. `bound` names sources that a server holds binds of now.
    `can_mail`: the installation has a mail server.
    """
    findings = [
        *_accounts(directory), *_users(directory), *_numbers(directory), *_keywords(directory), *_sources(directory, environment),
        *_targets(directory, environment, can_mail),
    ]  # fmt: skip
    if reach is not None:
        findings += await _hosts(directory, reach)
    if try_bind is not None:
        findings += await _binds(directory, environment, try_bind, bound)
    return sorted(findings, key=lambda finding: finding.severity)


def _accounts(directory: Directory) -> Iterator[Finding]:
    if not directory.accounts:
        yield Finding("warning", "set-up", "there is no account", "every message will be unclaimed until one is applied")
    callers = {user.account_id for user in directory.users.values()} | {token.account_id for token in directory.tokens.values()}
    zones = zoneinfo.available_timezones()  # reads many files: once
    for account in directory.accounts.values():
        place = f"account {account.name}"
        if account.id not in callers:
            yield Finding("warning", place, "has no user and no token, so nobody can pull its messages", "give it a [[account.token]]")
        if account.time_zone not in zones:
            yield Finding("error", place, f"has the time zone {account.time_zone!r}, which is not known here", "give it another one")
        if not account.active:
            yield Finding("warning", place, "is not active, so its calls are answered 1007", "set active = true, or leave it")


def _users(directory: Directory) -> Iterator[Finding]:
    for user in directory.users.values():
        place = f"user {user.login}"
        if not user.roles:
            yield Finding("warning", place, "has no roles, so it can never log in", 'give it roles = ["api"] or ["panel"]')
        elif not {"api", "panel"} & set(user.roles):
            yield Finding("warning", place, "may neither call the API nor log in to the panel", 'give it the role "api" or "panel"')


def _numbers(directory: Directory) -> Iterator[Finding]:
    for number in directory.numbers.values():
        place = f"number {number.address}"
        keywords = directory.keywords.get(number.id, {})
        if number.service == "eco":
            if keywords:
                yield Finding("warning", place, "is a reply number, where no keyword is looked for", "take its keywords away")
            if number.mms and number.account_id is None:
                yield Finding("warning", place, "takes MMS but is nobody's: they will be unclaimed", "give it an account")
        elif number.account_id is None:
            yield from _nobodys(number, bool(keywords), place)
        if number.account_id is not None:
            yield from _owner(directory, number.account_id, place)


def _nobodys(number: Number, has_keywords: bool, place: str) -> Iterator[Finding]:
    if number.service in _OWN:
        severity: Literal["error", "warning"] = "warning" if has_keywords else "error"
        sentence = f"is an own number ({number.service}) without an owner"
        yield Finding(severity, place, sentence, "give it an account, or its messages will be unclaimed")
    elif not has_keywords:
        yield Finding("warning", place, "has no keyword and no account: its messages will be unclaimed", "give it a [[number.keyword]]")


def _keywords(directory: Directory) -> Iterator[Finding]:
    for keyword in directory.keywords_by_id.values():
        number = directory.numbers_by_id.get(keyword.number_id)
        place = f"keyword {number.address if number else '(no number)'}/{keyword.word}"
        if number is None:
            yield Finding("error", place, "stands on a number that is not there", "apply the number")
        yield from _owner(directory, keyword.account_id, place)


def _owner(directory: Directory, account_id: int, place: str) -> Iterator[Finding]:
    account = directory.accounts.get(account_id)
    if account is None:
        yield Finding("error", place, "belongs to an account that is not there", "apply the account, or give it to another")
    elif not account.active:
        yield Finding("warning", place, f"belongs to the account {account.name}, which is not active", "activate it, or give it to another")


def _sources(directory: Directory, environment: Mapping[str, str]) -> Iterator[Finding]:
    if not directory.sources:
        yield Finding("warning", "set-up", "there is no source, so no message can come in", "apply a [[source]]")
    for source in directory.sources.values():
        place = f"source {source.name}"
        if source.protocol in SHORT_TOKENS and source.token_sha256 is None:
            yield Finding("error", place, "has no token, so everything pushed to it is refused", 'give it token = "env:NAME"')
        if source.protocol == "mm7" and not (source.options.get("username") or source.options.get("password")):
            if source.allow_from:
                yield Finding("warning", place, "has no username and password", "give it both, or its address list alone protects it")
            else:
                sentence = "has no username and password and no address list, so everything pushed to it is refused"
                yield Finding("error", place, sentence, 'give it username and password = "env:NAME", or allow_from')
        if not source.active:
            yield Finding("warning", place, "is switched off", "set active = true, or leave it")
        yield from _source_password(source, place, environment)


def _source_password(source: Source, place: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    password = str(source.options.get("password", ""))
    if password.startswith(ENV):
        yield from _reference(password, place, environment)
    elif password and not password.startswith(SEALED):
        yield Finding("warning", place, "has its password written out in the database", 'write password = "env:NAME"')


async def _binds(directory: Directory, environment: Mapping[str, str], try_bind: TryBind, bound: Collection[str]) -> list[Finding]:
    """Tries the bind of each SMPP source that is switched on; a few at a time."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def ask(source: Source) -> list[Finding]:
        async with limit:
            reason = await try_bind(source)
        if reason is None:
            return []
        place, sentence = f"source {source.name}", f"the bind was tried: {reason.rstrip('.')}"
        if source.name in bound:
            advice = "a server holds this source's binds now; the network may allow no more of them"
            return [Finding("warning", place, sentence, advice)]
        return [Finding("error", place, sentence, "correct hosts, system_id, password or TLS, or ask the network")]

    wanted = [source for source in directory.sources.values() if source.protocol == "smpp" and source.active]
    # Of a password that is missing `_sources` has told.
    wanted = [one for one in wanted if not any(_reference(str(one.options.get("password", "")), "", environment))]
    found = await asyncio.gather(*map(ask, wanted))
    return [finding for findings in found for finding in findings]


def _reference(reference: str, place: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    if reference.startswith(ENV) and reference.removeprefix(ENV) not in environment:
        yield Finding("error", place, f"needs the variable {reference.removeprefix(ENV)}, which is not set", _ADVICE_ENV)


def _targets(directory: Directory, environment: Mapping[str, str], can_mail: bool) -> Iterator[Finding]:
    for target in directory.targets.values():
        place = target_place(directory, target)
        if _owner_of_level(directory, target) != target.account_id:
            yield Finding("error", place, "stands where another account is the owner, so it is never called", "apply that level anew")
        if target.way == "email":
            if not can_mail:
                yield Finding("error", place, "is for e-mail, and there is no mail server", "set smtp_host and mail_from")
            continue
        for secret in (target.secret, target.secret_before):
            if secret is not None:
                yield from _reference(secret, place, environment)
        if target.way == "json" and target.secret is None:
            yield Finding("warning", place, "posts events that are not signed", 'give it secret = "env:NAME"')
        try:
            template = Template.parse(target.url)
        except TemplateError as error:
            yield Finding("error", place, f"has a URL that cannot be called: {error}", "correct the URL")
            continue
        if target.secret is not None and not template.query_only:
            yield Finding("error", place, "is signed but has placeholders outside its query", "move them into the query")


def target_place(directory: Directory, target: Target) -> str:
    """A target as it is named to people: `target acme eco`, `target +48799448855/SERWERSMS sms`."""
    label = f"({target.level} {target.level_id} is not there)"
    if target.level == "account" and target.level_id in directory.accounts:
        label = directory.accounts[target.level_id].name
    elif target.level == "number" and target.level_id in directory.numbers_by_id:
        label = directory.numbers_by_id[target.level_id].address
    elif target.level == "keyword" and target.level_id in directory.keywords_by_id:
        keyword = directory.keywords_by_id[target.level_id]
        number = directory.numbers_by_id.get(keyword.number_id)
        label = f"{number.address if number else '(no number)'}/{keyword.word}"
    return f"target {label} {target.name}"


def _owner_of_level(directory: Directory, target: Target) -> int | None:
    if target.level == "account":
        return target.level_id if target.level_id in directory.accounts else None
    if target.level == "number":
        number = directory.numbers_by_id.get(target.level_id)
        return number.account_id if number else None
    keyword = directory.keywords_by_id.get(target.level_id)
    return keyword.account_id if keyword else None


async def _hosts(directory: Directory, reach: Reach) -> list[Finding]:
    """Asks once for each account, host and port of the targets that are switched on; a few at a time."""
    wanted: dict[tuple[int, str, int], list[tuple[Target, Template]]] = {}
    for target in directory.targets.values():
        if target.way == "email":
            continue
        try:
            template = Template.parse(target.url)
        except TemplateError:
            continue  # told by _targets
        if target.active and target.account_id in directory.accounts:
            wanted.setdefault((target.account_id, template.host, template.port), []).append((target, template))
    limit = asyncio.Semaphore(AT_ONCE)

    async def ask(account_id: int, asked: list[tuple[Target, Template]]) -> list[Finding]:
        async with limit:
            reason = await reach(asked[0][1], directory.accounts[account_id])
        if reason is None:
            return []
        advice = "correct the host, or allow it by the account's forward_allow"
        return [Finding("error", target_place(directory, target), f"{t.host} cannot be called: {reason}", advice) for target, t in asked]

    found = await asyncio.gather(*(ask(key[0], asked) for key, asked in wanted.items()))
    return [finding for findings in found for finding in findings]
