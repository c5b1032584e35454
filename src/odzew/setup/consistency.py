"""What the tables of one document must be to each other: unique, and allowed where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import UNSET

from odzew.errors import Sentence
from odzew.setup.reading import placed
from odzew.setup.tables import AccountTable, Document, ForwardTable, NumberTable, TokenTable, UserTable
from odzew.wire import folding

FORWARDS_OF: Final = {
    "account": ("eco", "nd", "ndi", "pre", "mms", "sms"),
    "number": ("sms", "mms"),
    "keyword": ("sms", "mms"),
}


def target_names(forwards: Iterable[ForwardTable]) -> list[str]:
    """The name of each target of one level and owner: its `name`, or what it is for, then `sms-2`, `sms-3`, ..."""
    counts: dict[str, int] = {}
    names = []
    for forward in forwards:
        kind = kind_of(forward)
        counts[kind] = counts.get(kind, 0) + 1
        names.append(forward.name if forward.name is not UNSET else kind if counts[kind] == 1 else f"{kind}-{counts[kind]}")
    return names


def kind_of(forward: ForwardTable) -> str:
    """What it is for; `sms` where nothing is said."""
    return forward.for_kind if forward.for_kind is not UNSET else "sms"


def faults_between(document: Document) -> list[str]:
    """One sentence for each fault, with its place."""
    return [
        *_twice("name", ((account.name, account.place) for account in document.account)),
        *_twice("login", ((user.login, user.place) for user in _users(document))),
        *_twice("value", ((token.value, token.place) for token in _tokens(document) if token.value is not UNSET), hidden=True),
        *_twice("name", ((token.name, token.place) for token in document.operator_token)),
        *_twice("address", ((number.address, number.place) for number in document.number)),
        *_twice("name", ((source.name, source.place) for source in document.source)),
        *(fault for account in document.account for fault in _account(account)),
        *(fault for number in document.number for fault in _number(number)),
    ]


def _users(document: Document) -> Iterator[UserTable]:
    yield from document.operator
    for account in document.account:
        yield from account.user


def _tokens(document: Document) -> Iterator[TokenTable]:
    yield from document.operator_token
    for account in document.account:
        yield from account.token


def _account(account: AccountTable) -> Iterator[str]:
    yield from _twice("name", ((token.name, token.place) for token in account.token))
    yield from _twice("phone", ((contact.phone, contact.place) for contact in account.contact))
    yield from _twice("phone", ((entry.phone, entry.place) for entry in account.blacklisted))
    yield from _forwards("account", account.forward)


def _number(number: NumberTable) -> Iterator[str]:
    folded = ((" ".join(folding.words(keyword.word)), keyword.place) for keyword in number.keyword)
    yield from _twice("word", folded)
    yield from _forwards("number", number.forward)
    for keyword in number.keyword:
        yield from _forwards("keyword", keyword.forward)


def _forwards(level: str, forwards: tuple[ForwardTable, ...]) -> Iterator[str]:
    named = zip(forwards, target_names(forwards), strict=True)
    yield from _twice("name", ((f"{kind_of(forward)} {name}", forward.place) for forward, name in named))
    for forward in forwards:
        if forward.for_kind is UNSET and level == "account":
            kinds = ", ".join(FORWARDS_OF[level])
            yield placed(f"{forward.place}.for", Sentence("is missing: an account's forward is for one of %(kinds)s", kinds=kinds))
        elif kind_of(forward) not in FORWARDS_OF[level]:
            yield placed(f"{forward.place}.for", _of_another(level, kind_of(forward)))


def _of_another(level: str, kind: str) -> Sentence:
    kinds = " or ".join(FORWARDS_OF[level])
    return Sentence("a forward of a %(level)s is for %(kinds)s, not %(kind)s", level=level, kinds=kinds, kind=kind)


def _twice(key: str, values: Iterable[tuple[str, str]], hidden: bool = False) -> Iterator[str]:
    """A fault for each value that has been before; '' stands for a value that was itself faulty."""
    seen: dict[str, str] = {}
    for value, place in values:
        if value in seen:
            if hidden:
                yield placed(f"{place}.{key}", Sentence("the same value is already at %(place)s", place=seen[value]))
            else:
                yield placed(f"{place}.{key}", Sentence("%(value)r is already at %(place)s", value=value, place=seen[value]))
        elif value:
            seen[value] = place
